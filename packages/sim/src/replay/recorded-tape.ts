import type { TileCoord } from "@aiekit/mlir";
import type { KernelOps } from "../cost-model.ts";
import type { RunReport } from "../run-report.ts";
import type { CopiedWords } from "./launch-hook.ts";
import type { GivenAndTaken } from "./lock-counts.ts";

/** A memory of any array of the design. `staging`: where words lie between two patterns; `host`: an argument of the launch. */
export type MemoryPlace = "host" | "staging" | TileCoord | { readonly external: string };

/** Words copied. `fromArg`, `toArg`: the argument that is host memory, -1 for other memory. */
export interface RecordedCopy extends Omit<CopiedWords, "from" | "to"> {
  readonly kind: "copy";
  readonly from: MemoryPlace;
  readonly to: MemoryPlace;
  readonly fromArg: number;
  readonly toArg: number;
}

interface RecordedZeroes {
  readonly kind: "zero";
  readonly to: MemoryPlace;
  readonly first: number;
  readonly count: number;
}

interface RecordedWrite {
  readonly kind: "write";
  readonly to: MemoryPlace;
  readonly index: number;
  readonly value: number;
}

/** A kernel call at one place of a core, both by their numbers, what it returned and how long it took. */
export interface RecordedCall {
  readonly kind: "call";
  readonly core: number;
  readonly site: number;
  readonly args: readonly (number | bigint)[];
  readonly value: number | bigint | undefined;
  readonly cycles: number;
  readonly ops: KernelOps | undefined;
}

export type RecordedStep = RecordedCopy | RecordedZeroes | RecordedWrite | RecordedCall;

/**
 * All that one launch does to memory, in order: what locks, DMAs and cores made of one instruction stream. It names memories,
 * cores and calls as the design does, and has nothing of the array that it was recorded on.
 */
export interface RecordedTape {
  readonly steps: readonly RecordedStep[];
  /** Of each host buffer. */
  readonly hostBytes: readonly number[];
  /** Host buffers that are written. */
  readonly hostWritten: readonly number[];
  /** State of the array from which the launch does just this, and the one that it leaves, when all has come to rest. */
  readonly startKey: string;
  readonly endKey: string;
  /** What cores' own buffers hold before and behind it. */
  readonly startOwn: Uint32Array;
  readonly endOwn: Uint32Array;
  /** 1 for words of them that the stream writes before a core looks: they may hold anything before. */
  readonly freeOwn: Uint8Array;
  /** What locks give and take from its start until all has come to rest. */
  readonly lockCounts: GivenAndTaken;
  readonly report: RunReport;
}

/** Host buffers that a launch writes. */
export function writtenBy(steps: readonly RecordedStep[]): readonly number[] {
  const written = new Set<number>();
  for (const step of steps) if (step.kind === "copy" && step.toArg >= 0) written.add(step.toArg);
  return [...written];
}
