import { type DType, dtypeBytes, elementCount } from "@aiekit/core";

/** A row-major array seen along one axis: `outerCount` blocks of `axisLength` rows of `rowBytes`. */
interface AxisLayout {
  readonly outerCount: number;
  readonly axisLength: number;
  readonly rowBytes: number;
}

export function axisLayout(
  array: { readonly dtype: DType; readonly shape: readonly number[] },
  axis: number,
): AxisLayout {
  return {
    outerCount: elementCount(array.shape.slice(0, axis)),
    axisLength: array.shape[axis] ?? 1,
    rowBytes: elementCount(array.shape.slice(axis + 1)) * dtypeBytes(array.dtype),
  };
}

/** Rows that are copied from one array to another along the same axis. */
interface RowsCopy {
  readonly from: Uint8Array;
  readonly fromLayout: AxisLayout;
  readonly fromRow: number;
  readonly to: Uint8Array;
  readonly toLayout: AxisLayout;
  readonly toRow: number;
  readonly rows: number;
}

/** Copies `rows` rows of every outer block. The two arrays agree in everything but the length of the axis. */
export function copyRows(copy: RowsCopy): void {
  const { fromLayout, toLayout } = copy;
  const sizeBytes = copy.rows * fromLayout.rowBytes;
  for (let outer = 0; outer < fromLayout.outerCount; outer++) {
    const fromStart = (outer * fromLayout.axisLength + copy.fromRow) * fromLayout.rowBytes;
    const toStart = (outer * toLayout.axisLength + copy.toRow) * toLayout.rowBytes;
    copy.to.set(copy.from.subarray(fromStart, fromStart + sizeBytes), toStart);
  }
}
