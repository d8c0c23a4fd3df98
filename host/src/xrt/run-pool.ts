import type { NativeContext, NativeRun } from "./native-addon.ts";
import type { XrtRun } from "./xrt-run.ts";

/** A run of XRT, lent for one launch. */
export interface PooledRun {
  readonly native: NativeRun;
  /** After its end, whatever it was; `keep: false` frees it. */
  giveBack(keep: boolean): void;
}

// A runlist of this many runs makes none anew when it is executed again.
const mostIdle = 256;

/**
 * Runs of XRT that are used again: making one costs calls of the driver, and one that is dropped keeps its handle until
 * the garbage collector comes. Arguments that were left out keep their old values in XRT, so runs are kept apart by count.
 * An idle run keeps the memory of the BOs of its last launch.
 */
export class RunPool {
  readonly #native: NativeContext;
  readonly #idle = new Map<string, NativeRun[]>();

  constructor(native: NativeContext) {
    this.#native = native;
  }

  take(run: XrtRun): PooledRun {
    const args = run.nativeArgs();
    const key = `${run.kernelIndex} ${args.length}`;
    let idle = this.#idle.get(key);
    if (idle === undefined) {
      idle = [];
      this.#idle.set(key, idle);
    }
    const known = idle.pop();
    known?.setArgs(args);
    const native = known ?? this.#native.createRun(run.kernelIndex, args);
    return {
      native,
      giveBack(keep) {
        if (keep && idle.length < mostIdle) idle.push(native);
        else native.release();
      },
    };
  }

  clear(): void {
    for (const idle of this.#idle.values()) for (const native of idle) native.release();
    this.#idle.clear();
  }
}
