import { ShapeError } from "@aiekit/core";
import { roundUp } from "./array-shape.ts";

/** How rows are handed to tiles: so many to each at a time. */
export interface RowBlocks {
  readonly cols: number;
  /** Elements from row to row in the device's buffers: whole vectors. */
  readonly pitch: number;
  /** Rows of one object. */
  readonly rowsPerObject: number;
  /** Rows of the host buffer for each of the numbers of rows: whole objects for every tile. */
  readonly paddedRows: readonly number[];
}

const lanes = 32;
/** 4 KiB of bfloat16. */
const mostElements = 2048;

/** `rows`: every number of rows that the design has a sequence for. @throws ShapeError for rows that are too long. */
export function rowBlocks(
  kernel: string,
  { rows, cols, tiles, mostCols }: { rows: readonly number[]; cols: number; tiles: number; mostCols: number },
): RowBlocks {
  if (cols > mostCols) {
    throw new ShapeError(`${kernel}: rows of ${cols}: at most ${mostCols} fit the memory of a tile`, {
      hint: "a row stays on one tile",
    });
  }
  const pitch = roundUp(cols, lanes);
  const perTile = Math.ceil(Math.max(...rows) / tiles);
  // Fewest objects of at most 4 KiB, then as few rows in each as they need.
  const objects = Math.ceil(perTile / Math.max(1, Math.floor(mostElements / pitch)));
  const rowsPerObject = Math.ceil(perTile / objects);
  return { cols, pitch, rowsPerObject, paddedRows: rows.map((n) => roundUp(n, tiles * rowsPerObject)) };
}
