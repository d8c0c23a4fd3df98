import { crc32, inflateSync } from "node:zlib";
import { FormatError, ShapeError } from "@aiekit/core";
import { expect, test } from "vitest";
import { decodePng, encodePng } from "./png.ts";

const image = { width: 3, height: 2, rgb: Uint8Array.from({ length: 18 }, (_, i) => (i * 53) % 256) };

test("a PNG is signature, IHDR 3 × 2 of 8-bit RGB, IDAT, IEND in this order", () => {
  const bytes = encodePng(image);
  const view = new DataView(bytes.buffer);

  expect([...bytes.subarray(0, 8)]).toEqual([137, 80, 78, 71, 13, 10, 26, 10]);
  expect(chunksOf(bytes).map((c) => c.type)).toEqual(["IHDR", "IDAT", "IEND"]);
  expect([view.getUint32(16), view.getUint32(20)]).toEqual([3, 2]);
  expect([...bytes.subarray(24, 29)]).toEqual([8, 2, 0, 0, 0]);
});

test("IEND of an empty body has the checksum AE426082 that every PNG file ends with", () => {
  const bytes = encodePng(image);

  expect(Buffer.from(bytes.subarray(-4)).toString("hex")).toBe("ae426082");
});

test.skipIf(typeof crc32 !== "function")("checksums are those of zlib", () => {
  for (const { body, checksum } of chunksOf(encodePng(image))) expect(checksum).toBe(crc32(body));
});

test("rows carry filter 2, and the second is the difference to the first", () => {
  const idat = chunksOf(encodePng(image)).find((c) => c.type === "IDAT");
  const rows = inflateSync(idat!.body.subarray(4));

  expect([rows[0], rows[10]]).toEqual([2, 2]);
  expect(rows[1]).toBe(image.rgb[0]);
  expect(rows[11]).toBe((image.rgb[9]! - image.rgb[0]! + 256) % 256);
});

test("pixels come back as written", () => {
  expect(decodePng(encodePng(image))).toEqual(image);
});

test("bytes that are not width × height pixels are refused", () => {
  expect(() => encodePng({ ...image, width: 4 })).toThrow(ShapeError);
  expect(() => encodePng({ width: 0, height: 0, rgb: new Uint8Array(0) })).toThrow(ShapeError);
});

test("a flipped bit, a cut file and text are refused with a FormatError", () => {
  const bytes = encodePng(image);
  const flipped = bytes.slice();
  flipped[17]! ^= 1;

  expect(() => decodePng(flipped)).toThrow(/checksum/);
  expect(() => decodePng(bytes.subarray(0, 45))).toThrow(FormatError);
  expect(() => decodePng(new TextEncoder().encode("not a picture"))).toThrow(FormatError);
});

interface Chunk {
  readonly type: string;
  readonly body: Uint8Array;
  readonly checksum: number;
}

function chunksOf(bytes: Uint8Array): Chunk[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const chunks: Chunk[] = [];
  for (let at = 8; at < bytes.length; ) {
    const length = view.getUint32(at);
    const body = bytes.subarray(at + 4, at + 8 + length);
    chunks.push({ type: Buffer.from(body.subarray(0, 4)).toString(), body, checksum: view.getUint32(at + 8 + length) });
    at += 12 + length;
  }
  return chunks;
}
