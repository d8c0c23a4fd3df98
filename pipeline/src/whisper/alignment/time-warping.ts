/** Row-major values, [rows, columns]. */
export interface Matrix {
  readonly rows: number;
  readonly columns: number;
  readonly data: Float64Array;
}

/**
 * Dynamic time warping: of all paths from the first cell to the last by steps down, right or both, the one of least cost.
 * Returns for each row the first column that the path meets it in. Steps of equal cost go right, as published.
 * Source: openai/whisper, timing.py, `dtw_cpu`; Sakoe and Chiba 1978.
 */
export function rowStarts({ rows, columns, data }: Matrix): Uint32Array {
  const steps = cheapestSteps({ rows, columns, data });
  const starts = new Uint32Array(rows);
  let row = rows - 1;
  let column = columns - 1;
  while (row > 0 || column > 0) {
    const step = row === 0 ? right : column === 0 ? down : steps[row * columns + column]!;
    if (step !== right) {
      starts[row] = column;
      row--;
    }
    if (step !== down) column--;
  }
  return starts;
}

const [both, down, right] = [0, 1, 2];

/** The last step of the cheapest path to each cell. */
function cheapestSteps({ rows, columns, data }: Matrix): Uint8Array {
  const steps = new Uint8Array(rows * columns);
  // Costs of the row above, with a wall before its first column.
  let above = new Float64Array(columns + 1).fill(Number.POSITIVE_INFINITY);
  above[0] = 0;
  for (let row = 0; row < rows; row++) {
    const costs = new Float64Array(columns + 1);
    costs[0] = Number.POSITIVE_INFINITY;
    for (let column = 0; column < columns; column++) {
      const [diagonal, fromAbove, fromLeft] = [above[column]!, above[column + 1]!, costs[column]!];
      let step = right;
      if (diagonal < fromAbove && diagonal < fromLeft) step = both;
      else if (fromAbove < diagonal && fromAbove < fromLeft) step = down;
      steps[row * columns + column] = step;
      const before = step === both ? diagonal : step === down ? fromAbove : fromLeft;
      costs[column + 1] = data[row * columns + column]! + before;
    }
    above = costs;
  }
  return steps;
}
