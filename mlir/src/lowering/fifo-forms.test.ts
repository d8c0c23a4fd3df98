import { expect, test } from "vitest";
import { parseModule } from "../parser/module.ts";
import { printModule } from "../printer/module.ts";
import { lowerDesign } from "./lower-design.ts";

const lower = (body: string) =>
  printModule(lowerDesign(parseModule(`module { aie.device(npu1_1col) { ${body} } }`, "fifos.mlir")).module);
const tiles = "%s = aie.tile(0, 0) %m = aie.tile(0, 1) %a = aie.tile(0, 2) %b = aie.tile(0, 3)";
const fifo = "!aie.objectfifo<memref<16xi32>>";

test("iter_count 4 ends the memtile's chain after 4 rounds; the core's side of the stream is a ring", () => {
  const text = lower(`${tiles} aie.objectfifo @f(%m, {%a}, 1 : i32) {iter_count = 4 : i32} : ${fifo}`);

  expect(text.match(/repeat_count = 3/g)).toHaveLength(1);
  expect(text).toMatch(/aie\.mem\(%tile_0_2\) \{\s+%0 = aie\.dma_start\(S2MM, 0, \^bb1, \^bb2\)/);
});

test("a compute tile that links two fifos moves the objects of each from the same buffers: 16 words in, 8 out", () => {
  const small = "!aie.objectfifo<memref<8xi32>>";
  const text = lower(
    `${tiles} aie.objectfifo @in(%s, {%a}, 2 : i32) : ${fifo} aie.objectfifo @out(%a, {%m}, 2 : i32) : ${small}
    aie.objectfifo.link [@in] -> [@out] ([] [])`,
  );

  expect(text).toContain("aie.dma_bd(%in_cons_buff_0 : memref<16xi32>, 0, 16)");
  expect(text).toContain("aie.dma_bd(%in_cons_buff_0 : memref<16xi32>, 0, 8)");
});

test("a memtile that links and pads keeps 32 words for each object and sends 72", () => {
  const zeros = "[<const_pad_before = 1, const_pad_after = 1>, <const_pad_before = 2, const_pad_after = 2>]";
  const text = lower(
    `${tiles} aie.objectfifo @in(%s, {%m}, 2 : i32) : !aie.objectfifo<memref<4x8xi32>>
    aie.objectfifo @out(%m dimensionsToStream [<size = 4, stride = 8>, <size = 8, stride = 1>], {%a}, 2 : i32) {padDimensions = #aie<bd_pad_layout_array${zeros}>} : !aie.objectfifo<memref<6x12xi32>>
    aie.objectfifo.link [@in] -> [@out] ([] [])`,
  );

  expect(text).toContain("aie.dma_bd(%in_cons_buff_0 : memref<4x8xi32>, 0, 32)");
  expect(text).toContain(
    `aie.dma_bd(%in_cons_buff_1 : memref<4x8xi32>, 0, 72, [<size = 4, stride = 8>, <size = 8, stride = 1>], ${zeros})`,
  );
  expect(text).toContain("aie.dma_bd(%out_cons_buff_0 : memref<6x12xi32>, 0, 72)");
});

test("a depth in a list counts at a consumer with a pattern like a single one: largest acquire + 1", () => {
  const text = lower(
    `${tiles} aie.objectfifo @f(%s, {%a dimensionsFromStream [<size = 4, stride = 4>, <size = 4, stride = 1>]}, [2, 4]) : ${fifo}
    %core = aie.core(%a) { %v = aie.objectfifo.acquire @f(Consume, 1) : !aie.objectfifosubview<memref<16xi32>> aie.end }`,
  );

  expect(text.match(/aie\.buffer/g)).toHaveLength(2);
});

test("a lock that a DMA program declares for itself keeps its number", () => {
  const text = lower(`${tiles} aie.objectfifo @f(%a, {%b}, 1 : i32) : ${fifo}
    %x = aie.buffer(%a) {sym_name = "x"} : memref<16xi32>
    %mem = aie.mem(%a) {
      %l = aie.lock(%a, 0) {init = 1 : i32}
      %0 = aie.dma_start(MM2S, 0, ^bd, ^end)
    ^bd:
      aie.use_lock(%l, AcquireGreaterEqual, 1)
      aie.dma_bd(%x : memref<16xi32>, 0, 16)
      aie.next_bd ^end
    ^end:
      aie.end
    }`);

  expect(text).toContain('aie.lock(%tile_0_2, 1) {init = 1 : i32, sym_name = "f_prod_lock_0"}');
});

const twoObjects = (fifo: string): string => `module { aie.device(npu1_1col) {
    %s = aie.tile(0, 0)
    %m = aie.tile(0, 1)
    %t = aie.tile(0, 2)
    ${fifo}
  } }`;

test("a layout that leaves its objects is told once for all objects of the fifo, with what it may reach", () => {
  const layout = "[<size = 4, stride = 8>, <size = 8, stride = 2>]";
  const text = twoObjects(
    `aie.objectfifo @f(%m dimensionsToStream ${layout}, {%t}, 3 : i32) : !aie.objectfifo<memref<32xi32>>
    aie.objectfifo @g(%s, {%m}, 3 : i32) : !aie.objectfifo<memref<32xi32>>
    aie.objectfifo.link [@g] -> [@f] ([] [])`,
  );

  const failed = (() => {
    try {
      lowerDesign(parseModule(text, "f.mlir"));
    } catch (error) {
      return (error as Error).message;
    }
  })();

  expect(failed).toBe(
    "f.mlir:5:5: error: 'aie.dma_bd' op Specified stride(s) and size(s) result in out of bounds access in buffer, for index 38 in memref of length 32.\n" +
      "  hint: the last index is the sum of (size - 1) x stride: make it 31 at most",
  );
});

test("a fifo in two links is told what can stand between them", () => {
  const text = twoObjects(`aie.objectfifo @in(%s, {%m}, 2 : i32) : !aie.objectfifo<memref<32xi32>>
    aie.objectfifo @mid(%m, {%t}, 2 : i32) : !aie.objectfifo<memref<32xi32>>
    aie.objectfifo @out(%t, {%s}, 2 : i32) : !aie.objectfifo<memref<32xi32>>
    aie.objectfifo.link [@in] -> [@mid] ([] [])
    aie.objectfifo.link [@mid] -> [@out] ([] [])`);

  expect(() => lowerDesign(parseModule(text, "f.mlir"))).toThrow(
    expect.objectContaining({ hint: expect.stringContaining("let a core between copy what @mid brings") }),
  );
});
