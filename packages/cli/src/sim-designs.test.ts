import { bf16ToFloat, floatToBf16 } from "@aiekit/core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { fixture, oneCoreDesign, type SimFolder, sendAndAwait, simFolder } from "./sim.test-support.ts";

let folder: SimFolder;
beforeAll(async () => {
  folder = await simFolder();
});
afterAll(() => folder.remove());

const ramp = (length: number) => Int32Array.from({ length }, (_, i) => i * 7 - 300);

/** Runs a design of one i32 input and one i32 output, as it is written and in a lowered form, with the real stream. */
async function runForms(name: string, input: Int32Array<ArrayBuffer>): Promise<Readonly<Record<string, number[]>>> {
  await folder.writeArray("a.npy", "i32", input);
  const forms = {
    design: [`${name}.mlir`],
    addresses: [`${name}.addresses.mlir`, "--lowered"],
    "addresses and stream": [`${name}.addresses.mlir`, "--lowered", "--insts", fixture(`${name}.insts.bin`)],
    "routed and stream": [`${name}.physical.mlir`, "--lowered", "--insts", fixture(`${name}.insts.bin`)],
  };
  const results: Record<string, number[]> = {};
  for (const [form, [file = "", ...options]] of Object.entries(forms)) {
    const { code, stderr } = await folder.sim(fixture(file), ...options, "--in", "a.npy", "--out", "b.npy");
    expect({ form, code, stderr }).toMatchObject({ code: 0, stderr: expect.not.stringMatching(/warning|error/) });
    results[form] = [...((await folder.read("b.npy")) as Int32Array)];
  }
  return results;
}

const blockedTranspose = (input: Int32Array): number[] => {
  const matrix = new Int32Array(256);
  for (let i = 0; i < 256; i++) matrix[(i % 16) * 16 + Math.floor(i / 16)] = input[i]!;
  const blocks: number[] = [];
  for (let a = 0; a < 4; a++)
    for (let b = 0; b < 4; b++)
      for (let c = 0; c < 4; c++) for (let d = 0; d < 4; d++) blocks.push(matrix[a * 64 + b * 4 + c * 16 + d]!);
  return blocks;
};

const halvings = (x: number): number => {
  let count = 0;
  for (let value = x; value > 10; value >>= 1) count++;
  return count;
};

test.each([
  ["passthrough-compute-i32", 1024, (a: Int32Array) => [...a]],
  ["passthrough-memtile-i32", 4096, (a: Int32Array) => [...a]],
  ["distribute-join-4-cores", 2048, (a: Int32Array) => [...a].map((x) => x + 3)],
  ["four-hop-memtile-core", 2048, (a: Int32Array) => [...a].map((x) => x + 1)],
  ["transform-both-ends", 256, blockedTranspose],
  ["core-scf-if", 128, (a: Int32Array) => [...a].map((x) => Math.min(x, 100))],
  ["core-scf-while", 64, (a: Int32Array) => [...a].map(halvings)],
  ["shared-south", 64, (a: Int32Array) => [...a].map((x) => (x + 1) * 2)],
] as const)("%s: our lowering, aie-opt's and aie-translate's stream all give what arithmetic says", async (...row) => {
  const [name, length, expected] = row;
  const input = ramp(length);

  const results = await runForms(name, input);

  for (const [form, values] of Object.entries(results)) expect(values, form).toEqual(expected(input));
  expect(Object.keys(results)).toHaveLength(4);
});

test("bf16 goes in and out as its 16 bits, and is rounded once by a product", async () => {
  const input = Uint16Array.from({ length: 2048 }, (_, i) => floatToBf16((i - 1024) / 77));
  await folder.writeArray("x.npy", "u16", input);

  const { code } = await folder.sim(fixture("scale-compute-bf16.mlir"), "--in", "x.npy", "--out", "y.npy");

  expect(code).toBe(0);
  expect([...((await folder.read("y.npy")) as Uint16Array)]).toEqual(
    [...input].map((bits) => floatToBf16(bf16ToFloat(bits) * 2.5)),
  );
});

test("an argument that is read and written takes a file of each kind, and keeps what the array did not write", async () => {
  await folder.writeArray("a.npy", "i32", ramp(512));

  const { code } = await folder.sim(fixture("sequence-one-argument.mlir"), "--in", "a.npy", "--out", "b.npy");

  expect(code).toBe(0);
  const half = [...ramp(256)];
  expect([...(await folder.read("b.npy"))]).toEqual([...half, ...half]);
});

test("a parameter that the sequence writes into a core's buffer is what the core multiplies with", async () => {
  const text = oneCoreDesign({
    declarations: '%p = aie.buffer(%c) {sym_name = "p"} : memref<16xi32>',
    work: `scf.for %i = %c0 to %c16 step %c1 {
          %k = memref.load %p[%c1] : memref<16xi32>
          %x = memref.load %ei[%i] : memref<16xi32>
          %y = arith.muli %x, %k : i32
          memref.store %y, %eo[%i] : memref<16xi32>
        }`,
    sequence: `aiex.npu.rtp_write(@p, 1, -5)\n      ${sendAndAwait}`,
  });
  await folder.write("rtp.mlir", text);
  await folder.writeArray("a.npy", "i32", ramp(32));

  const { code } = await folder.sim("rtp.mlir", "--in", "a.npy", "--out", "b.npy");

  expect(code).toBe(0);
  expect([...(await folder.read("b.npy"))]).toEqual([...ramp(32)].map((x) => x * -5));
});

test("--runs 3 goes on with what the core's memory holds: a counter in a buffer adds up over the runs", async () => {
  const text = oneCoreDesign({
    declarations: '%n = aie.buffer(%c) {sym_name = "n"} : memref<1xi32> = dense<0>',
    work: `scf.for %i = %c0 to %c16 step %c1 {
          %k = memref.load %n[%c0] : memref<1xi32>
          %one = arith.constant 1 : i32
          %next = arith.addi %k, %one : i32
          memref.store %next, %n[%c0] : memref<1xi32>
          memref.store %k, %eo[%i] : memref<16xi32>
        }`,
    sequence: sendAndAwait,
  });
  await folder.write("count.mlir", text);

  const { code, stdout } = await folder.sim("count.mlir", "--in", "zeros", "--out", "b.npy", "--runs", "3", "--json");

  expect(code).toBe(0);
  expect([...(await folder.read("b.npy"))]).toEqual(Array.from({ length: 32 }, (_, i) => 64 + i));
  expect(JSON.parse(stdout).runs).toHaveLength(3);
});

test("--json says what ran, that time is modelled, and how many words arrived: 1024 in the core and 1024 on the host", async () => {
  const { stdout } = await folder.sim(
    fixture("passthrough-compute-i32.mlir"),
    ...["--in", "A=zeros", "--out", "B=b.npy", "--json"],
  );

  expect(JSON.parse(stdout)).toMatchObject({
    device: "npu1_1col",
    simulated: true,
    sequence: "sequence",
    cores: 1,
    arguments: [
      { name: "A", dtype: "i32", shape: [1024], use: "in" },
      { name: "B", dtype: "i32", shape: [1024], use: "out" },
    ],
    runs: [{ wordsMoved: 2048 }],
    warnings: [],
    outputs: [{ name: "B", path: "b.npy", dtype: "i32", shape: [1024] }],
  });
});

test("one of two sequences is chosen by name", async () => {
  await folder.writeArray("a.npy", "i32", ramp(64));
  const files = ["--in", "a.npy", "--out", "b.npy"];

  const { code } = await folder.sim(fixture("two-sequences.mlir"), "--sequence", "twice", ...files);

  expect(code).toBe(0);
  expect([...(await folder.read("b.npy"))]).toEqual([...ramp(64), ...ramp(64)]);
});

test("one of two devices is chosen by name; a sequence that loads the other one says what to do", async () => {
  await folder.writeArray("a.npy", "i32", ramp(128));
  const design = fixture("configure-and-run-other-device.mlir");

  const inner = await folder.sim(design, "--device-name", "copy", "--in", "a.npy", "--out", "b.npy");
  const outer = await folder.sim(design, "--in", "a.npy", "--out", "c.npy");

  expect(inner.code).toBe(0);
  expect([...(await folder.read("b.npy"))]).toEqual([...ramp(128)]);
  expect(outer).toMatchObject({ code: 2, stderr: expect.stringContaining("--device-name copy") });
});

test("the examples of the help that name a design of this repository run", async () => {
  const { stdout } = await folder.sim("--help");
  const examples = stdout.match(/^ {2}aiekit sim mlir\/fixtures.*$/gm) ?? [];

  for (const example of examples) {
    const words = example.trim().split(" ").slice(2);
    const prefix = "mlir/fixtures/conformance/";
    const argv = words.map((word) => (word.startsWith(prefix) ? fixture(word.slice(prefix.length)) : word));
    expect({ example, code: (await folder.sim(...argv)).code }).toMatchObject({ code: 0 });
  }
  expect(examples).toHaveLength(3);
});

test("a memtile puts zeros around each of four objects on their way to a core, and the core sends them on", async () => {
  const objects = 4;
  const [rows, columns] = [4, 8];
  const input = ramp(objects * rows * columns);
  await folder.write("padded.mlir", paddedDesign);
  await folder.writeArray("a.npy", "i32", input);

  const { code, stderr } = await folder.sim("padded.mlir", "--in", "a.npy", "--out", "b.npy", "--check");

  expect({ code, stderr }).toMatchObject({ code: 0, stderr: expect.not.stringMatching(/warning|error/) });
  const expected = Array.from({ length: objects * 6 * 12 }, (_, i) => {
    const [object, row, column] = [Math.floor(i / 72), (Math.floor(i / 12) % 6) - 1, (i % 12) - 2];
    const isInside = row >= 0 && row < rows && column >= 0 && column < columns;
    return isInside ? input[(object * rows + row) * columns + column]! : 0;
  });
  expect([...((await folder.read("b.npy")) as Int32Array)]).toEqual(expected);
});

const paddedDesign = `module {
  aie.device(npu1_1col) {
    %s = aie.tile(0, 0)
    %m = aie.tile(0, 1)
    %c = aie.tile(0, 2)
    aie.objectfifo @in(%s, {%m}, 2 : i32) : !aie.objectfifo<memref<4x8xi32>>
    aie.objectfifo @padded(%m dimensionsToStream [<size = 4, stride = 8>, <size = 8, stride = 1>], {%c}, 2 : i32) {padDimensions = #aie<bd_pad_layout_array[<const_pad_before = 1, const_pad_after = 1>, <const_pad_before = 2, const_pad_after = 2>]>} : !aie.objectfifo<memref<6x12xi32>>
    aie.objectfifo.link [@in] -> [@padded] ([] [])
    aie.objectfifo @out(%c, {%s}, 2 : i32) : !aie.objectfifo<memref<6x12xi32>>
    %core = aie.core(%c) {
      %c0 = arith.constant 0 : index
      %c1 = arith.constant 1 : index
      %c4 = arith.constant 4 : index
      scf.for %n = %c0 to %c4 step %c1 {
        %a = aie.objectfifo.acquire @padded(Consume, 1) : !aie.objectfifosubview<memref<6x12xi32>>
        %x = aie.objectfifo.subview.access %a[0] : !aie.objectfifosubview<memref<6x12xi32>> -> memref<6x12xi32>
        %b = aie.objectfifo.acquire @out(Produce, 1) : !aie.objectfifosubview<memref<6x12xi32>>
        %y = aie.objectfifo.subview.access %b[0] : !aie.objectfifosubview<memref<6x12xi32>> -> memref<6x12xi32>
        memref.copy %x, %y : memref<6x12xi32> to memref<6x12xi32>
        aie.objectfifo.release @padded(Consume, 1)
        aie.objectfifo.release @out(Produce, 1)
      }
      aie.end
    }
    aie.runtime_sequence(%a: memref<16x8xi32>, %b: memref<24x12xi32>) {
      aiex.npu.dma_memcpy_nd(%a[0, 0, 0, 0][1, 1, 1, 128][0, 0, 0, 1]) {id = 0 : i64, metadata = @in} : memref<16x8xi32>
      aiex.npu.dma_memcpy_nd(%b[0, 0, 0, 0][1, 1, 1, 288][0, 0, 0, 1]) {id = 1 : i64, metadata = @out} : memref<24x12xi32>
      aiex.npu.dma_wait {symbol = @out}
    }
  }
}`;

test("a DMA program's own buffers and locks are the tile's: a memtile passes 64 words on by two buffers of 16", async () => {
  const input = ramp(64);
  await folder.write("inside.mlir", declaredInside);
  await folder.writeArray("a.npy", "i32", input);

  const { code, stderr } = await folder.sim("inside.mlir", "--in", "a.npy", "--out", "b.npy", "--check");

  expect({ code, stderr }).toMatchObject({ code: 0, stderr: expect.not.stringMatching(/warning|error/) });
  expect([...((await folder.read("b.npy")) as Int32Array)]).toEqual([...input]);
});

/** BDs of one channel, of a ring of two: takes from `before`, moves half `i`, gives to `after`. */
const ring = (names: readonly [string, string], [before, after]: readonly [string, string]): string =>
  [0, 1]
    .map(
      (i) => `^${names[i]}:
        aie.use_lock(%${before}, AcquireGreaterEqual, 1)
        aie.dma_bd(%half${i} : memref<16xi32>, 0, 16)
        aie.use_lock(%${after}, Release, 1)
        aie.next_bd ^${names[1 - i]}`,
    )
    .join("\n      ");

const declaredInside = `module {
  aie.device(npu2_1col) {
    %s = aie.tile(0, 0)
    %m = aie.tile(0, 1)
    aie.flow(%s, DMA : 0, %m, DMA : 0)
    aie.flow(%m, DMA : 0, %s, DMA : 0)
    aie.shim_dma_allocation @in(%s, MM2S, 0)
    aie.shim_dma_allocation @out(%s, S2MM, 0)
    %dma = aie.memtile_dma(%m) {
      %half0 = aie.buffer(%m) {sym_name = "half0"} : memref<16xi32>
      %half1 = aie.buffer(%m) {sym_name = "half1"} : memref<16xi32>
      %free = aie.lock(%m) {init = 2 : i32, sym_name = "free"}
      %full = aie.lock(%m) {init = 0 : i32, sym_name = "full"}
      %0 = aie.dma_start(S2MM, 0, ^in0, ^second)
      ${ring(["in0", "in1"], ["free", "full"])}
    ^second:
      %1 = aie.dma_start(MM2S, 0, ^out0, ^end)
      ${ring(["out0", "out1"], ["full", "free"])}
    ^end:
      aie.end
    }
    aie.runtime_sequence(%a: memref<64xi32>, %b: memref<64xi32>) {
      aiex.npu.dma_memcpy_nd(%a[0, 0, 0, 0][1, 1, 1, 64][0, 0, 0, 1]) {id = 0 : i64, metadata = @in} : memref<64xi32>
      aiex.npu.dma_memcpy_nd(%b[0, 0, 0, 0][1, 1, 1, 64][0, 0, 0, 1]) {id = 1 : i64, metadata = @out} : memref<64xi32>
      aiex.npu.dma_wait {symbol = @out}
    }
  }
}`;
