import { tokenOverlap } from "./stitch-tokens.ts";
import type { StitchedWindow, StitchOptions } from "./stitch-windows.ts";

/** A piece of text in time. */
export interface TimedText {
  readonly startSeconds: number;
  readonly endSeconds: number;
  /** Tokens of text. */
  readonly tokens: readonly number[];
  /** Of the window that it begins in. */
  readonly windowFrame: number;
}

/** `settled`: tokens before `tokens` over which no window can lie any more. */
interface Piece extends TimedText {
  readonly settled: readonly number[];
}

/** Of two texts at least so much of what lies over each other is equal, or they are told apart by their times. */
const leastEqualShare = 0.5;

/**
 * Segments of a recording from its overlapping windows, which come in order. The texts of two windows that reach into what
 * both hold are laid over each other by their tokens; a segment that the seam runs through begins as the first window says
 * and ends as the second says. Where the tokens do not fit, a segment is the window's that holds its middle further inside.
 */
export class SegmentStitcher {
  readonly #options: StitchOptions;
  /** Of the window before: what reaches into the next one. */
  #pending: readonly Piece[] = [];
  #endSeconds = 0;

  constructor(options: StitchOptions) {
    this.#options = options;
  }

  /** Segments that no later window holds. */
  push(window: StitchedWindow): TimedText[] {
    const { frameSeconds } = this.#options;
    const own = windowPieces(window, this.#options);
    const shared = own.filter(({ startSeconds }) => startSeconds < this.#endSeconds);
    const seamSeconds = (window.startFrame * frameSeconds + this.#endSeconds) / 2;
    const pieces = [...laidOver(this.#pending, shared, seamSeconds), ...own.slice(shared.length)];
    this.#endSeconds = (window.startFrame + window.frames) * frameSeconds;
    const next = window.nextFrame === undefined ? Number.POSITIVE_INFINITY : window.nextFrame * frameSeconds;
    const reaching = pieces.findIndex(({ endSeconds }) => endSeconds > next);
    const done = reaching < 0 ? pieces.length : reaching;
    this.#pending = pieces.slice(done);
    return pieces.slice(0, done).map(whole);
  }

  /** What is left, where the recording ends or nothing is said in the next window. */
  end(): TimedText[] {
    const left = this.#pending.map(whole);
    this.#pending = [];
    return left;
  }
}

/** Texts between timestamps; to the window's begin and end where there are none. */
function windowPieces(window: StitchedWindow, { eot, timestampBegin, frameSeconds }: StitchOptions): Piece[] {
  const { startFrame, frames, tokens } = window;
  const at = (frame: number) => Number(((startFrame + frame) * frameSeconds).toFixed(2));
  const pieces: Piece[] = [];
  let startSeconds = at(0);
  let current: number[] = [];
  const close = (endSeconds: number) => {
    if (current.length > 0 && endSeconds > startSeconds)
      pieces.push({ startSeconds, endSeconds, tokens: current, settled: [], windowFrame: startFrame });
    [startSeconds, current] = [endSeconds, []];
  };
  for (const token of tokens) {
    if (token >= timestampBegin) close(at(2 * (token - timestampBegin)));
    else if (token < eot) current.push(token);
  }
  close(at(frames));
  return pieces;
}

function laidOver(left: readonly Piece[], right: readonly Piece[], seamSeconds: number): Piece[] {
  if (left.length === 0 || right.length === 0) return [...left, ...right];
  const textOf = (pieces: readonly Piece[]) => pieces.flatMap(({ tokens }) => tokens);
  const { leftMiddle, rightMiddle, equalShare } = tokenOverlap(textOf(left), textOf(right));
  if (equalShare < leastEqualShare) {
    const isBefore = ({ startSeconds, endSeconds }: Piece) => (startSeconds + endSeconds) / 2 < seamSeconds;
    return [...left.filter(isBefore), ...right.filter((piece) => !isBefore(piece))];
  }
  const { before, head } = splitAt(left, leftMiddle);
  const { tail, behind } = splitAt(right, rightMiddle);
  if (head !== undefined && tail !== undefined) {
    const settled = [...head.settled, ...head.tokens];
    return [...before, { ...head, settled, tokens: tail.tokens, endSeconds: tail.endSeconds }, ...behind];
  }
  // One of them ends a segment at the seam: the other's, cut there, does not reach over it.
  const endSeconds = Math.min(head?.endSeconds ?? 0, behind[0]?.startSeconds ?? Number.POSITIVE_INFINITY);
  const startSeconds = Math.max(tail?.startSeconds ?? 0, before.at(-1)?.endSeconds ?? 0);
  return [
    ...before,
    ...(head === undefined ? [] : [{ ...head, endSeconds: Math.max(head.startSeconds, endSeconds) }]),
    ...(tail === undefined ? [] : [{ ...tail, startSeconds: Math.min(tail.endSeconds, startSeconds) }]),
    ...behind,
  ];
}

/** Pieces before and behind a token; `head` and `tail` of the one that it lies in. */
function splitAt(pieces: readonly Piece[], count: number) {
  const [before, behind]: [Piece[], Piece[]] = [[], []];
  let [head, tail]: [Piece | undefined, Piece | undefined] = [undefined, undefined];
  let left = count;
  for (const piece of pieces) {
    const { tokens } = piece;
    if (left >= tokens.length) before.push(piece);
    else if (left <= 0) behind.push(piece);
    else {
      head = { ...piece, tokens: tokens.slice(0, left) };
      tail = { ...piece, settled: [], tokens: tokens.slice(left) };
    }
    left -= tokens.length;
  }
  return { before, head, tail, behind };
}

function whole({ settled, tokens, ...text }: Piece): TimedText {
  return { ...text, tokens: [...settled, ...tokens] };
}
