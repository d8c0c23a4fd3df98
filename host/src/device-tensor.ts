import {
  type ArgSpec,
  type ArrayRun,
  arrayRuns,
  cropped,
  type DType,
  describeShape,
  dtypeBytes,
  elementCount,
  padded,
  type RowMargin,
  ShapeError,
  type Tensor,
  tensor,
  tensorBytes,
  viewAs,
} from "@aiekit/core";
import type { Bo, Device } from "./device.ts";

/** An array in a device buffer: what the caller sees of it, and the buffer's own shape, at least as large on each axis. */
export interface ArrayLayout {
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly padded: readonly number[];
  readonly margin?: RowMargin | undefined;
}

/** The layout that an argument asks for. */
export function layoutOf(arg: Pick<ArgSpec, "dtype" | "shape" | "padded" | "margin">): ArrayLayout {
  const { dtype, shape, padded: buffer = shape, margin } = arg;
  return { dtype, shape, padded: buffer, ...(margin && { margin }) };
}

/**
 * An array that stays in device memory: a run reads it where the run before wrote it, and nothing goes through the host.
 * Whoever makes it closes it. Elements between shape and buffer start as zeros; a run that writes whole tiles leaves there
 * what it computed from the padding of its inputs.
 */
export class DeviceTensor implements ArrayLayout {
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly padded: readonly number[];
  readonly margin?: RowMargin;
  readonly bo: Bo;

  constructor({ dtype, shape, padded: buffer, margin }: ArrayLayout, bo: Bo) {
    this.dtype = dtype;
    this.shape = shape;
    this.padded = buffer;
    if (margin !== undefined) this.margin = margin;
    this.bo = bo;
  }

  /** Copies an array of exactly this type and shape to the device, zeros around it. @throws ShapeError for another one. */
  async write(array: Tensor): Promise<void> {
    const [expected, got] = [describe(this), describeShape(array.dtype, array.shape)];
    if (expected !== got) throw new ShapeError(`device tensor: expected ${expected}, got ${got}`);
    this.#writeBytes(tensorBytes(array));
    await this.bo.sync("toDevice");
  }

  /** Copies the bytes of a whole buffer, padding included, as they were packed before. @throws ShapeError for another size. */
  async writeBuffer(bytes: Uint8Array): Promise<void> {
    if (bytes.length !== this.bo.sizeBytes) {
      throw new ShapeError(
        `device tensor ${describe(this)}: expected ${this.bo.sizeBytes} bytes of its buffer, got ${bytes.length}`,
      );
    }
    this.bo.write(bytes);
    await this.bo.sync("toDevice");
  }

  /** A copy of what is on the device, without the padding. */
  async read(): Promise<Tensor> {
    await this.bo.sync("fromDevice");
    const run = this.#onlyRun;
    const bytes = run
      ? this.bo.read({ offsetBytes: run.outer, sizeBytes: run.sizeBytes })
      : cropped(this.bo.read(), this);
    return tensor(this.dtype, this.shape, viewAs(this.dtype, bytes));
  }

  /**
   * Rows `first` .. `first + count - 1` of the outermost axis as an array of its own in the same memory; close it before
   * this one. @throws ShapeError for rows that are not there; DeviceError where they do not start at a cache line.
   */
  rows(first: number, count: number): DeviceTensor {
    const [rows = 1, ...rest] = this.shape;
    const whole = Number.isSafeInteger(first) && Number.isSafeInteger(count);
    if (this.shape.length === 0 || !whole || first < 0 || count < 1 || first + count > rows) {
      throw new ShapeError(
        `device tensor ${describe(this)}: expected rows within 0 to ${rows - 1}, got ${count} from ${first}`,
      );
    }
    const rowShape = this.padded.slice(1);
    const rowBytes = elementCount(rowShape) * dtypeBytes(this.dtype);
    const offsetBytes = ((this.margin?.before ?? 0) + first) * rowBytes;
    const bo = this.bo.part({ offsetBytes, sizeBytes: count * rowBytes });
    return new DeviceTensor({ dtype: this.dtype, shape: [count, ...rest], padded: [count, ...rowShape] }, bo);
  }

  close(): void {
    this.bo.close();
  }

  #writeBytes(bytes: Uint8Array): void {
    const run = this.#onlyRun;
    if (run === undefined) {
      this.bo.write(padded(bytes, this));
      return;
    }
    // The padding too: what a kernel left there came with the last `read`.
    const end = run.outer + run.sizeBytes;
    this.bo.write(new Uint8Array(run.outer));
    this.bo.write(bytes, run.outer);
    this.bo.write(new Uint8Array(this.bo.sizeBytes - end), end);
  }

  /** Where the array lies in its buffer; undefined when it lies there in several pieces, or is empty. */
  get #onlyRun(): ArrayRun | undefined {
    const runs = arrayRuns(this);
    const [first, second] = [runs.next(), runs.next()];
    return second.done && !first.done ? first.value : undefined;
  }
}

/** An array of zeros on the device; `group` is `kernel.groupOf(sequence, argument)` of what it is for. */
export async function allocTensor(device: Device, layout: ArrayLayout, group: number): Promise<DeviceTensor> {
  const sizeBytes = elementCount(layout.padded) * dtypeBytes(layout.dtype);
  // A new BO holds zeros on the host's side and anything on the device's.
  const bo = await device.allocBo(sizeBytes, { flags: "hostOnly", group });
  try {
    await bo.sync("toDevice");
  } catch (error) {
    bo.close();
    throw error;
  }
  return new DeviceTensor(layout, bo);
}

/**
 * Why an array cannot be an argument, or undefined when it can: type and shape are equal, rows lie at the same distance and
 * begin at the same place, zeros are where they are counted on, and the buffer has at least the rows that the device touches.
 */
export function layoutProblem(array: ArrayLayout, wanted: ArrayLayout): string | undefined {
  const sameShape = describe(array) === describe(wanted);
  const samePitch = wanted.padded.slice(1).every((size, i) => size === array.padded[i + 1]);
  const problem = marginProblem(array.margin, wanted.margin);
  if (sameShape && samePitch && problem !== undefined) return problem;
  if (sameShape && samePitch && (array.padded[0] ?? 1) >= (wanted.padded[0] ?? 1)) return undefined;
  const [rows = 1, ...rest] = wanted.padded;
  const buffer = rest.length === 0 ? `${rows} elements` : `${rows} rows of [${rest.join(", ")}]`;
  return `expected ${describe(wanted)} in a buffer of ${buffer} or more, got ${describe(array)} in [${array.padded.join(", ")}]`;
}

const noMargin: RowMargin = { before: 0, after: 0 };

function marginProblem(given: RowMargin = noMargin, wanted: RowMargin = noMargin): string | undefined {
  if (given.before === wanted.before && given.after >= wanted.after) return undefined;
  const text = ({ before, after }: RowMargin) => `${before} rows of zeros before it and ${after} behind`;
  return `expected an array with ${text(wanted)}, got one with ${text(given)}`;
}

const describe = ({ dtype, shape }: ArrayLayout): string => describeShape(dtype, shape);
