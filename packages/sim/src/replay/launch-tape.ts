import type { HostBuffer } from "../controller.ts";
import type { Core } from "../core.ts";
import type { KernelOps } from "../cost-model.ts";
import type { KernelSiteFunction } from "../kernel-call.ts";
import type { Shuffle } from "../shuffle-engine.ts";
import type { HostMirror } from "./host-mirror.ts";
import type { CopiedWords } from "./launch-hook.ts";
import type { RecordedTape } from "./recorded-tape.ts";

/** Words copied. Host memory is another one in each launch: `fromArg`, `toArg` are its argument, -1 for other memory. */
export interface CopyStep extends CopiedWords {
  readonly kind: "copy";
  readonly fromArg: number;
  readonly toArg: number;
  /** How many short runs are copied; undefined where a loop does it. */
  readonly shuffle: Shuffle | undefined;
  /** Where in the tape's mirror what is shuffled begins; -1 where it is not read from there. */
  readonly mirrorAt: number;
  /** What is read, from the first word to the last, where it is in memory that stays and one run, or is shuffled. */
  readonly view: Uint32Array | undefined;
  /** The words have arrived in a buffer: those that lie between two patterns have not. */
  readonly arrives: boolean;
  /** They come from or go to where words lie between two patterns, which all arrays share. */
  readonly isStaged: boolean;
}

export interface ZeroStep {
  readonly kind: "zero";
  readonly to: Uint32Array;
  readonly first: number;
  readonly count: number;
  readonly isStaged: boolean;
}

export interface WriteStep {
  readonly kind: "write";
  readonly to: Uint32Array;
  readonly index: number;
  readonly value: number;
}

/** A kernel call, what it returned and how long it took. */
export interface CallStep {
  readonly kind: "call";
  readonly core: Core;
  readonly site: KernelSiteFunction;
  readonly args: readonly (number | bigint)[];
  /** The kernel alone with these arguments. */
  readonly invoke: () => number | bigint | undefined;
  readonly value: number | bigint | undefined;
  readonly cycles: number;
  readonly ops: KernelOps | undefined;
}

export type TapeStep = CopyStep | ZeroStep | WriteStep | CallStep;

/** What a tape holds, with an array's own memory and kernels. */
export interface LaunchTape {
  readonly recorded: RecordedTape;
  readonly steps: readonly TapeStep[];
  readonly mirror: HostMirror | undefined;
}

/** Whether a launch with these buffers can be played from a tape. */
export function fitsHost({ hostBytes, hostWritten }: RecordedTape, host: readonly HostBuffer[]): boolean {
  if (hostBytes.length !== host.length || hostBytes.some((bytes, i) => bytes !== host[i]!.bytes)) return false;
  return areApart(hostWritten, host);
}

/** True when none of `written` has a byte in common with another buffer: what is read of host memory then is what it held before. */
export function areApart(written: readonly number[], host: readonly HostBuffer[]): boolean {
  return written.every((arg) => host.every((other, i) => i === arg || !shareBytes(host[arg]!.words, other.words)));
}

function shareBytes(a: Uint32Array, b: Uint32Array): boolean {
  if (a.buffer !== b.buffer) return false;
  return a.byteOffset < b.byteOffset + b.byteLength && b.byteOffset < a.byteOffset + a.byteLength;
}
