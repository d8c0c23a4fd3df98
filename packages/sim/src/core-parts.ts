import type { DmaDirection } from "@aiekit/mlir";
import type { CascadeEnds } from "./cascade.ts";
import type { CorePort } from "./core-port.ts";
import type { CostModel } from "./cost-model.ts";
import type { CounterTable } from "./counter-table.ts";
import type { FifoEnd } from "./fifo-ends.ts";
import type { KernelModule } from "./kernel-module.ts";
import type { KernelSite } from "./kernel-site.ts";
import type { Lock } from "./lock.ts";
import type { Scheduler } from "./scheduler.ts";
import type { TileMemory } from "./tile-memory.ts";

/** What a core works with. */
export interface CoreParts {
  readonly clock: Scheduler;
  readonly counters: CounterTable;
  readonly cost: CostModel;
  readonly module: KernelModule | undefined;
  /** In the order of the program's references. */
  readonly memories: readonly TileMemory[];
  readonly locks: readonly Lock[];
  readonly cascade: CascadeEnds;
  /** Ends of the design's objectFifos when the array is checked. */
  readonly ends: readonly FifoEnd[] | undefined;
  readonly corePort: (direction: DmaDirection, channel: number) => CorePort;
  /** Trace units may watch what the core does. */
  readonly traced: boolean;
  /** There when other threads may run the core's kernels. */
  readonly threads: KernelSite["threads"];
}
