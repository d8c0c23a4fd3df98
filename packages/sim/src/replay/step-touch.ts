import { runsExtent } from "../block-runs.ts";
import type { Core } from "../core.ts";
import type { CopyStep, TapeStep } from "./launch-tape.ts";

/** Bytes of a core's memory, from `first` up to `end`. */
export interface ByteRange {
  readonly first: number;
  readonly end: number;
}

/** What a step touches of the memories of cores that call kernels. */
export interface StepTouch {
  readonly from?: ByteRange & { readonly core: Core };
  readonly to?: ByteRange & { readonly core: Core };
  /** The core of a call, and the buffers of its arguments. */
  readonly calls?: { readonly core: Core; readonly ranges: readonly ByteRange[] };
}

const known = new WeakMap<readonly TapeStep[], readonly StepTouch[]>();

/** Of each step of a tape, in their order. */
export function touchesOf(steps: readonly TapeStep[]): readonly StepTouch[] {
  const found = known.get(steps);
  if (found !== undefined) return found;
  const coreOf = new Map<Uint32Array, Core>();
  for (const step of steps) if (step.kind === "call" && step.core.memory) coreOf.set(step.core.memory.words, step.core);
  const ofStep = new Map<TapeStep, StepTouch>();
  const touches = steps.map((step) => {
    const touch = ofStep.get(step) ?? touchOf(step, coreOf);
    ofStep.set(step, touch);
    return touch;
  });
  known.set(steps, touches);
  return touches;
}

function touchOf(step: TapeStep, coreOf: ReadonlyMap<Uint32Array, Core>): StepTouch {
  const at = (words: Uint32Array, first: number, end: number) => {
    const core = coreOf.get(words);
    return core && { core, first: 4 * first, end: 4 * end };
  };
  const given = (touch: { from?: StepTouch["from"] | undefined; to?: StepTouch["to"] | undefined }): StepTouch => ({
    ...(touch.from && { from: touch.from }),
    ...(touch.to && { to: touch.to }),
  });
  switch (step.kind) {
    case "call": {
      const buffers = step.site.buffersBehind(step.args);
      const ranges = buffers.flatMap((place) => place && [{ first: place.address, end: place.address + place.bytes }]);
      return { calls: { core: step.core, ranges: ranges as ByteRange[] } };
    }
    case "zero":
      return given({ to: at(step.to, step.first, step.first + step.count) });
    case "write":
      return given({ to: at(step.to, step.index, step.index + 1) });
    case "copy": {
      const { from, to, a, b, as, bs } = step;
      return given({ from: at(from, ...extent(a, as, step)), to: at(to, ...extent(b, bs, step)) });
    }
  }
}

function extent(base: number, starts: Int32Array | undefined, { runWords, count }: CopyStep): [number, number] {
  if (starts === undefined) return [base, base + count];
  const { first, end } = runsExtent(starts, runWords);
  return [base + first, base + end];
}
