import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type DType, type DTypeArray, readNpy, tensor, writeNpy } from "@aiekit/core";
import { type CliOutcome, runInProcess } from "./run-cli.test-support.ts";

const fixtures = join(import.meta.dirname, "..", "..", "..", "mlir", "fixtures", "conformance");

/** A file of the conformance corpus: `passthrough-compute-i32.mlir`. */
export function fixture(name: string): string {
  return join(fixtures, name);
}

/** A temporary folder in which `aiekit sim` runs. */
export interface SimFolder {
  readonly path: string;
  write(name: string, text: string): Promise<void>;
  writeArray<D extends DType>(name: string, dtype: D, data: DTypeArray<D>): Promise<void>;
  /** Values of a .npy file. */
  read(name: string): Promise<DTypeArray>;
  /** `aiekit sim` with these words. */
  sim(...argv: readonly string[]): Promise<CliOutcome>;
  remove(): Promise<void>;
}

export async function simFolder(): Promise<SimFolder> {
  const path = await mkdtemp(join(tmpdir(), "aiekit-sim-"));
  return {
    path,
    write: (name, text) => writeFile(join(path, name), text),
    writeArray: (name, dtype, data) => writeFile(join(path, name), writeNpy(tensor(dtype, [data.length], data))),
    read: async (name) => readNpy(new Uint8Array(await readFile(join(path, name))), name).data,
    sim: (...argv) => runInProcess(["sim", ...argv], { cwd: path }),
    remove: () => rm(path, { recursive: true }),
  };
}

/** One core between two fifos of 16 words; `work` is done once an object, from `%ei` to `%eo`. */
export function oneCoreDesign(parts: {
  readonly declarations?: string;
  readonly work: string;
  readonly sequence: string;
}): string {
  return `module {
  aie.device(npu1_1col) {
    %s = aie.tile(0, 0)
    %c = aie.tile(0, 2)
    ${parts.declarations ?? ""}
    aie.objectfifo @in(%s, {%c}, 2 : i32) : !aie.objectfifo<memref<16xi32>>
    aie.objectfifo @out(%c, {%s}, 2 : i32) : !aie.objectfifo<memref<16xi32>>
    %core = aie.core(%c) {
      %c0 = arith.constant 0 : index
      %c1 = arith.constant 1 : index
      %c16 = arith.constant 16 : index
      %forever = arith.constant 9223372036854775807 : index
      scf.for %pass = %c0 to %forever step %c1 {
        %vi = aie.objectfifo.acquire @in(Consume, 1) : !aie.objectfifosubview<memref<16xi32>>
        %ei = aie.objectfifo.subview.access %vi[0] : !aie.objectfifosubview<memref<16xi32>> -> memref<16xi32>
        %vo = aie.objectfifo.acquire @out(Produce, 1) : !aie.objectfifosubview<memref<16xi32>>
        %eo = aie.objectfifo.subview.access %vo[0] : !aie.objectfifosubview<memref<16xi32>> -> memref<16xi32>
        ${parts.work}
        aie.objectfifo.release @in(Consume, 1)
        aie.objectfifo.release @out(Produce, 1)
      }
      aie.end
    }
    aie.runtime_sequence(%a: memref<32xi32>, %b: memref<32xi32>) {
      ${parts.sequence}
    }
  }
}
`;
}

/** Body of a sequence that sends all of `%a` and awaits all of `%b`. */
export const sendAndAwait = `aiex.npu.dma_memcpy_nd(%a[0, 0, 0, 0][1, 1, 1, 32][0, 0, 0, 1]) {id = 0 : i64, metadata = @in} : memref<32xi32>
      aiex.npu.dma_memcpy_nd(%b[0, 0, 0, 0][1, 1, 1, 32][0, 0, 0, 1]) {id = 1 : i64, metadata = @out, issue_token = true} : memref<32xi32>
      aiex.npu.dma_wait {symbol = @out}`;
