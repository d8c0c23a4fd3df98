import { createHash } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type ArgSpec, type Manifest, type SequenceSpec, tensor } from "@aiekit/core";
import { type LoopbackSteps, loopbackInsts, loopbackXclbin, objectWords } from "../loopback.test-support.ts";

export { objectWords };

/** A sequence of the loop-back design: `rows` objects are given and got, the buffers have `bufferRows`. */
export interface LoopbackSequence extends LoopbackSteps {
  readonly name: string;
  readonly rows: number;
  readonly bufferRows?: number;
  readonly parameters?: SequenceSpec["parameters"];
}

/** The manifest of a build of the loop-back design, and the instruction streams of its sequences. */
export function loopbackManifest(sequences: readonly LoopbackSequence[]): {
  readonly manifest: Manifest;
  readonly files: ReadonlyMap<string, Uint8Array>;
} {
  const xclbin = loopbackXclbin();
  const files = new Map([["loopback.xclbin", xclbin]]);
  const specs = sequences.map(({ name, rows, bufferRows = rows, parameters, ...steps }): SequenceSpec => {
    const insts = loopbackInsts({ send: bufferRows, fetch: bufferRows, ...steps });
    files.set(`${name}.bin`, insts);
    const array: Omit<ArgSpec, "name" | "direction"> = {
      dtype: "i32",
      shape: [rows, objectWords],
      ...(bufferRows !== rows && { padded: [bufferRows, objectWords] }),
      bytes: bufferRows * objectWords * 4,
    };
    const args = [
      { name: "in", direction: "in", ...array } as const,
      { name: "out", direction: "out", ...array } as const,
    ];
    return { name, insts: fileRef(`${name}.bin`, insts), units: 1, args, ...(parameters && { parameters }) };
  });
  const manifest: Manifest = {
    format: "aiekit-manifest",
    version: 1,
    kernel: "loopback",
    about: "sends objects through a mem tile",
    target: "sim",
    device: "npu1_1col",
    params: {},
    design: fileRef("loopback.xclbin", xclbin),
    xclbin: fileRef("loopback.xclbin", xclbin),
    xclbinKernel: "MLIR_AIE",
    sequences: specs,
    inputs: [],
    tools: [],
  };
  return { manifest, files };
}

/** Writes a build of the loop-back design and returns its manifest's path. */
export async function writeLoopbackBuild(folder: string, sequences: readonly LoopbackSequence[]): Promise<string> {
  const { manifest, files } = loopbackManifest(sequences);
  for (const [name, bytes] of files) await writeFile(join(folder, name), bytes);
  const path = join(folder, "manifest.json");
  await writeFile(path, JSON.stringify(manifest));
  return path;
}

/** i32[rows, objectWords]: start, start + 1, ... */
export function ramp(rows: number, start = 1) {
  const data = Int32Array.from({ length: rows * objectWords }, (_, i) => start + i);
  return tensor("i32", [rows, objectWords], data);
}

function fileRef(path: string, bytes: Uint8Array) {
  return { path, bytes: bytes.length, sha256: createHash("sha256").update(bytes).digest("hex") };
}
