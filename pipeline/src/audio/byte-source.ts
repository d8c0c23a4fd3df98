import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
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
  // A named pipe is a file without a size.
  const sizeBytes = found.isFile() ? found.size : undefined;
  return { name, chunks: fileChunks(path, name), sizeBytes, path };
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
