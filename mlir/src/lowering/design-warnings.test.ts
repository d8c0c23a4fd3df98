import { expect, test } from "vitest";
import { parseModule } from "../parser/module.ts";
import { lowerDesign } from "./lower-design.ts";

/** Messages of the lowering for a copy through one core; `transfers` is the sequence's body, `core` ends the core. */
function warningsOf(transfers: string, core = "{stack_size = 2048 : i32}"): string[] {
  const module = parseModule(
    `module { aie.device(npu1_1col) {
      func.func private @copy(memref<64xi32>)
      %s = aie.tile(0, 0)
      %t = aie.tile(0, 2)
      aie.objectfifo @in(%s, {%t}, 2 : i32) : !aie.objectfifo<memref<64xi32>>
      aie.objectfifo @out(%t, {%s}, 2 : i32) : !aie.objectfifo<memref<64xi32>>
      %core = aie.core(%t) {
        %v = aie.objectfifo.acquire @in(Consume, 1) : !aie.objectfifosubview<memref<64xi32>>
        %e = aie.objectfifo.subview.access %v[0] : !aie.objectfifosubview<memref<64xi32>> -> memref<64xi32>
        func.call @copy(%e) : (memref<64xi32>) -> ()
        aie.objectfifo.release @in(Consume, 1)
        aie.end
      } ${core}
      aie.runtime_sequence @run(%a: memref<1024xi32>) {
        ${transfers}
      }
    } }`,
    "copy.mlir",
  );
  return lowerDesign(module)
    .warnings.map((found) => found.message)
    .filter((text) => !text.startsWith("objects of"));
}

const copy = (id: number, options: { offsets?: string; fifo?: string } = {}) =>
  `aiex.npu.dma_memcpy_nd(%a[${options.offsets ?? "0, 0, 0, 0"}][1, 1, 1, 64][0, 0, 0, 1]) {id = ${id} : i64, issue_token = true, metadata = @${options.fifo ?? "in"}} : memref<1024xi32>`;
const wait = "aiex.npu.dma_wait {symbol = @in}";

test("four transfers on a channel without a wait are its queue's depth, the fifth is one too many", () => {
  const queued = (n: number) => Array.from({ length: n }, (_, i) => copy(i)).join("\n");

  expect(warningsOf(queued(4))).toEqual([]);
  expect(warningsOf(queued(5))).toEqual(["5 transfers of @in are queued without a wait: the channel's queue holds 4"]);
  expect(warningsOf(`${queued(4)}\n${wait}\n${copy(5)}`)).toEqual([]);
});

test("a BD that is written again before its transfer was waited for is a warning, after the wait it is none", () => {
  expect(warningsOf(`${copy(3)}\n${copy(3, { fifo: "out" })}\naiex.npu.dma_wait {symbol = @out}`)).toEqual([
    "BD 3 of tile (0,0) is written again, and its transfer of @in was not waited for",
  ]);
  expect(warningsOf(`${copy(3)}\n${wait}\n${copy(3)}`)).toEqual([]);
});

test("an offset on a dimension of stride 0 is lost", () => {
  expect(warningsOf(copy(0, { offsets: "0, 0, 2, 0" }))).toEqual([
    "offset 2 stands on a dimension of stride 0: offsets count in strides, so it is lost",
  ]);
  expect(warningsOf(copy(0, { offsets: "0, 0, 0, 2" }))).toEqual([]);
});

test("a core with kernels and no stack_size is told that it has 1024 B", () => {
  expect(warningsOf(copy(0), "")).toEqual([
    "core (0,2) has no stack_size: @copy has the default stack of 1024 B, and an NPU does not notice when more is used",
  ]);
});

test("what the instruction stream does not have is said", () => {
  const leftOut = "has no place in an instruction stream: the compiler leaves it out, with all that is in it";
  const bounds = ["%0 = arith.constant 0 : index", "%1 = arith.constant 1 : index", "%4 = arith.constant 4 : index"];

  expect(warningsOf(`${bounds.join("\n")}\nscf.for %i = %0 to %4 step %1 { ${copy(0)} }`)).toEqual([leftOut]);
  expect(warningsOf("%s0 = arith.constant 1 : i32\n%s1 = arith.addi %s0, %s0 : i32")).toEqual([leftOut]);
});

test("offsets and strides that the compiler drops are said", () => {
  const recast = (offset: number) =>
    `%v = memref.reinterpret_cast %a to offset: [${offset}], sizes: [64], strides: [1] : memref<1024xi32> to memref<64xi32, strided<[1], offset: ${offset}>>`;
  const row = (stride: number) => `%k = aiex.dma_configure_task_for @in {
    aie.dma_bd(%a : memref<1024xi32>, 0, 8, [<size = 1, stride = 64>, <size = 8, stride = ${stride}>])
    aie.end
  }`;

  expect(warningsOf(recast(16))).toEqual([
    "the offset of memref.reinterpret_cast is lost in transfers of what it makes",
  ]);
  expect(warningsOf(recast(0))).toEqual([]);
  expect(warningsOf(row(4))).toEqual([
    "stride 4 of the only dimension is lost: a task's transfer of one row is a plain run",
  ]);
  expect(warningsOf(row(1))).toEqual([]);
});

test("a buffer of 16 bytes at a multiple of 16 is aligned for all that fits in it; one of 48 bytes there is not", () => {
  const warningsAt = (address: number, words: number): string[] => {
    const text = `module { aie.device(npu1_1col) {
      %t = aie.tile(0, 2)
      %b = aie.buffer(%t) {address = ${address} : i32, sym_name = "b"} : memref<${words}xi32>
      %core = aie.core(%t) { aie.end } {stack_size = 1024 : i32}
    } }`;
    return lowerDesign(parseModule(text, "b.mlir")).warnings.map(({ message }) => message);
  };

  expect(warningsAt(2064, 4)).toEqual([]);
  expect(warningsAt(2064, 12)).toEqual([
    "@b lies at 2064, not a multiple of 32 B: vector accesses to it are not aligned",
  ]);
  expect(warningsAt(2056, 4)).toEqual([
    "@b lies at 2056, not a multiple of 16 B: vector accesses to it are not aligned",
  ]);
});
