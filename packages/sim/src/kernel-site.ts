import type { CoreConfig } from "./array-config.ts";
import type { CoreChecks } from "./core-checks.ts";
import type { KernelCall } from "./core-compiler.ts";
import { pointerSlotBytes } from "./core-emitter.ts";
import type { CostModel } from "./cost-model.ts";
import type { KernelModule } from "./kernel-module.ts";
import type { ThreadedCore } from "./kernel-threads.ts";
import type { BufferPlace, TileMemory } from "./tile-memory.ts";

/** A place where a core's body calls a kernel, and what the call can reach. */
export interface KernelSite {
  readonly call: KernelCall;
  readonly core: CoreConfig;
  readonly module: KernelModule | undefined;
  /** In the order of pointer slots: the core's own memory, then its neighbours'. */
  readonly memories: readonly TileMemory[];
  readonly cost: CostModel;
  readonly now: () => number;
  /** There when the array is checked. */
  readonly checks: CoreChecks | undefined;
  /** Events that kernels mark are heard. */
  readonly traced: boolean;
  /** There when other threads may run the core's kernels, from a length of calls on. */
  readonly threads: { readonly core: ThreadedCore; readonly fromUs: number } | undefined;
}

/** The buffer that a pointer leads into. */
export function bufferBehind(memories: readonly TileMemory[], pointer: number): BufferPlace | undefined {
  return memories[Math.floor(pointer / pointerSlotBytes)]?.bufferAt(pointer % pointerSlotBytes);
}
