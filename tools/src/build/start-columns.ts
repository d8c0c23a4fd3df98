import type { DeviceModel, Generation } from "@aiekit/mlir";

/** Columns of a whole array. */
const arrayColumns: Readonly<Record<Generation, number>> = { aie2: 4, aie2p: 8 };
/** Partitions of up to this many columns start at column 1 or later on both arrays. */
const smallPartitionColumns = 4;

/**
 * First columns where a design for this device may be placed, as mlir-aie's aiecc writes them: the whole array at 0, up
 * to 4 columns from 1 on. For 5 to 7 columns that rule leaves none; later versions of aiecc start at 0, and so do these.
 */
export function startColumns({ columns, generation }: Pick<DeviceModel, "columns" | "generation">): readonly number[] {
  if (columns === arrayColumns[generation]) return [0];
  if (columns <= smallPartitionColumns) return range(1, smallPartitionColumns + 1 - columns);
  return range(0, arrayColumns[generation] - columns);
}

function range(first: number, last: number): readonly number[] {
  return Array.from({ length: last - first + 1 }, (_, i) => first + i);
}
