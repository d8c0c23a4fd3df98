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
 * Reads a .npy file: little-endian, C order. bfloat16 has no .npy type of its own and is read as u16.
 * @throws FormatError that names what was found where the file is not such an array.
 */
export function readNpy(bytes: Uint8Array, name = "npy"): Tensor {
  const fail = (what: string, offset: number): never => {
    throw new FormatError(`${name}: ${what}`, { offset, hint: "save the array with numpy.save(path, array)" });
  };
  if (bytes.length < 10) fail(`expected a .npy file of at least 10 bytes, got ${bytes.length}`, 0);
  if (magic.some((b, i) => bytes[i] !== b))
    fail("expected a .npy file (first bytes \\x93NUMPY), got something else", 0);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const major = bytes[6]!;
  if (major < 1 || major > 3) fail(`expected .npy version 1, 2 or 3, got ${major}`, 6);
  const start = major === 1 ? 10 : 12;
  if (bytes.length < start) fail(`header is cut off: expected ${start} bytes, got ${bytes.length}`, 8);
  const headerLength = major === 1 ? view.getUint16(8, true) : view.getUint32(8, true);
  const dataStart = start + headerLength;
  if (bytes.length < dataStart) fail(`header is cut off: expected ${dataStart} bytes, got ${bytes.length}`, 8);

  const header = new TextDecoder("latin1").decode(bytes.subarray(start, dataStart));
  const descr = /'descr'\s*:\s*'([^']*)'/.exec(header)?.[1];
  const order = /'fortran_order'\s*:\s*(True|False)/.exec(header)?.[1];
  const dims = /'shape'\s*:\s*\(([^)]*)\)/.exec(header)?.[1];
  if (descr === undefined || order === undefined || dims === undefined) {
    throw new FormatError(`${name}: header has no descr, fortran_order or shape: ${header.trim()}`, { offset: start });
  }
  const dtype = (Object.keys(toDescr) as Exclude<DType, "bf16">[]).find((d) => toDescr[d].slice(1) === descr.slice(1));
  if (dtype === undefined || descr.startsWith(">")) {
    throw new FormatError(
      `${name}: element type ${descr} is not supported; expected one of ${Object.values(toDescr).join(" ")}`,
      {
        offset: start,
        hint: "convert with array.astype('<f4') or another of these types",
      },
    );
  }
  if (order === "True") fail("array is in Fortran order, expected C order", start);
  const shape = dims
    .split(",")
    .map((d) => d.trim())
    .filter((d) => d !== "")
    .map(Number);
  const expected = elementCount(shape) * dtypeBytes(dtype);
  if (bytes.length - dataStart < expected) {
    fail(`data is cut off: shape (${dims.trim()}) needs ${expected} bytes, got ${bytes.length - dataStart}`, dataStart);
  }
  return tensor(dtype, shape, viewAs(dtype, bytes.slice(dataStart, dataStart + expected)));
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
