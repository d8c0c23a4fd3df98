import type { Core } from "../core.ts";
import type { KernelSiteFunction } from "../kernel-call.ts";

/** Words that the DMA moves: `count` of them, in runs of `runWords`, each at `a` + one of `as` of `from`. */
export interface CopiedWords {
  readonly from: Uint32Array;
  readonly a: number;
  /** Undefined for one run. */
  readonly as: Int32Array | undefined;
  readonly to: Uint32Array;
  readonly b: number;
  readonly bs: Int32Array | undefined;
  readonly runWords: number;
  readonly count: number;
}

/**
 * Who watches what a launch does to memory, in the order in which it is done. Each method may say that it was done before:
 * then it is not done again, and time goes on as if it were.
 */
export interface LaunchHook {
  copies(words: CopiedWords): boolean;
  /** `count` words of `to` become zeros. */
  zeroes(to: Uint32Array, first: number, count: number): boolean;
  /** The instruction stream writes a word of a tile's memory. */
  writes(to: Uint32Array, index: number, value: number): boolean;
  /** Runs a kernel: value, cycles and counts are in `site` afterwards. @returns the kernel's value. */
  calls(core: Core, site: KernelSiteFunction, args: readonly (number | bigint)[]): number | bigint | undefined;
  /** A core's body goes on. */
  fires(core: Core): void;
  /** Something happens that cannot be recorded. */
  strays(): void;
}
