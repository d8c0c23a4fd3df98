import { createHash } from "node:crypto";
import { type FileHandle, open, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type OnnxGraph, storedConstant } from "./onnx-graph.ts";
import type { ProtoMessage } from "./protobuf.ts";

export interface WrittenFile {
  readonly sizeBytes: number;
  readonly sha256: string;
}

/** Constants of fewer bytes stay in the model's file, where onnxruntime can fold them. */
const inlineBytes = 1024;
/** Offsets as pages begin, so that the file can be mapped. */
const pageBytes = 4096;

/**
 * Writes `NAME.onnx` and, beside it, `NAME.bin` with the constants: protocol buffers end at 2 GB, models do not. One
 * constant at a time is in memory. Returns sizes and hashes by file name.
 */
export async function writeOnnxModel(
  folder: string,
  name: string,
  graph: OnnxGraph,
  onConstant: (sizeBytes: number) => void,
): Promise<Readonly<Record<string, WrittenFile>>> {
  const file = `${name}.bin`;
  const handle = await open(join(folder, file), "w");
  const hash = createHash("sha256");
  const stored: ProtoMessage[] = [];
  let offsetBytes = 0;
  try {
    for (const constant of graph.constants) {
      const values = await constant.read();
      onConstant(values.length);
      if (values.length < inlineBytes) {
        stored.push(storedConstant(constant, values));
        continue;
      }
      stored.push(storedConstant(constant, { file, offsetBytes, sizeBytes: values.length }));
      for (const part of [values, new Uint8Array(-values.length & (pageBytes - 1))]) {
        hash.update(part);
        await writeWhole(handle, part, offsetBytes);
        offsetBytes += part.length;
      }
    }
    await handle.sync();
  } finally {
    await handle.close();
  }
  const model = graph.encoded(name, stored);
  await writeFile(join(folder, `${name}.onnx`), model);
  return {
    [file]: { sizeBytes: offsetBytes, sha256: hash.digest("hex") },
    [`${name}.onnx`]: { sizeBytes: model.length, sha256: createHash("sha256").update(model).digest("hex") },
  };
}

async function writeWhole(handle: FileHandle, bytes: Uint8Array, offsetBytes: number): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    done += (await handle.write(bytes, done, bytes.length - done, offsetBytes + done)).bytesWritten;
  }
}
