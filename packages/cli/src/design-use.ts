import { dirname, resolve } from "node:path";
import { FormatError } from "@aiekit/core";
import {
  type ArrayConfig,
  deviceLimits,
  loadArrayConfig,
  type ResourceUse,
  resourceUse,
  switchUse,
} from "@aiekit/host";
import { routeFlows, type TileCoord, tileModel } from "@aiekit/mlir";
import type { OwnDesign } from "@aiekit/tools";
import { readCoreElf } from "@aiekit/xclbin";
import { readInput } from "./read-input.ts";

/** Program memory of one core. `usedBytes` is known only where the core's program is there as an ELF file. */
export interface ProgramUse {
  readonly tile: TileCoord;
  readonly usedBytes: number | undefined;
  readonly limitBytes: number;
  /** Why its size is not known. */
  readonly unknown?: string;
}

/** What a context of this design takes of an NPU. */
export interface ContextUse {
  readonly columns: number;
  readonly columnsOfDevice: number;
  /** Columns in which nothing of the design is. */
  readonly idleColumns: readonly number[];
  /** Contexts that the driver grants at once, and those of this width that the columns have room for. */
  readonly contextsMax: number;
  readonly sideBySide: number;
}

/** What a design takes of its device: of each tile, of the stream switches, of program memory, of contexts. */
export interface DesignUse {
  readonly tiles: readonly ResourceUse[];
  readonly switches: readonly ResourceUse[];
  readonly programs: readonly ProgramUse[];
  readonly context: ContextUse;
}

/** Nothing is run; the flows are routed to see which ports they take. */
export async function designUse(
  { lowered, file }: Pick<OwnDesign, "lowered" | "file">,
  cwd: string,
): Promise<DesignUse> {
  const config = loadArrayConfig(lowered);
  const programs: ProgramUse[] = [];
  for (const { tile, elfFile } of config.cores) {
    const limitBytes = tileModel(config.device, tile.col, tile.row).programBytes;
    const path = elfFile && resolve(cwd, dirname(file), elfFile);
    const size = path ? await programSize(path, cwd) : { usedBytes: undefined, unknown: withoutPeano };
    programs.push({ tile, limitBytes, ...size });
  }
  return {
    tiles: resourceUse(config),
    switches: switchUse(routeFlows(lowered)),
    programs,
    context: contextUse(config),
  };
}

const withoutPeano = "not known without Peano, a build for the NPU checks it";

async function programSize(path: string, cwd: string): Promise<Pick<ProgramUse, "usedBytes" | "unknown">> {
  try {
    return { usedBytes: readCoreElf(await readInput(path, cwd), path).programBytes };
  } catch (error) {
    // Files of a later step of the build: the rest of the design can be counted without them.
    if (!(error instanceof FormatError)) throw error;
    return { usedBytes: undefined, unknown: `not known: ${error.message}` };
  }
}

function contextUse({ device, cores, flows, bds, buffers }: ArrayConfig): ContextUse {
  const npu = device.generation === "aie2p" ? "npu2" : "npu1";
  const columnsOfDevice = npu === "npu2" ? 8 : 4;
  const ends = flows.flatMap(({ source, sinks }) => [source, ...sinks]);
  const used = new Set([...cores, ...ends, ...bds, ...buffers].map(({ tile }) => tile.col));
  const idleColumns = Array.from({ length: device.columns }, (_, col) => col).filter((col) => !used.has(col));
  const contextsMax = deviceLimits[npu].contexts;
  const sideBySide = Math.min(contextsMax, Math.floor(columnsOfDevice / device.columns));
  return { columns: device.columns, columnsOfDevice, idleColumns, contextsMax, sideBySide };
}
