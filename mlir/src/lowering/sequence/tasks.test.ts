import { expect, test } from "vitest";
import { parseModule } from "../../parser/module.ts";
import { lowerSequence } from "./lower-sequence.ts";

const bd = "aie.dma_bd(%x : memref<64xi8>, 0, 64)";
const token = "{issue_token = true}";

function lowered(body: string): readonly string[] {
  const module = parseModule(
    `module { aie.device(npu1_1col) {
  %s = aie.tile(0, 0)
  aie.bd_chain @chain(%x: memref<64xi8>) { ${bd} aie.end }
  aie.runtime_sequence @run(%x: memref<64xi8>) {
${body}
  }
} }`,
    "tasks.mlir",
  );
  return lowerSequence(module, "run").regions[0]?.entry.ops.map((op) => op.name) ?? [];
}

const task = (text: string): readonly string[] =>
  lowered(`%t = aiex.dma_configure_task(%s, MM2S, 0) {\n${text}\naie.end } ${token}
aiex.dma_start_task(%t)\naiex.dma_await_task(%t)`);

test("a chain started on a tile is the task that its BDs are", () => {
  const start = `%t = aiex.dma_start_bd_chain @chain(%x) : (memref<64xi8>) on (%s, MM2S, 0) ${token}`;

  expect(lowered(`${start}\naiex.dma_await_task(%t)`)).toEqual(task(bd));
  expect(task(bd)).toContain("aiex.npu.sync");
});

const packet = (type: number, id: number): string =>
  `${bd} {packet = #aie.packet_info<pkt_type = ${type}, pkt_id = ${id}>}`;

test.each([
  ["packet id 32", packet(0, 32), "Packet ID exceeds the maximum supported by 5 bits."],
  ["packet type 8", packet(8, 3), "Packet Type exceeds the maximum supported by 3 bits."],
  ["2 bytes", "aie.dma_bd(%x : memref<64xi8>, 0, 2)", "Transfer size of 2 bytes falls below minimum"],
])("a task's BD with %s is refused in the BD's line", (_what, text, error) => {
  expect(() => task(text)).toThrow(error);
  expect(() => task(text)).toThrow(/tasks\.mlir:6:/);
});

test("the last packet type and id, and 4 bytes, are taken", () => {
  expect(task(packet(7, 31))).toEqual(task(bd));
  expect(task("aie.dma_bd(%x : memref<64xi8>, 0, 4)")).toEqual(task(bd));
});

/** Fields of every operation with this name. */
function fields(module: string, name: string, ...keys: readonly string[]): (number | undefined)[][] {
  const sequence = lowerSequence(parseModule(module, "tasks.mlir"), "run");
  const ops = sequence.regions[0]?.entry.ops ?? [];
  return ops.filter((op) => op.name === name).map((op) => keys.map((key) => op.int(key)));
}

/** Words of each BD that the sequence writes, in order. */
function bdWords(module: string): (number | bigint | boolean | undefined)[][] {
  const sequence = lowerSequence(parseModule(module, "tasks.mlir"), "run");
  const globals = sequence.parentOp?.regions[0]?.entry.ops ?? [];
  return (sequence.regions[0]?.entry.ops ?? [])
    .filter((op) => op.name === "memref.get_global")
    .map((op) => {
      const global = globals.find((g) => g.name === "memref.global" && g.text("sym_name") === op.text("name"));
      const data = global?.attributes.get("initial_value");
      return data?.kind === "dense" ? data.values.map((v) => Number(v) >>> 0) : [];
    });
}

/** A device with one sequence @run of `body`; `first` stands in front of it. */
const device = (body: string, first = "", name = "npu1_1col") => `module { aie.device(${name}) {
  %s = aie.tile(0, 0)
  %m = aie.tile(0, 1)
  ${first}
  aie.runtime_sequence @run(%x: memref<*xi8>) {
    ${body}
  }
} }`;
const shimTask = (bds: string, value = "%t") => `${value} = aiex.dma_configure_task(%s, MM2S, 0) { ${bds} aie.end }`;

test("memory of unknown shape needs a length, and is moved like any other", () => {
  const unranked = (length: string) => shimTask(`aie.dma_bd(%x : memref<*xi8>${length})`);

  expect(bdWords(device(unranked(", 0, 64")))[0]?.[0]).toBe(16);
  expect(() => bdWords(device(unranked("")))).toThrow("expected a length");
});

test("one row is a plain run: longer than a wrap field, whatever its strides", () => {
  const task = shimTask("aie.dma_bd(%x : memref<*xi8>, 0, 8192, [<size = 1, stride = 64>, <size = 8192, stride = 1>])");

  // Length, offset, packet, then size and stride of dimension 0: a run has neither.
  expect(bdWords(device(task))[0]?.slice(0, 4)).toEqual([2048, 0, 0, 0]);
});

test("given BD numbers go first, whatever the order of the blocks", () => {
  const bd = (id: string) => `aie.dma_bd(%x : memref<*xi8>, 0, 64)${id}`;
  const chain = `${bd("")} aie.next_bd ^b
    ^b: ${bd(" {bd_id = 0 : i32}")}`;

  expect(fields(device(shimTask(chain)), "aiex.npu.address_patch", "addr")).toEqual([[0x1d024], [0x1d004]]);
});

test("tasks that an earlier sequence leaves configured keep their BDs", () => {
  const task = (value: string) => shimTask("aie.dma_bd(%x : memref<*xi8>, 0, 64)", value);
  const earlier = (end: string) => `aie.runtime_sequence @first(%x: memref<*xi8>) { ${task("%a")} ${end} }`;
  const address = (first: string) => fields(device(task("%t"), first), "aiex.npu.address_patch", "addr");

  expect(address(earlier(""))).toEqual([[0x1d024]]);
  expect(address(earlier("aiex.dma_free_task(%a)"))).toEqual([[0x1d004]]);
});

test("a memtile of AIE2P sees its own memory behind its west neighbour's, one of AIE2 from 0", () => {
  const buffer = '%b = aie.buffer(%m) {address = 256 : i32, sym_name = "b"} : memref<64xi32>';
  const task = `%t = aiex.dma_configure_task(%m, MM2S, 0) { aie.dma_bd(%b : memref<64xi32>, 0, 64) aie.end }`;
  const value = (name: string) => fields(device(task, buffer, name), "aiex.npu.maskwrite32", "value");

  expect(value("npu1_1col")).toEqual([[64]]);
  expect(value("npu2_1col")).toEqual([[64 + 0x20000]]);
});

test("a chain takes buffers of the device as arguments", () => {
  const first = `%b = aie.buffer(%m) {address = 64 : i32, sym_name = "b"} : memref<64xi32>
  aie.bd_chain @one(%y: memref<64xi32>) { aie.dma_bd(%y : memref<64xi32>, 0, 64) aie.end }`;
  const start = "%t = aiex.dma_start_bd_chain @one(%b) : (memref<64xi32>) on (%m, MM2S, 0)";

  expect(fields(device(start, first), "aiex.npu.maskwrite32", "value")).toEqual([[16]]);
});

test.each([
  ["a wrap of 256 in a compute tile", "%c", "64xi32", "0, 256, [<size = 256, stride = 1>, <size = 1, stride = 1>]", ""],
  [
    "a length that is not the sizes'",
    "%m",
    "64xi32",
    "0, 64, [<size = 2, stride = 16>, <size = 16, stride = 1>]",
    "length does not match",
  ],
  ["arithmetic among BDs", "%m", "64xi32", "0, 64", "Unsupported operation within BD block"],
])("a task is refused: %s", (what, tile, type, transfer, error) => {
  const op = what.startsWith("arithmetic") ? "%k = arith.constant 1 : i32" : "";
  const first = `%c = aie.tile(0, 2)
  %b = aie.buffer(${tile}) {address = 64 : i32, sym_name = "b"} : memref<${type}>`;
  const task = `%t = aiex.dma_configure_task(${tile}, MM2S, 0) { ${op} aie.dma_bd(%b : memref<${type}>, ${transfer}) aie.end }`;

  expect(() => bdWords(device(task, first))).toThrow(error || "Size 1 exceeds the [0:255] range.");
});
