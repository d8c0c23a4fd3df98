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
