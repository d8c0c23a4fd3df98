import { DesignBuilder, i32, lowerDesign, memref, parseModule, routeFlows } from "@aiekit/mlir";
import { expect, test } from "vitest";
import type { ResourceUse } from "./resource-use.ts";
import { switchUse } from "./switch-use.ts";

const short = (use: readonly ResourceUse[], place: string) =>
  Object.fromEntries(
    use
      .filter(({ tile: { col, row } }) => `${col},${row}` === place)
      .map(({ resource, used, limit, takers }) => [
        resource,
        `${used}/${limit} ${takers.map(({ name }) => name).join(", ")}`,
      ]),
  );

test("ports of each switch and of the shim mux are counted by bundle and side, and named by objectFifo", () => {
  const d = new DesignBuilder("npu1_1col");
  const [shim, low, high] = [d.tile(0, 0), d.tile(0, 2), d.tile(0, 3)];
  const element = memref([16], i32);
  const fifo = (name: string, producer: typeof shim, consumers: (typeof shim)[]) =>
    d.objectFifo({ name, producer, consumers, depth: 2, element });
  fifo("in", shim, [low, high]);
  fifo("back", high, [shim]);

  const use = switchUse(routeFlows(lowerDesign(d.build()).module));

  expect(short(use, "0,0")).toMatchObject({
    "shim mux MM2S": "1/2 in (DMA 0)",
    "shim mux S2MM": "1/2 back (DMA 0)",
    "South slaves": "1/8 in (South 3)",
  });
  // A broadcast takes one port up to the tile where it parts.
  expect(short(use, "0,2")).toMatchObject({ "DMA masters": "1/2 in (DMA 0)" });
  expect(short(use, "0,2")["South slaves"]).toMatch(/^1\/6 in /);
  expect(short(use, "0,2")["North masters"]).toMatch(/^1\/6 in /);
  expect(short(use, "0,2")["North slaves"]).toMatch(/^1\/4 back /);
  expect(short(use, "0,3")["DMA slaves"]).toBe("1/2 back (DMA 0)");
});

test("packets take arbiters, msels and rules, up to five ids that part ways at one switch", () => {
  const flows = [1, 2, 4, 8].map(
    (id, i) => `aie.packet_flow(${id}) {
      aie.packet_source<%s, DMA : 0>
      aie.packet_dest<%t${2 + i}, DMA : 0>
    }`,
  );
  const text = `module { aie.device(npu1_1col) {
    %s = aie.tile(0, 0)
    ${[2, 3, 4, 5].map((row) => `%t${row} = aie.tile(0, ${row})`).join("\n")}
    ${flows.join("\n")}
  } }`;

  const use = switchUse(routeFlows(parseModule(text, "packets.mlir")));

  const parting = use.filter(({ tile: { row } }) => row === 2);
  const rules = parting.find(({ resource }) => resource.startsWith("packet rules of South"));
  expect(rules).toMatchObject({ limit: 4 });
  expect(rules?.used).toBeGreaterThanOrEqual(2);
  const arbiters = parting.find(({ resource }) => resource === "arbiters");
  const msels = parting.filter(({ resource }) => resource.startsWith("msels"));
  expect(arbiters).toMatchObject({ limit: 6, change: expect.stringContaining("ids that differ in one bit") });
  expect(arbiters?.used).toBe(msels.length);
  for (const { used, limit } of msels) expect([used >= 1, limit]).toEqual([true, 4]);
});
