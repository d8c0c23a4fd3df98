import { FormatError } from "@aiekit/core";
import { isObject, shown } from "./json-fields.ts";
import { repeatedKey } from "./repeated-key.ts";

/** Bytes of one element. Whisper's weights are F32, F16 or BF16; the others may stand in a file beside them. */
export const safetensorsDtypes = {
  BOOL: 1,
  U8: 1,
  I8: 1,
  F8_E5M2: 1,
  F8_E4M3: 1,
  I16: 2,
  U16: 2,
  F16: 2,
  BF16: 2,
  I32: 4,
  U32: 4,
  F32: 4,
  F64: 8,
  I64: 8,
  U64: 8,
} as const;
type SafetensorsDtype = keyof typeof safetensorsDtypes;

/** Where an array lies in its file. Row-major, little-endian. */
export interface TensorPlace {
  readonly dtype: SafetensorsDtype;
  readonly shape: readonly number[];
  /** From the start of the file. */
  readonly offsetBytes: number;
  readonly sizeBytes: number;
}

/** A header is a word of 8 bytes that counts the bytes of JSON, and the JSON. */
export const safetensorsPrefixBytes = 8;

/** The limit of the safetensors library; headers of the largest models have less than 1 MB. */
const headerLimitBytes = 100_000_000;

/**
 * Bytes of JSON behind the first 8 bytes of a file. @throws FormatError where the file cannot hold them.
 */
export function safetensorsHeaderBytes(prefix: Uint8Array, fileBytes: number, file: string): number {
  if (prefix.byteLength < safetensorsPrefixBytes)
    throw new FormatError(`${file}: header: expected ${safetensorsPrefixBytes} B of length, got ${fileBytes} B`, {
      offset: 0,
    });
  const size = new DataView(prefix.buffer, prefix.byteOffset, safetensorsPrefixBytes).getBigUint64(0, true);
  const limit = Math.min(headerLimitBytes, fileBytes - safetensorsPrefixBytes);
  if (size < 2n || size > BigInt(limit))
    throw new FormatError(`${file}: header: expected 2 to ${limit} B of JSON, got ${size}`, {
      offset: 0,
      hint: "the file is cut, or is no safetensors file",
    });
  return Number(size);
}

/**
 * Where the arrays lie, by their names. Holds the format's rules: sizes follow from shapes, arrays lie one behind the other
 * without overlap and gap, and fill the file. `json`: the bytes of the header.
 * Source: README of the safetensors format, section Format. @throws FormatError.
 */
export function parseSafetensorsHeader(
  json: Uint8Array,
  fileBytes: number,
  file: string,
): ReadonlyMap<string, TensorPlace> {
  const header = parseObject(json, file);
  const dataStart = safetensorsPrefixBytes + json.byteLength;
  const places = new Map<string, TensorPlace>();
  for (const [name, entry] of Object.entries(header)) {
    if (name !== "__metadata__") places.set(name, placeOf(entry, `${file}: ${name}`, dataStart));
  }
  let end = dataStart;
  const inOrder = [...places].sort(([, a], [, b]) => a.offsetBytes - b.offsetBytes || a.sizeBytes - b.sizeBytes);
  for (const [name, { offsetBytes, sizeBytes }] of inOrder) {
    if (offsetBytes !== end) {
      const what = offsetBytes < end ? "overlaps the array before it" : "leaves a gap to the array before it";
      throw new FormatError(`${file}: ${name}: ${what}: expected byte ${end}, got ${offsetBytes}`, {
        offset: Math.min(end, fileBytes),
      });
    }
    end += sizeBytes;
  }
  if (end !== fileBytes)
    throw new FormatError(`${file}: expected ${end} B after its header, got ${fileBytes} B`, {
      offset: Math.min(end, fileBytes),
      hint: end > fileBytes ? "the file is cut: get it again" : "something stands behind the last array",
    });
  return places;
}

function parseObject(json: Uint8Array, file: string): Readonly<Record<string, unknown>> {
  let text: string;
  let value: unknown;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(json);
    value = JSON.parse(text);
  } catch (cause) {
    throw new FormatError(`${file}: header: no JSON in UTF-8: ${(cause as Error).message}`, {
      offset: safetensorsPrefixBytes,
      cause,
    });
  }
  if (!isObject(value))
    throw new FormatError(`${file}: header: expected a JSON object, got ${shown(value)}`, {
      offset: safetensorsPrefixBytes,
    });
  const twice = repeatedKey(text);
  if (twice !== undefined)
    throw new FormatError(`${file}: header: ${twice} stands in it twice`, { offset: safetensorsPrefixBytes });
  return value;
}

function placeOf(entry: unknown, what: string, dataStart: number): TensorPlace {
  const fail = (field: string, expected: string, value: unknown): never => {
    throw new FormatError(`${what}: ${field}: expected ${expected}, got ${shown(value)}`, {
      offset: safetensorsPrefixBytes,
    });
  };
  if (!isObject(entry)) return fail("entry", "an object", entry);
  const { dtype, shape, data_offsets: offsets } = entry;
  if (typeof dtype !== "string" || !Object.hasOwn(safetensorsDtypes, dtype))
    return fail("dtype", Object.keys(safetensorsDtypes).join(", "), dtype);
  const isSize = (n: unknown): n is number => Number.isSafeInteger(n) && (n as number) >= 0;
  if (!Array.isArray(shape) || !shape.every(isSize) || shape.length > 8)
    return fail("shape", "a list of at most 8 sizes", shape);
  const [begin, end] = Array.isArray(offsets) && offsets.length === 2 ? (offsets as unknown[]) : [];
  if (!isSize(begin) || !isSize(end) || begin > end) return fail("data_offsets", "begin and end", offsets);
  const sizeBytes = shape.reduce((n: number, size) => n * size, safetensorsDtypes[dtype as SafetensorsDtype]);
  if (sizeBytes !== end - begin) return fail("data_offsets", `${sizeBytes} B for ${dtype}[${shape}]`, end - begin);
  return { dtype: dtype as SafetensorsDtype, shape, offsetBytes: dataStart + begin, sizeBytes };
}
