import type { TraceProblem, TraceWord } from "./read-packets.ts";

/**
 * A frame of a trace unit. `events`: the slots (bit i is slot i) whose events were active in one cycle, `cycles` idle ones after
 * the cycle of the frame before. `repeat`: the frame before, so many times more. `start`: the unit's timer. `sync`: much time
 * without events. `pc`: slots, and the program counter of their cycle, in mode event-PC, which has no time.
 */
export type TraceFrame =
  | { readonly kind: "start"; readonly timer: number; readonly mode: TraceMode }
  | { readonly kind: "events"; readonly slots: number; readonly cycles: number }
  | { readonly kind: "repeat"; readonly times: number }
  | { readonly kind: "sync" }
  | { readonly kind: "pc"; readonly slots: number; readonly pc: number };

type TraceMode = "event-time" | "event-PC";

interface DecodedFrames {
  readonly frames: readonly TraceFrame[];
  readonly problems: readonly TraceProblem[];
}

/** What a DMA puts where a unit gave no word. */
const noWord = 0xa5a5_a5a5;

/**
 * Frames in the words of one unit. The first byte of a word is its highest, and says the kind and so the length of a frame.
 * None crosses a word but a start, which takes two: behind a damaged byte reading goes on at the next word.
 * Source: AM020 1.3, Trace, for alignment; mlir-aie, python/utils/trace, for the codes of frames.
 */
export function decodeFrames(words: readonly TraceWord[], mode: TraceMode): DecodedFrames {
  const frames: TraceFrame[] = [];
  const problems: TraceProblem[] = [];
  const sent = words.filter(({ value }) => value !== noWord);
  let now = mode;
  for (let i = 0; i < sent.length; i++) {
    const { value, offset } = sent[i]!;
    for (let byte = 0; byte < 4; ) {
      const code = byteOf(value, byte);
      if (isStart(code)) {
        const low = sent[i + 1];
        if (byte !== 0 || low === undefined) {
          problems.push({ offset, message: byte === 0 ? startCutOff : `a start begins at byte ${byte}; ${lostTime}` });
          break;
        }
        now = (code & 1) === 0 ? "event-time" : "event-PC";
        frames.push({ kind: "start", timer: (value & 0xff_ffff) * 2 ** 32 + low.value, mode: now });
        i++;
        break;
      }
      const form = now === "event-PC" && code >> 2 === 0b110001 ? pcForm : formOf(code);
      if (form === undefined) {
        problems.push({ offset, message: `byte ${byte} of the word, ${hexByte(code)}, begins no frame; ${lostTime}` });
        break;
      }
      if (byte + form.bytes > 4) {
        problems.push({
          offset,
          message: `a frame of ${form.bytes} bytes (${hexByte(code)}) begins at byte ${byte}, and frames do not cross words; ${lostTime}`,
        });
        break;
      }
      const bits = (value << (8 * byte)) >>> (8 * (4 - form.bytes));
      const frame = form.frame(bits);
      if (frame !== undefined) frames.push(frame);
      byte += form.bytes;
    }
  }
  return { frames, problems };
}

const lostTime = "the rest of the word is left out, and times behind it are too early until the next start";
const startCutOff = "a start of 8 bytes is cut off behind the first 4";

interface FrameForm {
  readonly bytes: number;
  /** `bits`: the frame, its code included, right-aligned. Undefined for what only fills. */
  readonly frame: (bits: number) => TraceFrame | undefined;
}

const single =
  (cycleBits: number) =>
  (bits: number): TraceFrame => ({
    ...{ kind: "events", slots: 1 << ((bits >>> cycleBits) & 7) },
    cycles: bits & (2 ** cycleBits - 1),
  });
const multiple =
  (cycleBits: number) =>
  (bits: number): TraceFrame => ({
    ...{ kind: "events", slots: (bits >>> cycleBits) & 0xff },
    cycles: bits & (2 ** cycleBits - 1),
  });
const repeat =
  (countBits: number) =>
  (bits: number): TraceFrame => ({ kind: "repeat", times: bits & (2 ** countBits - 1) });
const filler = (): undefined => undefined;

/** By the leading bits of a frame's first byte; the first that fits. */
const forms: readonly (FrameForm & { readonly code: number; readonly codeBits: number })[] = [
  { code: 0b0, codeBits: 1, bytes: 1, frame: single(4) },
  { code: 0b100, codeBits: 3, bytes: 2, frame: single(10) },
  { code: 0b101, codeBits: 3, bytes: 3, frame: single(18) },
  { code: 0b1100, codeBits: 4, bytes: 2, frame: multiple(4) },
  { code: 0b110100, codeBits: 6, bytes: 3, frame: multiple(10) },
  { code: 0b110101, codeBits: 6, bytes: 4, frame: multiple(18) },
  { code: 0b110110, codeBits: 6, bytes: 2, frame: repeat(10) },
  { code: 0b110111, codeBits: 6, bytes: 4, frame: filler },
  { code: 0b1110, codeBits: 4, bytes: 1, frame: repeat(4) },
  { code: 0b11111110, codeBits: 8, bytes: 1, frame: filler },
  { code: 0b11111111, codeBits: 8, bytes: 1, frame: () => ({ kind: "sync" }) },
];

/** The program counter is the lowest 14 of the 18 bits behind the slots. */
const pcForm: FrameForm = {
  bytes: 4,
  frame: (bits) => ({ kind: "pc", slots: (bits >>> 18) & 0xff, pc: bits & 0x3fff }),
};

function formOf(code: number): FrameForm | undefined {
  return forms.find((form) => code >> (8 - form.codeBits) === form.code);
}

/** `1111 0x0m`: m is the mode. */
function isStart(code: number): boolean {
  return (code & 0b1111_1010) === 0b1111_0000;
}

function byteOf(word: number, byte: number): number {
  return (word >>> (24 - 8 * byte)) & 0xff;
}

function hexByte(code: number): string {
  return `0x${code.toString(16).padStart(2, "0")}`;
}
