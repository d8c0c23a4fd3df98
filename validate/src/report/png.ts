import { deflateSync, inflateSync } from "node:zlib";
import { FormatError, ShapeError } from "@aiekit/core";

/** A picture: 8-bit red, green, blue per pixel, row-major from the top left. */
export interface RgbImage {
  readonly width: number;
  readonly height: number;
  readonly rgb: Uint8Array;
}

const signature = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];
const bytesPerPixel = 3;
const filterUp = 2;

/**
 * A PNG file: 8-bit RGB, not interlaced.   Source: PNG (Portable Network Graphics) Specification, third edition, W3C.
 * @throws ShapeError when the bytes are not width·height pixels, or a side is 0.
 */
export function encodePng({ width, height, rgb }: RgbImage): Uint8Array {
  if (width < 1 || height < 1 || rgb.length !== width * height * bytesPerPixel) {
    throw new ShapeError(
      `png: expected ${width} × ${height} × ${bytesPerPixel} bytes, both sides above 0, got ${rgb.length}`,
    );
  }
  const header = new Uint8Array(13);
  const view = new DataView(header.buffer);
  view.setUint32(0, width);
  view.setUint32(4, height);
  header.set([8, 2, 0, 0, 0], 8);
  const file = [
    Uint8Array.from(signature),
    chunk("IHDR", header),
    chunk("IDAT", deflateSync(filterRows(rgb, width * bytesPerPixel))),
    chunk("IEND", new Uint8Array(0)),
  ];
  return Uint8Array.from(Buffer.concat(file));
}

/**
 * Reads what {@link encodePng} writes: one IDAT chunk, rows filtered with "none" or "up".
 * @throws FormatError on any other file, or a chunk whose checksum is wrong.
 */
export function decodePng(bytes: Uint8Array): RgbImage {
  const fail = (what: string, offset: number): never => {
    throw new FormatError(`png: ${what}`, { offset });
  };
  if (signature.some((b, i) => bytes[i] !== b)) fail("expected the PNG signature", 0);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const parts = new Map<string, Uint8Array>();
  for (let at = 8; at + 12 <= bytes.length; ) {
    const length = view.getUint32(at);
    if (at + 12 + length > bytes.length) fail(`chunk of ${length} bytes is cut off`, at);
    const body = bytes.subarray(at + 4, at + 8 + length);
    if (view.getUint32(at + 8 + length) !== crc32(body)) fail("wrong checksum", at);
    parts.set(String.fromCharCode(...body.subarray(0, 4)), body.subarray(4));
    at += 12 + length;
  }
  const header = parts.get("IHDR");
  const data = parts.get("IDAT");
  if (!header || !data || header.length !== 13 || header[8] !== 8 || header[9] !== 2) {
    throw new FormatError("png: expected IHDR of an 8-bit RGB picture and IDAT");
  }
  const head = new DataView(header.buffer, header.byteOffset, 13);
  const [width, height] = [head.getUint32(0), head.getUint32(4)];
  return { width, height, rgb: unfilterRows(inflateSync(data), width * bytesPerPixel, height) };
}

// Pictures here repeat each row several times: against the row above, all but one of them are zeros.
function filterRows(rgb: Uint8Array, rowBytes: number): Uint8Array {
  const rows = rgb.length / rowBytes;
  const out = new Uint8Array(rows * (rowBytes + 1));
  for (let y = 0; y < rows; y++) {
    const to = y * (rowBytes + 1);
    out[to] = filterUp;
    for (let x = 0; x < rowBytes; x++) {
      const above = y === 0 ? 0 : rgb[(y - 1) * rowBytes + x]!;
      out[to + 1 + x] = rgb[y * rowBytes + x]! - above;
    }
  }
  return out;
}

function unfilterRows(filtered: Uint8Array, rowBytes: number, rows: number): Uint8Array {
  if (filtered.length !== rows * (rowBytes + 1)) {
    throw new FormatError(`png: expected ${rows * (rowBytes + 1)} bytes of rows, got ${filtered.length}`);
  }
  const rgb = new Uint8Array(rows * rowBytes);
  for (let y = 0; y < rows; y++) {
    const from = y * (rowBytes + 1);
    const filter = filtered[from];
    if (filter !== 0 && filter !== filterUp) throw new FormatError(`png: row filter ${filter} is not supported`);
    for (let x = 0; x < rowBytes; x++) {
      const above = filter === filterUp && y > 0 ? rgb[(y - 1) * rowBytes + x]! : 0;
      rgb[y * rowBytes + x] = filtered[from + 1 + x]! + above;
    }
  }
  return rgb;
}

function chunk(type: string, data: Uint8Array): Uint8Array {
  const out = new Uint8Array(12 + data.length);
  const view = new DataView(out.buffer);
  view.setUint32(0, data.length);
  out.set(new TextEncoder().encode(type), 4);
  out.set(data, 8);
  view.setUint32(8 + data.length, crc32(out.subarray(4, 8 + data.length)));
  return out;
}

// ISO 3309, polynomial 0xEDB88320 reflected: annex D of the specification.
function crc32(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  }
  return (crc ^ 0xffffffff) >>> 0;
}
