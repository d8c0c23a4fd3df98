import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { formatDiagnostic } from "../ir/diagnostic.ts";
import { parseModule } from "../parser/module.ts";
import { placeTiles } from "../placement/place-tiles.ts";
import { lowerDesign } from "./lower-design.ts";

const told = (text: string, file = "run.mlir"): string[] =>
  lowerDesign(placeTiles(parseModule(text, file)))
    .warnings.map(formatDiagnostic)
    .filter((line) => line.includes("nothing waits"));

/** A sequence over two outputs of shim (0,0), S2MM 0 and 1, and an input; `more` stands in the device. */
const designOf = (sequence: string, more = ""): string => `module { aie.device(npu1_1col) {
    %s = aie.tile(0, 0)
    %t = aie.tile(0, 2)
    aie.shim_dma_allocation @in(%s, MM2S, 0)
    aie.shim_dma_allocation @left(%s, S2MM, 0)
    aie.shim_dma_allocation @right(%s, S2MM, 1)
    ${more}
    aie.runtime_sequence @run(%a: memref<64xi32>, %b: memref<64xi32>, %c: memref<64xi32>) {
      ${sequence}
    }
  } }`;
const warningsOf = (sequence: string, more?: string): string[] => told(designOf(sequence, more));

const copy = (name: string, id: number, arg: string): string =>
  `aiex.npu.dma_memcpy_nd(%${arg}[0, 0, 0, 0][1, 1, 1, 64][0, 0, 0, 1]) {id = ${id} : i64, metadata = @${name}} : memref<64xi32>\n`;
const wait = (name: string): string => `aiex.npu.dma_wait {symbol = @${name}}\n`;
const task = (name: string, allocation: string, arg: string, token: boolean): string =>
  `%${name} = aiex.dma_configure_task_for @${allocation} {
      aie.dma_bd(%${arg} : memref<64xi32>, 0, 64)
      aie.end
    }${token ? " {issue_token = true}" : ""}
    aiex.dma_start_task(%${name})\n`;

test("a transfer into an argument without a wait is told with argument, BD, tile, channel and the wait to add", () => {
  const [found, ...more] = warningsOf(`${copy("in", 0, "a")}${copy("left", 1, "b")}`);

  expect(more).toEqual([]);
  expect(found).toMatch(
    /^run\.mlir:10:\d+: warning: 'aiex\.npu\.dma_memcpy_nd' op nothing waits for this transfer into %b \(BD 1, S2MM 0 of tile \(0,0\), @left\): /,
  );
  expect(found).toContain("hint: add aiex.npu.dma_wait {symbol = @left} at the end of the sequence");
});

test("a wait for the input, or for another output, tells nothing of an output", () => {
  expect(warningsOf(`${copy("in", 0, "a")}${copy("left", 1, "b")}${wait("in")}`)).toHaveLength(1);
  expect(warningsOf(`${copy("left", 1, "b")}${copy("right", 2, "c")}${wait("left")}`)).toEqual([
    expect.stringContaining("into %c (BD 2, S2MM 1 of tile (0,0), @right)"),
  ]);
});

test("a wait takes the oldest token: two transfers of a channel need two, whichever they are written for", () => {
  const both = `${copy("left", 1, "b")}${copy("left", 2, "c")}`;

  expect(warningsOf(`${both}${wait("left")}`)).toEqual([expect.stringContaining("this transfer into %c (BD 2, ")]);
  expect(warningsOf(`${both}${wait("left")}${wait("left")}`)).toEqual([]);
  expect(warningsOf(both)).toEqual([
    expect.stringMatching(
      /this transfer and the 1 behind it into %b, %c \(BD 1, 2, .*, 2 times: each takes the token/s,
    ),
  ]);
});

test("a task without a token is done when a later one of its channel is, and not when an earlier one is", () => {
  const [silent, telling] = [task("p", "left", "b", false), task("q", "left", "c", true)];

  expect(warningsOf(`${silent}${telling}aiex.dma_await_task(%q)`)).toEqual([]);
  const [found, ...more] = warningsOf(`${telling}${silent}aiex.dma_await_task(%q)\naiex.dma_free_task(%p)`);
  expect(more).toEqual([]);
  expect(found).toContain("nothing waits for this transfer into %b (S2MM 0 of tile (0,0), @left)");
  expect(found).toContain(
    "hint: give it issue_token = true, and add aiex.dma_await_task(%p) at the end of the sequence; aiex.dma_free_task does not wait",
  );
});

test("a chain that is started, a BD that is pushed and a write to the queue are transfers as well", () => {
  const chain = `aie.bd_chain @store(%m: memref<64xi32>) {
      aie.dma_bd(%m : memref<64xi32>, 0, 64)
      aie.end
    }`;
  const start = "%k = aiex.dma_start_bd_chain_for @store(%b) : (memref<64xi32>) for @right {issue_token = true}\n";
  const bd = `aiex.npu.writebd {bd_id = 3 : i32, buffer_length = 64 : i32, buffer_offset = 0 : i32, column = 0 : i32, row = 0 : i32, d0_size = 0 : i32, d0_stride = 0 : i32, d1_size = 0 : i32, d1_stride = 0 : i32, d2_size = 0 : i32, d2_stride = 0 : i32, d0_zero_after = 0 : i32, d1_zero_after = 0 : i32, d2_zero_after = 0 : i32, d0_zero_before = 0 : i32, d1_zero_before = 0 : i32, d2_zero_before = 0 : i32, ddr_id = 2 : i32, enable_packet = 0 : i32, iteration_current = 0 : i32, iteration_size = 0 : i32, iteration_stride = 0 : i32, lock_acq_enable = 0 : i32, lock_acq_id = 0 : i32, lock_acq_val = 0 : i32, lock_rel_id = 0 : i32, lock_rel_val = LOCK : i32, next_bd = 0 : i32, out_of_order_id = 0 : i32, packet_id = 0 : i32, packet_type = 0 : i32, use_next_bd = 0 : i32, valid_bd = 1 : i32}
    aiex.npu.address_patch {addr = 118884 : ui32, arg_idx = 2 : i32, arg_plus = 0 : i32}\n`;
  const push = "aiex.npu.push_queue(0, 0, S2MM : 1) {bd_id = 3 : i32, issue_token = true, repeat_count = 0 : i32}\n";
  const write = "aiex.npu.write32 {address = 119308 : ui32, value = 2147483651 : ui32}\n";
  const sync = `aiex.npu.sync {channel = 1 : i32, column = 0 : i32, column_num = 1 : i32, direction = 0 : i32, row = 0 : i32, row_num = 1 : i32}`;
  const plain = bd.replace("LOCK", "0");

  expect(warningsOf(start, chain)).toEqual([expect.stringContaining("into %b (S2MM 1 of tile (0,0), @right)")]);
  expect(warningsOf(plain + push)).toEqual([expect.stringMatching(/into %c \(BD 3, S2MM 1.*add aiex\.npu\.sync \{/s)]);
  expect(warningsOf(plain + write)).toEqual([expect.stringContaining("into %c (BD 3, S2MM 1 of tile (0,0))")]);
  expect(warningsOf(`${start}aiex.dma_await_task(%k)`, chain)).toEqual([]);
  for (const started of [push, write]) expect(warningsOf(plain + started + sync)).toEqual([]);
  expect(warningsOf(bd.replace("LOCK", "1") + push)).toEqual([]);
});

test("silence where another sequence waits, where packets of a trace come, and where the host gets nothing", () => {
  const other = `aie.runtime_sequence @finish(%a: memref<64xi32>) { ${wait("left")} }`;
  const trace = "aie.flow(%t, Trace : 0, %s, DMA : 0)";
  const routed = `%sw = aie.switchbox(%t) { aie.connect<Trace : 0, South : 0> }`;

  expect(warningsOf(copy("left", 1, "b"), other)).toEqual([]);
  expect(warningsOf(copy("left", 1, "b"), trace)).toEqual([]);
  expect(warningsOf(copy("left", 1, "b"), routed)).toEqual([]);
  expect(warningsOf(copy("in", 1, "b"))).toEqual([]);
  // Its flow is missing, which the run tells of.
  const unit = "aiex.npu.write32 {address = 213200 : ui32, column = 0 : i32, row = 2 : i32, value = 65536 : ui32}\n";
  expect(warningsOf(unit + task("p", "left", "b", false))).toEqual([]);
  expect(warningsOf(unit + task("p", "left", "b", true))).toHaveLength(1);
  expect(warningsOf(copy("right", 1, "b"), trace)).toHaveLength(1);
});

const folder = new URL("../../fixtures/conformance/", import.meta.url);
const isDesign = (name: string): boolean => /^(?!reject-)[^.]+\.mlir$/.test(name);

test("no design that the compiler takes is told of, and each is without one of its waits for an output", () => {
  const waits = /^.*(npu\.dma_wait|dma_await_task|npu\.sync).*$/gm;
  let removed = 0;

  for (const name of readdirSync(folder).filter(isDesign)) {
    const text = readFileSync(new URL(name, folder), "utf8");
    expect(told(text, name), name).toEqual([]);
    for (const [line] of text.matchAll(waits)) if (told(text.replace(line, ""), name).length > 0) removed++;
  }

  expect(removed).toBeGreaterThan(70);
});

test("a push to a column that is not there is left to the errors of the stream, which have its line", () => {
  const push = "aiex.npu.push_queue(99999, 0, S2MM : 0) {bd_id = 0 : i32, issue_token = false, repeat_count = 0 : i32}";

  expect(() => warningsOf(push)).not.toThrow();
});
