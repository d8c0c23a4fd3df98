import { createHash } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Manifest, SequenceSpec } from "@aiekit/core";
import { writeInstsElf } from "@aiekit/xclbin";
import { loopbackInsts, loopbackXclbin, objectWords } from "./loopback.test-support.ts";

/** Builds of the loop-back design in a folder, as a build of a kernel leaves them. */
export class LoopbackBuild {
  readonly folder: string;

  constructor(folder: string) {
    this.folder = folder;
  }

  async write(path: string, bytes: Uint8Array) {
    await writeFile(join(this.folder, path), bytes);
    return { path, bytes: bytes.length, sha256: createHash("sha256").update(bytes).digest("hex") };
  }

  /** A sequence of so many objects, with instructions that may do something else. */
  async sequence(
    objects: number,
    insts: Uint8Array = loopbackInsts({ send: objects, fetch: objects }),
  ): Promise<SequenceSpec> {
    const array = { dtype: "i32", shape: [objects, objectWords], bytes: objects * objectWords * 4 } as const;
    const units = { axis: 0, hop: 1, window: 1 };
    return {
      name: `objects_${objects}`,
      insts: await this.write(`objects_${objects}.bin`, insts),
      units: objects,
      args: [
        { name: "in", direction: "in", ...array, units },
        { name: "out", direction: "out", ...array, units },
      ],
    };
  }

  /** The same with an ELF beside the instructions. */
  async sequenceWithElf(objects: number, elf?: Uint8Array): Promise<SequenceSpec> {
    const insts = loopbackInsts({ send: objects, fetch: objects });
    const instsElf = await this.write(`objects_${objects}.elf`, elf ?? writeInstsElf(insts));
    return { ...(await this.sequence(objects, insts)), instsElf };
  }

  /** Writes xclbin and manifest and returns the manifest's path. */
  async manifest(sequences: readonly SequenceSpec[], change: Partial<Manifest> = {}): Promise<string> {
    const { device = "npu1_1col" } = change;
    const xclbin = await this.write("loopback.xclbin", loopbackXclbin({ device }));
    const manifest: Manifest = {
      format: "aiekit-manifest",
      version: 1,
      kernel: "loopback",
      about: "sends objects through a mem tile",
      target: "sim",
      device,
      params: {},
      design: xclbin,
      xclbin,
      xclbinKernel: "MLIR_AIE",
      sequences,
      inputs: [],
      tools: [],
      ...change,
    };
    const path = join(this.folder, "manifest.json");
    await writeFile(path, JSON.stringify(manifest));
    return path;
  }
}
