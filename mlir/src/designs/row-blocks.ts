import { ShapeError } from "@aiekit/core";
import type { DesignOptions, ParamSpec } from "../registry.ts";
import { columnsOf, numberParam, parseCounts, roundUp } from "./array-shape.ts";

/** How rows are handed to tiles: so many to each at a time. */
interface RowBlocks {
  readonly columns: number;
  /** Compute tiles a column. */
  readonly tiles: number;
  /** Every number of rows that the design has a sequence for. */
  readonly rows: readonly number[];
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

/** Parameters of every kernel that works on rows. */
export const rowParams = {
  rows: { name: "rows", default: "1500", about: "numbers of rows, a sequence for each: 1500.448.1" },
  cols: (cols: number): ParamSpec => ({ name: "cols", default: cols, min: 1, about: "elements of a row" }),
  columns: { name: "columns", default: 8, min: 1, max: 8, about: "columns of the array at most" },
  tiles: { name: "tiles", default: 4, min: 1, max: 4, about: "compute tiles a column" },
} as const;

/** What the parameters ask for, cut up. @throws UsageError for text that is no numbers; ShapeError for rows that are too long. */
export function rowBlocks(kernel: string, { device, params }: DesignOptions, mostCols: number): RowBlocks {
  const [columns, tiles] = [columnsOf(device, params), numberParam(params, "tiles")];
  const rows = parseCounts(kernel, "rows", params.rows);
  const cols = numberParam(params, "cols");
  if (cols > mostCols) {
    throw new ShapeError(`${kernel}: rows of ${cols}: at most ${mostCols} fit the memory of a tile`, {
      hint: "a row stays on one tile",
    });
  }
  const all = columns * tiles;
  const pitch = roundUp(cols, lanes);
  const perTile = Math.ceil(Math.max(...rows) / all);
  // Fewest objects of at most 4 KiB, then as few rows in each as they need.
  const objects = Math.ceil(perTile / Math.max(1, Math.floor(mostElements / pitch)));
  const rowsPerObject = Math.ceil(perTile / objects);
  const paddedRows = rows.map((n) => roundUp(n, all * rowsPerObject));
  return { columns, tiles, rows, cols, pitch, rowsPerObject, paddedRows };
}
