import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { resolve } from "node:path";
import { FormatError } from "@aiekit/core";

/** Bytes of a recording, in order, in chunks of any size. */
export interface ByteSource {
  /** For errors: the path as the user gave it. */
  readonly name: string;
  readonly chunks: AsyncIterable<Uint8Array>;
  /** Undefined for a pipe, whose end is not known before it is there. */
  readonly sizeBytes: number | undefined;
  /** Where the same bytes lie in a file, for programs that want a path. */
  readonly path: string | undefined;
}

const chunkBytes = 65_536;

/** A file, read in chunks. @throws FormatError that says what is wrong with the path. */
export async function fileSource(path: string, name = path): Promise<ByteSource> {
  const found = await stat(path).catch((cause: NodeJS.ErrnoException) => {
    throw new FormatError(`${name}: ${reasonOf(cause)}`, { cause, hint: "check the path" });
  });
  if (found.isDirectory()) {
    throw new FormatError(`${name}: expected a file, got a folder`, { hint: "name the recordings in it" });
  }
  const chunks = fileChunks(path, name);
  // A named pipe or /dev/stdin has no size, and is gone once it was read.
  return found.isFile() ? { name, chunks, sizeBytes: found.size, path } : pipeSource(chunks, name);
}

/** What a user names: `-` is stdin, all else a path that counts from `cwd`. @throws FormatError as `fileSource` does. */
export async function namedSource(
  path: string,
  { cwd, stdin }: { readonly cwd: string; readonly stdin: AsyncIterable<Uint8Array> },
): Promise<ByteSource> {
  return path === "-" ? pipeSource(stdin, "stdin") : fileSource(resolve(cwd, path), path);
}

/** What is in memory already; `path` says where it came from, if it was a file. */
export function bytesSource(bytes: Uint8Array, name: string, path?: string): ByteSource {
  async function* pieces(): AsyncGenerator<Uint8Array> {
    for (let at = 0; at < bytes.length; at += chunkBytes) yield bytes.subarray(at, at + chunkBytes);
  }
  return { name, chunks: pieces(), sizeBytes: bytes.length, path };
}

/** A pipe, such as stdin. */
export function pipeSource(chunks: AsyncIterable<Uint8Array>, name: string): ByteSource {
  return { name, chunks, sizeBytes: undefined, path: undefined };
}

async function* fileChunks(path: string, name: string): AsyncGenerator<Uint8Array> {
  try {
    yield* createReadStream(path, { highWaterMark: chunkBytes });
  } catch (cause) {
    throw new FormatError(`${name}: ${reasonOf(cause as NodeJS.ErrnoException)}`, { cause: cause });
  }
}

function reasonOf(error: NodeJS.ErrnoException): string {
  switch (error.code) {
    case "ENOENT":
      return "there is no such file";
    case "EACCES":
      return "no permission to read this file";
    default:
      return `could not be read: ${error.message}`;
  }
}
