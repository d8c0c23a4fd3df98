import type { KernelOps } from "../cost-model.ts";
import type { CallOp, ImageOp, StrandCode, StrandOp } from "./strand-plan.ts";

type Move = (table: number, end: number, to: number, from: number) => void;

/** What one thread does strands with. */
interface StrandParts {
  readonly code: StrandCode;
  /** The store. */
  readonly words: Uint32Array;
  /** By the unit of their tables. */
  readonly move: Readonly<Record<1 | 2 | 4, Move>>;
  /** Memories of the plan's cores. */
  readonly memories: readonly Uint32Array[];
  /** The kernel of a call alone. */
  readonly invokeOf: (op: CallOp) => () => unknown;
  /** Whether a core's kernels have counted just this since it was last asked, by call. */
  readonly tookOf: (op: CallOp, ops: KernelOps | undefined) => () => boolean;
  /** The thread's number. */
  readonly thread: number;
}

export interface StrandMachine {
  image(index: number): void;
  /**
   * Does up to `most` steps of a strand from `from` on. `isProven`: counts that are proven to be the same are looked at together
   * with those of the next call for which they are not, or at the end. Returns the next step, infinity
   * behind the last, -1 when a call differs or fails.
   */
  run(strand: number, from: number, most: number, isProven: boolean): number;
}

/** Does the steps of strands. Its text is given to threads: it uses nothing from outside of itself. */
export function strandMachine({ code, words, move, memories, invokeOf, tookOf, thread }: StrandParts): StrandMachine {
  interface Step {
    readonly kind: "copy" | "order" | "call" | "write";
    readonly view: Uint32Array;
    readonly to: Uint32Array;
    readonly at: number;
    readonly move: Move;
    readonly table: number;
    readonly end: number;
    readonly out: number;
    readonly source: number;
    readonly invoke: () => unknown;
    readonly took: () => boolean;
    readonly value: unknown;
    readonly narrow: number;
  }
  const empty = words.subarray(0, 0);
  const always = (): boolean => true;
  const none = (): undefined => undefined;
  // One literal for all steps, whatever they do: their properties lie at the same places, and code that takes them is compiled once.
  const stepWith = ({
    kind = "copy",
    view = empty,
    to = empty,
    at = 0,
    move: moves = move[1],
    table = 0,
    end = 0,
    out = 0,
    source = 0,
    invoke = none,
    took = always,
    value = undefined,
    narrow = 0,
  }: Partial<Step>): Step => ({
    kind,
    view,
    to,
    at,
    move: moves,
    table,
    end,
    out,
    source,
    invoke,
    took,
    value,
    narrow,
  });
  const scratchAt = code.scratch + thread * code.scratchWords;
  const scratch = words.subarray(scratchAt, scratchAt + code.scratchWords);
  const ordered = ({ moves, to }: Pick<ImageOp, "moves" | "to">, view: Uint32Array, from: number): Step => {
    const { unit, table, end } = moves;
    return stepWith({ kind: "order", view, to: scratch, move: move[unit], table, end, out: 4 * to, source: 4 * from });
  };
  const stepOf = (op: Exclude<StrandOp, CallOp>): Step => {
    if (op.kind === "image") return ordered(op, empty, op.from);
    const memory = memories[op.core]!;
    if (op.kind === "load") {
      return stepWith({ view: words.subarray(op.from, op.from + op.count), to: memory, at: op.to });
    }
    if (op.kind === "save") {
      const view = memory.subarray(op.first, op.first + op.span);
      const { moves, to } = op;
      return moves ? ordered({ moves, to }, view, scratchAt) : stepWith({ view, to: words, at: to });
    }
    return stepWith({ kind: "write", to: memory, at: op.index, value: op.value });
  };
  const known = new Map<StrandOp, Map<string, Step>>();
  const once = (op: StrandOp, key: string, make: () => Step): Step => {
    const ofOp = known.get(op) ?? new Map<string, Step>();
    known.set(op, ofOp);
    const step = ofOp.get(key) ?? make();
    ofOp.set(key, step);
    return step;
  };
  const sum = (a: KernelOps | undefined, b: KernelOps | undefined): KernelOps | undefined => {
    if (a === undefined || b === undefined) return a ?? b;
    const both = { ...a };
    for (const kind of Object.keys(a) as (keyof KernelOps)[]) {
      if (a[kind] !== undefined) both[kind] = (a[kind] + b[kind]!) >>> 0;
    }
    return both;
  };
  const stepsOf = (ops: readonly StrandOp[], isProven: boolean): Step[] => {
    // Counts of each core that nobody has looked at, and the call that came last.
    const open = new Map<number, { ops: KernelOps | undefined; last: CallOp }>();
    const steps = ops.map((op) => {
      if (op.kind !== "call") return once(op, "", () => stepOf(op));
      const { narrow, isFixed } = code.sites[op.site]!;
      const counted = sum(open.get(op.core)?.ops, op.ops);
      const isLooked = !(isProven && isFixed);
      if (isLooked) open.delete(op.core);
      else open.set(op.core, { ops: counted, last: op });
      const key = isLooked ? (JSON.stringify(counted) ?? "none") : "open";
      return once(op, key, () => {
        const took = isLooked ? tookOf(op, counted) : always;
        return stepWith({ kind: "call", invoke: invokeOf(op), took, value: op.value, narrow });
      });
    });
    const ends = [...open.values()].map(({ ops, last }) => stepWith({ kind: "call", took: tookOf(last, ops) }));
    return [...steps, ...ends];
  };
  const strands: Record<"proven" | "other", (readonly Step[] | undefined)[]> = { proven: [], other: [] };
  const calls = ({ invoke, narrow, value, took }: Step): boolean => {
    const result = invoke();
    const narrowed = typeof result === "number" && narrow > 0 ? (result << narrow) >> narrow : result;
    return took() && Object.is(narrowed, value);
  };
  return {
    image(index) {
      const { moves, from, to } = code.images[index]!;
      move[moves.unit](moves.table, moves.end, 4 * to, 4 * from);
    },
    run(strand, from, most, isProven) {
      const known = isProven ? strands.proven : strands.other;
      const steps = known[strand] ?? stepsOf(code.strands[strand]!, isProven);
      known[strand] = steps;
      const last = Math.min(steps.length, from + most);
      try {
        for (let i = from; i < last; i++) {
          const step = steps[i]!;
          if (step.kind === "copy") step.to.set(step.view, step.at);
          else if (step.kind === "call") {
            if (!calls(step)) return -1;
          } else if (step.kind === "order") {
            if (step.view.length > 0) step.to.set(step.view);
            step.move(step.table, step.end, step.out, step.source);
          } else step.to[step.at] = step.value as number;
        }
      } catch {
        return -1;
      }
      return last === steps.length ? Number.POSITIVE_INFINITY : last;
    },
  };
}
