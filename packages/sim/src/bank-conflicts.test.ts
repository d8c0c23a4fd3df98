import { expect, test } from "vitest";
import { bankConflicts } from "./bank-conflicts.ts";
import { arrayOf, coreDesign, inAndOut } from "./lowered-design.test-support.ts";
import { parseArrayConfig } from "./parse-array-config.ts";
import { addKernel, assemble } from "./wasm-assembler.test-support.ts";

const design = coreDesign({
  ...{ input: "memref<16xi32>", output: "memref<16xi32>", inputBytes: 64, outputBytes: 64 },
  ...{ inputElements: 16, outputElements: 16 },
  declarations: "func.func private @k(memref<16xi32>, memref<16xi32>, i32, i32)",
  work: `
  %_n = arith.constant 16 : i32
  %_k = arith.constant 1 : i32
  func.call @k(%in, %out, %_n, %_k) : (memref<16xi32>, memref<16xi32>, i32, i32) -> ()`,
});

/** A bank of a compute tile has 16 KiB. */
const bank = (n: number): number => n * 16_384 + 1024;

/** The design with its four buffers at these addresses, run over 64 words. */
async function conflictsAt(addresses: Readonly<Record<string, number>>) {
  const text = Object.entries(addresses).reduce(
    (all, [name, address]) =>
      all.replace(new RegExp(`\\{address = \\d+ : i32, (sym_name = "${name}")`), `{address = ${address} : i32, $1`),
    design,
  );
  const array = arrayOf(text, { "0,2": assemble({ functions: [addKernel("k")] }) });
  const report = await array.run(inAndOut(new Int32Array(64), new Int32Array(64)));
  return { report, conflicts: bankConflicts(parseArrayConfig(text, "design.mlir"), report) };
}

const names = ["in_cons_buff_0", "in_cons_buff_1", "out_buff_0", "out_buff_1"];
const layout = (banks: readonly number[]) =>
  Object.fromEntries(names.map((name, i) => [name, bank(banks[i]!) + 64 * i]));

test("in one bank the DMA meets the kernel's buffers, in separate banks nobody meets; modelled cycles are the same", async () => {
  const one = await conflictsAt(layout([0, 0, 0, 0]));
  const separate = await conflictsAt(layout([0, 1, 2, 3]));

  expect(separate.conflicts).toEqual([]);
  expect(one.report.cycles).toBe(separate.report.cycles);
  // Each of two places that call it meets, with each of its two arguments, the two buffers that it does not hold.
  expect(one.conflicts).toHaveLength(8);
  const kernelCycles = one.report.tiles.find(({ core }) => core)!.core!.kernels[0]!.cycles;
  // 16 rows of 128 bits move either way, half of them in each buffer: 8 of 32 rows for each buffer.
  const each = (kernelCycles / 2) * (1 / 2) * (8 / one.report.cycles) * (1 / 2);
  for (const { stallCycles } of one.conflicts) expect(stallCycles).toBeCloseTo(each, 9);
  expect(one.conflicts[0]).toMatchObject({ tile: { col: 0, row: 2 }, bank: 0, core: { col: 0, row: 2 }, kernel: "k" });
});

test("input apart from output, a kernel still meets the DMA in the other buffer of each fifo", async () => {
  const { conflicts } = await conflictsAt(layout([0, 0, 1, 1]));

  expect(conflicts.map(({ kernelBuffer, dmaBuffer, bank: in_ }) => [kernelBuffer, dmaBuffer, in_]).sort()).toEqual([
    ["in_cons_buff_0", "in_cons_buff_1", 0],
    ["in_cons_buff_1", "in_cons_buff_0", 0],
    ["out_buff_0", "out_buff_1", 1],
    ["out_buff_1", "out_buff_0", 1],
  ]);
});

test("a buffer across two banks meets in each bank what lies there, by its bytes", async () => {
  const across = 16_384 - 16;
  const { conflicts } = await conflictsAt({ ...layout([0, 1, 2, 3]), in_cons_buff_0: across });
  const [dma, kernel] = [0, 1].map((i) => conflicts.filter(({ dmaBuffer }) => dmaBuffer === names[i]));

  // 48 of its 64 bytes are in bank 1, with in_cons_buff_1.
  expect(conflicts).toHaveLength(2);
  expect(dma![0]).toMatchObject({ kernelBuffer: "in_cons_buff_1", bank: 1 });
  expect(kernel![0]).toMatchObject({ kernelBuffer: "in_cons_buff_0", bank: 1 });
  const whole = await conflictsAt(layout([1, 1, 2, 3]));
  expect(dma![0]!.stallCycles / whole.conflicts[0]!.stallCycles).toBeCloseTo(0.75, 9);
});
