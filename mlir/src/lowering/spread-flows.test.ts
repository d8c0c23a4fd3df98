import { expect, test } from "vitest";
import { parseModule } from "../parser/module.ts";
import { routeFlows } from "../routing/route-flows.ts";
import { lowerDesign } from "./lower-design.ts";
import { structureOf } from "./lowered-structure.ts";

/** The flows of a lowered device of one column with `text`, TileControl's own aside. */
function flows(text: string): string[] {
  const { module } = lowerDesign(
    parseModule(
      `module { aie.device(npu1_1col) {
  %s = aie.tile(0, 0)
  %a = aie.tile(0, 2)
  %b = aie.tile(0, 3)
  ${text}
} }`,
      "spread.mlir",
    ),
  );
  routeFlows(module);
  return structureOf(module, { addresses: false }).flatMap(({ kind, subject, properties }) =>
    kind === "flow" && !subject.includes("TileControl") ? [`${subject} | ${[...properties.values()].join(" | ")}`] : [],
  );
}

test("a multicast is a flow to each of its destinations", () => {
  const text = "aiex.multicast(%s, DMA : 0) { aiex.multi_dest<%a, DMA : 1>\n aiex.multi_dest<%b, DMA : 0> }";

  expect(flows(text)).toEqual(["flow into (0,2) DMA 1 | (0,0) DMA 0", "flow into (0,3) DMA 0 | (0,0) DMA 0"]);
});

test("a broadcast of packets is a packet flow for each id", () => {
  const text = `aiex.broadcast_packet(%s, DMA : 0) {
    aiex.bp_id(0x4) { aiex.bp_dest<%a, DMA : 0>\n aiex.bp_dest<%b, DMA : 0> }
    aiex.bp_id(0x9) { aiex.bp_dest<%b, DMA : 1> }
  }`;

  expect(flows(text)).toEqual([
    "packet flow 4 from (0,0) DMA 0 | (0,2) DMA 0, (0,3) DMA 0",
    "packet flow 9 from (0,0) DMA 0 | (0,3) DMA 1",
  ]);
});
