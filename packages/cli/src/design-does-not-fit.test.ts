import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { runInProcess } from "./run-cli.test-support.ts";

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "aiekit-cli-"));
});

afterAll(() => rm(folder, { recursive: true }));

/** One objectFifo from the host into the data memory of a compute tile: 64 KiB, 16 BDs. */
function design({ depth, words }: { readonly depth: number; readonly words: number }): string {
  return `module {
  aie.device(npu1_1col) {
    %shim = aie.tile(0, 0)
    %tile = aie.tile(0, 2)
    aie.objectfifo @in(%shim, {%tile}, ${depth} : i32) : !aie.objectfifo<memref<${words}xi32>>
    aie.runtime_sequence @seq(%a: memref<${words}xi32>) {
      aiex.npu.dma_memcpy_nd(%a[0, 0, 0, 0][1, 1, 1, ${words}][0, 0, 0, 1]) {id = 0 : i64, metadata = @in} : memref<${words}xi32>
    }
  }
}
`;
}

async function sim(text: string) {
  await writeFile(join(folder, "design.mlir"), text);
  return runInProcess(["sim", "design.mlir", "--in", "zeros"], { cwd: folder });
}

test("two buffers of 80,000 bytes do not fit a tile: exit code 4, need and limit, each buffer, and how much is too much", async () => {
  const { code, stdout, stderr } = await sim(design({ depth: 2, words: 20_000 }));

  expect([code, stdout]).toEqual([4, ""]);
  expect(stderr).toContain("error: design.mlir:4:13: tile (0,2): ");
  expect(stderr).toMatch(
    /Needs 160000 B, has 65536 B .*\n.* @in_cons_buff_0 \(80000 B\)\n.* @in_cons_buff_1 \(80000 B\)/,
  );
  expect(stderr).toContain("hint: 94464 B too many");
});

test("20 buffers take more BDs than the 16 of a tile: exit code 4, the tile, the limit, and what to lower", async () => {
  const { code, stdout, stderr } = await sim(design({ depth: 20, words: 16 }));

  expect([code, stdout]).toEqual([4, ""]);
  expect(stderr).toContain("error: design.mlir:5:5: tile (0,2): ");
  expect(stderr).toContain("maximum 16 available");
  expect(stderr).toContain("hint: lower the depth");
});
