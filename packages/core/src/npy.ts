import { type DType, dtypeBytes, viewAs } from "./dtype.ts";
import { FormatError } from "./errors.ts";
import { elementCount, type Tensor, tensor, tensorBytes } from "./tensor.ts";

// NumPy's own description of the format: numpy.lib.format, versions 1.0 to 3.0.
const magic = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59];
const toDescr: Readonly<Record<Exclude<DType, "bf16">, string>> = {
  i8: "|i1",
  u8: "|u1",
  i16: "<i2",
  u16: "<u2",
  i32: "<i4",
  u32: "<u4",
  i64: "<i8",
  u64: "<u8",
  f32: "<f4",
  f64: "<f8",
};

/**
 * Reads a .npy file. Big-endian elements and Fortran order are turned into little-endian and C order. bfloat16 has no
 * .npy type of its own and is read as u16.
 * @throws FormatError that names what was found where the file is not such an array.
 */
export function readNpy(bytes: Uint8Array, name = "npy"): Tensor {
  const fail = (what: string, offset: number, hint = "save the array with numpy.save(path, array)"): never => {
    throw new FormatError(`${name}: ${what}`, { offset, hint });
  };
  if (bytes.length < 10) fail(`expected a .npy file of at least 10 bytes, got ${bytes.length}`, 0);
  if (magic.some((b, i) => bytes[i] !== b)) {
    const isZip = bytes[0] === 0x50 && bytes[1] === 0x4b;
    const found = isZip ? "a zip archive, as .npz files are" : "something else";
    fail(`expected a .npy file (first bytes \\x93NUMPY), got ${found}`, 0);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const major = bytes[6]!;
  if (major < 1 || major > 3) fail(`expected .npy version 1, 2 or 3, got ${major}`, 6);
  const start = major === 1 ? 10 : 12;
  if (bytes.length < start) fail(`header is cut off: expected ${start} bytes, got ${bytes.length}`, 8);
  const headerLength = major === 1 ? view.getUint16(8, true) : view.getUint32(8, true);
  const dataStart = start + headerLength;
  if (bytes.length < dataStart) fail(`header is cut off: expected ${dataStart} bytes, got ${bytes.length}`, 8);

  const header = new TextDecoder("latin1").decode(bytes.subarray(start, dataStart));
  const descr = /'descr'\s*:\s*('[^']*'|\[)/.exec(header)?.[1];
  const order = /'fortran_order'\s*:\s*(True|False)/.exec(header)?.[1];
  const dims = /'shape'\s*:\s*\(([^)]*)\)/.exec(header)?.[1];
  if (descr === undefined || order === undefined || dims === undefined) {
    return fail(`header has no descr, fortran_order or shape: ${header.trim()}`, start);
  }
  if (descr === "[") fail("expected an array of numbers, got records with named fields", start, recordHint);
  const type = descr.slice(1, -1);
  const dtype = (Object.keys(toDescr) as Exclude<DType, "bf16">[]).find((d) => toDescr[d].slice(1) === type.slice(1));
  if (dtype === undefined) {
    const known = Object.values(toDescr).join(" ");
    return fail(`element type ${type} is not supported; expected one of ${known}`, start, typeHint);
  }
  const shape = dims
    .split(",")
    .map((d) => d.trim())
    .filter((d) => d !== "")
    .map((d) =>
      /^\d{1,15}$/.test(d) ? Number(d) : fail(`shape: expected whole numbers, got ${d.slice(0, 40)}`, start),
    );
  const expected = elementCount(shape) * dtypeBytes(dtype);
  if (bytes.length - dataStart < expected) {
    fail(`data is cut off: shape (${dims.trim()}) needs ${expected} bytes, got ${bytes.length - dataStart}`, dataStart);
  }
  let data = bytes.slice(dataStart, dataStart + expected);
  if (type.startsWith(">")) swapBytes(data, dtypeBytes(dtype));
  if (order === "True") data = fromFortranOrder(data, shape, dtypeBytes(dtype));
  return tensor(dtype, shape, viewAs(dtype, data));
}

const recordHint = "save one field: numpy.save(path, array['field'])";
const typeHint = "convert with array.astype('<f4') or another of these types";

function swapBytes(data: Uint8Array, elementBytes: number): void {
  for (let at = 0; at < data.length; at += elementBytes) data.subarray(at, at + elementBytes).reverse();
}

/** Elements whose first index runs fastest, put so that the last one does. */
function fromFortranOrder(data: Uint8Array, shape: readonly number[], elementBytes: number): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(data.length);
  const index = shape.map(() => 0);
  for (let at = 0; at < data.length; at += elementBytes) {
    const to = index.reduce((sum, i, axis) => sum * shape[axis]! + i, 0) * elementBytes;
    out.set(data.subarray(at, at + elementBytes), to);
    for (let axis = 0; axis < shape.length && ++index[axis]! === shape[axis]!; axis++) index[axis] = 0;
  }
  return out;
}

/** A .npy file (version 1.0) of a tensor. bf16 is written as u16, its 16 bits. */
export function writeNpy(t: Tensor): Uint8Array {
  const descr = t.dtype === "bf16" ? "<u2" : toDescr[t.dtype];
  const shape = t.shape.length === 1 ? `${t.shape[0]},` : t.shape.join(", ");
  const text = `{'descr': '${descr}', 'fortran_order': False, 'shape': (${shape}), }`;
  const headerLength = Math.ceil((10 + text.length + 1) / 64) * 64 - 10;
  const header = new TextEncoder().encode(`${text.padEnd(headerLength - 1)}\n`);
  const out = new Uint8Array(10 + headerLength + t.data.byteLength);
  out.set([...magic, 1, 0, headerLength & 255, headerLength >> 8]);
  out.set(header, 10);
  out.set(tensorBytes(t), 10 + headerLength);
  return out;
}
