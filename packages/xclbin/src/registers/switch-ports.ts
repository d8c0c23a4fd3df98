import type { TileKind } from "./register-rows.ts";

/**
 * Ports of a stream switch in the order of their registers. A slave's place in its list is its number in a master's
 * circuit configuration. Source: aie-rt xaiemlgbl_params.h, STREAM_SWITCH_MASTER_CONFIG_*, STREAM_SWITCH_SLAVE_CONFIG_*.
 */
interface SwitchPorts {
  readonly masters: readonly string[];
  readonly slaves: readonly string[];
}

export const switchPorts: Readonly<Record<TileKind, SwitchPorts>> = {
  computeTile: {
    masters: [
      ...ports("Core", 1),
      ...ports("DMA", 2),
      ...["TileControl", "FIFO0"],
      ...ports("South", 4),
      ...ports("West", 4),
      ...ports("North", 6),
      ...ports("East", 4),
    ],
    slaves: [
      ...ports("Core", 1),
      ...ports("DMA", 2),
      ...["TileControl", "FIFO0"],
      ...ports("South", 6),
      ...ports("West", 4),
      ...ports("North", 4),
      ...ports("East", 4),
      ...["CoreTrace", "MemoryTrace"],
    ],
  },
  memtile: {
    masters: [...ports("DMA", 6), "TileControl", ...ports("South", 4), ...ports("North", 6)],
    slaves: [...ports("DMA", 6), "TileControl", ...ports("South", 6), ...ports("North", 4), "Trace"],
  },
  shim: {
    masters: [
      "TileControl",
      "FIFO0",
      ...ports("South", 6),
      ...ports("West", 4),
      ...ports("North", 6),
      ...ports("East", 4),
    ],
    slaves: [
      ...["TileControl", "FIFO0"],
      ...ports("South", 8),
      ...ports("West", 4),
      ...ports("North", 4),
      ...ports("East", 4),
      "Trace",
    ],
  },
};

function ports(bundle: string, count: number): string[] {
  return Array.from({ length: count }, (_, i) => `${bundle}${i}`);
}
