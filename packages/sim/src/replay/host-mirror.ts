import type { HostBuffer } from "../controller.ts";
import { type Shuffle, ShuffleEngine } from "../shuffle-engine.ts";
import type { CopyStep, TapeStep } from "./launch-tape.ts";

const room = { out: 131_072, tables: 4 * 2 ** 20 };
const fewestRuns = 8;
const longestRun = 64;
/** Words of an argument for each word that is read of it in short runs: all of them are brought over. */
const mostWordsRead = 2;

/** A host argument, and where its words lie in the mirror. */
interface MirroredArg {
  readonly arg: number;
  readonly at: number;
}

/**
 * Host memory that a launch only reads, brought at its start to where tiles of it are put together without a loop over their
 * rows: row by row a tile of 64 x 64 bytes takes 1 us, and 0.25 in this way.
 */
export class HostMirror {
  /** Of host memory that is brought over at each launch. */
  readonly bytes: number;
  readonly #engine: ShuffleEngine;
  readonly #args: readonly MirroredArg[];

  constructor(engine: ShuffleEngine, args: readonly MirroredArg[]) {
    this.bytes = engine.source.byteLength;
    this.#engine = engine;
    this.#args = args;
  }

  /** The words of the launch that begins. */
  fill(host: readonly HostBuffer[]): void {
    for (const { arg, at } of this.#args) this.#engine.source.set(host[arg]!.words, at);
  }
}

/** Steps with their reads of host memory through a mirror of `mostBytes` at most, where that pays. `hostBytes`: of each argument. */
export function mirrored(
  steps: readonly TapeStep[],
  hostBytes: readonly number[],
  mostBytes: number,
): { readonly steps: readonly TapeStep[]; readonly mirror: HostMirror | undefined } {
  const args: MirroredArg[] = [];
  let words = 0;
  for (const [arg, bytes] of hostBytes.entries()) {
    const size = Math.floor(bytes / 4);
    if (!pays(steps, arg, size) || 4 * (words + size) > mostBytes) continue;
    args.push({ arg, at: words });
    words += size;
  }
  if (args.length === 0) return { steps, mirror: undefined };
  const engine = new ShuffleEngine({ ...room, source: 4 * words });
  const shuffles = new Map<Int32Array, Map<Int32Array, Shuffle | undefined>>();
  const known = new Map<TapeStep, TapeStep>();
  const through = (step: TapeStep): TapeStep => {
    const found = known.get(step);
    if (found !== undefined) return found;
    const made = step.kind === "copy" ? throughMirror(step, { args, engine, shuffles }) : step;
    known.set(step, made);
    return made;
  };
  return { steps: steps.map(through), mirror: new HostMirror(engine, args) };
}

const isShort = ({ as, runWords }: CopyStep): boolean =>
  as !== undefined && as.length >= fewestRuns && runWords <= longestRun;

function pays(steps: readonly TapeStep[], arg: number, size: number): boolean {
  let read = 0;
  for (const step of steps) {
    if (step.kind !== "copy") continue;
    if (step.toArg === arg) return false;
    if (step.fromArg === arg && isShort(step)) read += step.count;
  }
  return read * mostWordsRead >= size && read > 0;
}

interface MirrorParts {
  readonly args: readonly MirroredArg[];
  readonly engine: ShuffleEngine;
  readonly shuffles: Map<Int32Array, Map<Int32Array, Shuffle | undefined>>;
}

function throughMirror(step: CopyStep, { args, engine, shuffles }: MirrorParts): CopyStep {
  const { as, bs, runWords, a } = step;
  const place = args.find(({ arg }) => arg === step.fromArg);
  if (place === undefined || as === undefined || bs === undefined || !isShort(step)) return step;
  const ofSource = shuffles.get(as) ?? new Map<Int32Array, Shuffle | undefined>();
  shuffles.set(as, ofSource);
  if (!ofSource.has(bs)) {
    const made = engine.plan(as, bs, runWords);
    ofSource.set(bs, made === "full" ? undefined : made);
  }
  const shuffle = ofSource.get(bs);
  return shuffle === undefined ? step : { ...step, shuffle, mirrorAt: place.at + a + shuffle.first };
}
