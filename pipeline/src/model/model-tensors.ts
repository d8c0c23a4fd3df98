import { type FileHandle, open } from "node:fs/promises";
import { basename, join } from "node:path";
import { FormatError, type Tensor, tensor, UsageError } from "@aiekit/core";
import { widen } from "./half-floats.ts";
import {
  parseSafetensorsHeader,
  safetensorsDtypes,
  safetensorsHeaderBytes,
  safetensorsPrefixBytes,
  type TensorPlace,
} from "./safetensors-header.ts";

export interface FiledTensor extends TensorPlace {
  /** Name of the file in the folder. */
  readonly file: string;
}

/** Rows of the first dimension: `count` of them from `from` on. */
export interface Rows {
  readonly from: number;
  readonly count: number;
}

/** Arrays of one or more safetensors files, which stay open until `close`. Reads only what is asked for. */
export interface ModelTensors {
  readonly places: ReadonlyMap<string, FiledTensor>;
  /** Every file could be read. */
  readonly complete: boolean;
  /** The array in float32, or some of its rows. @throws FormatError for one that is not F32, F16 or BF16. */
  read(name: string, rows?: Rows): Promise<Tensor<"f32">>;
  /** Its bytes as they are in the file. */
  readBytes(name: string): Promise<Uint8Array>;
  close(): Promise<void>;
}

/**
 * Opens files of `folder` and reads their headers. What is wrong with a file, and arrays that two of them have, goes to
 * `problems`; the arrays of the others are there.
 */
export async function openModelTensors(
  folder: string,
  files: readonly string[],
  problems: string[],
): Promise<ModelTensors> {
  const handles = new Map<string, FileHandle>();
  const places = new Map<string, FiledTensor>();
  let complete = true;
  for (const file of files) {
    try {
      const handle = await openFile(join(folder, file));
      handles.set(file, handle);
      for (const [name, place] of await readHeader(handle, file)) {
        const other = places.get(name)?.file;
        if (other === undefined) places.set(name, { ...place, file });
        else problems.push(`${file}: ${name}: ${other} has it too`);
      }
    } catch (error) {
      if (!(error instanceof FormatError)) throw error;
      problems.push(error.message);
      complete = false;
    }
  }
  const close = async () => {
    for (const handle of handles.values()) await handle.close();
    handles.clear();
  };
  const find = (name: string) => {
    const place = places.get(name);
    const handle = place && handles.get(place.file);
    if (place === undefined) throw new FormatError(`weights: ${name} is missing`);
    if (handle === undefined) throw new UsageError(`weights: ${name}: the model is closed`);
    return { place, handle };
  };
  return {
    places,
    complete,
    read: async (name, rows) => {
      const { place, handle } = find(name);
      return readFloats(handle, place, { name, rows });
    },
    readBytes: async (name) => {
      const { place, handle } = find(name);
      const bytes = new Uint8Array(place.sizeBytes);
      await readExactly(handle, bytes, place.offsetBytes, `${place.file}: ${name}`);
      return bytes;
    },
    close,
  };
}

async function openFile(path: string): Promise<FileHandle> {
  return open(path).catch((cause: NodeJS.ErrnoException) => {
    const what = cause.code === "ENOENT" ? "missing" : `cannot be read: ${cause.message}`;
    throw new FormatError(`${basename(path)}: ${what}`, { cause });
  });
}

async function readHeader(handle: FileHandle, file: string): Promise<ReadonlyMap<string, TensorPlace>> {
  const info = await handle.stat();
  if (!info.isFile()) throw new FormatError(`${file}: expected a file`);
  const { size } = info;
  const prefix = new Uint8Array(Math.min(safetensorsPrefixBytes, size));
  await readExactly(handle, prefix, 0, file);
  const json = new Uint8Array(safetensorsHeaderBytes(prefix, size, file));
  await readExactly(handle, json, safetensorsPrefixBytes, file);
  return parseSafetensorsHeader(json, size, file);
}

/** 16-bit floats are widened in pieces, so that an array is not held twice. */
const pieceBytes = 1 << 20;

async function readFloats(
  handle: FileHandle,
  { dtype, shape, offsetBytes, file }: FiledTensor,
  { name, rows }: { readonly name: string; readonly rows: Rows | undefined },
): Promise<Tensor<"f32">> {
  if (dtype !== "F32" && dtype !== "F16" && dtype !== "BF16")
    throw new FormatError(`${file}: ${name}: expected F32, F16 or BF16, got ${dtype}`);
  const [height = 1, ...inner] = shape;
  const { from, count } = rows ?? { from: 0, count: height };
  if (!(from >= 0 && count >= 0 && from + count <= height))
    throw new UsageError(`${name}: expected rows inside 0 to ${height}, got ${from} to ${from + count}`);
  const row = inner.reduce((n, size) => n * size, 1);
  const bytes = safetensorsDtypes[dtype];
  const start = offsetBytes + from * row * bytes;
  const values = new Float32Array(count * row);
  if (dtype === "F32") await readExactly(handle, new Uint8Array(values.buffer), start, `${file}: ${name}`);
  else {
    for (let at = 0; at < values.length; at += pieceBytes / bytes) {
      const piece = values.subarray(at, at + pieceBytes / bytes);
      const bits = new Uint16Array(piece.length);
      await readExactly(handle, new Uint8Array(bits.buffer), start + at * bytes, `${file}: ${name}`);
      widen(dtype, bits, piece);
    }
  }
  return tensor("f32", shape.length === 0 ? [] : [count, ...inner], values);
}

async function readExactly(handle: FileHandle, bytes: Uint8Array, from: number, what: string): Promise<void> {
  for (let done = 0; done < bytes.byteLength; ) {
    const { bytesRead } = await handle.read(bytes, done, bytes.byteLength - done, from + done);
    if (bytesRead === 0)
      throw new FormatError(`${what}: expected ${bytes.byteLength} B, got ${done} B; the file has become shorter`, {
        offset: from + done,
      });
    done += bytesRead;
  }
}
