import { BudgetError, DesignError } from "@aiekit/core";
import { expect, test } from "vitest";
import { enumAttr, integerAttr } from "../ir/attributes.ts";
import { Block, Operation, Region, type Value } from "../ir/operation.ts";
import { i32, index } from "../ir/types.ts";
import { parseModule } from "../parser/module.ts";
import { printModule } from "../printer/module.ts";
import { verify } from "../verifier/verify.ts";
import { placeTiles } from "./place-tiles.ts";

test("sixteen logical cores take the sixteen compute tiles of npu1, a seventeenth does not fit", () => {
  const sixteen = design("npu1", Array(16).fill("CoreTile"));

  const placed = placesOf(placeTiles(sixteen));

  expect(new Set(placed).size).toBe(16);
  expect(placed.every((place) => /^\d,[2-5]$/.test(place))).toBe(true);
  expect(() => placeTiles(design("npu1", Array(17).fill("CoreTile")))).toThrow(BudgetError);
});

test("given coordinates are kept, the rest goes around them and around tiles that stand already", () => {
  const module = design("npu1_2col", ["CoreTile ? 5", "CoreTile 1 ?", "CoreTile", "MemTile", "CoreTile 0 2"]);

  expect(placesOf(placeTiles(module))).toEqual(["0,5", "1,2", "0,3", "0,1", "0,2"]);
});

test("three fifos out of two logical shims need a second column: a shim has two MM2S channels", () => {
  const tiles = ["ShimNOCTile", "ShimNOCTile", "CoreTile", "CoreTile"];
  const fifos: Links = [
    [0, 2],
    [0, 3],
    [1, 2],
  ]; // prettier-ignore

  expect(placesOf(placeTiles(design("npu1_2col", tiles, { fifos })))).toEqual(["0,0", "1,0", "0,2", "0,3"]);
  expect(() => placeTiles(design("npu1_1col", tiles, { fifos }))).toThrow(/shim/);
});

test("one logical shim with three fifos out is refused with both numbers", () => {
  const fifos: Links = [
    [0, 1],
    [0, 2],
    [0, 3],
  ];
  const tiles = ["ShimNOCTile", "CoreTile", "CoreTile", "CoreTile"];

  expect(() => placeTiles(design("npu1", tiles, { fifos }))).toThrow(
    /one shim needs 3 MM2S and 0 S2MM channels, it has 2/,
  );
});

test("a cascade of five cores is laid east or south at every step, although five do not fit one column", () => {
  const cascades: Links = [
    [0, 1],
    [1, 2],
    [2, 3],
    [3, 4],
  ];

  const places = placesOf(placeTiles(design("npu1", Array(5).fill("CoreTile"), { cascades })));

  for (const [from, to] of cascades) {
    const [a = [], b = []] = [places[from], places[to]].map((place) => (place ?? "").split(",").map(Number));
    const step = `${(b[0] ?? 0) - (a[0] ?? 0)},${(b[1] ?? 0) - (a[1] ?? 0)}`;
    expect(["1,0", "0,-1"]).toContain(step);
  }
});

test("a logical compute tile in row 1 is refused by its row", () => {
  expect(() => placeTiles(design("npu1", ["CoreTile ? 1"]))).toThrow(DesignError);
});

test("the placed module has no logical tile, prints, verifies, and leaves its input alone", () => {
  const module = design("npu1", ["ShimNOCTile", "CoreTile"], { fifos: [[0, 1]] });

  const placed = placeTiles(module);

  expect(printModule(placed)).toContain("aie.tile(0, 2)");
  expect(verify(placed).filter((d) => d.severity === "error")).toEqual([]);
  expect(devicesOps(module).some((op) => op.name === "aie.logical_tile")).toBe(true);
});

type Links = readonly (readonly [number, number])[];

/** Tiles are written `CoreTile`, or `CoreTile 0 ?` with column and row. Fifos and cascades name tiles by position. */
function design(
  device: string,
  tiles: readonly string[],
  { fifos = [], cascades = [] }: { readonly fifos?: Links; readonly cascades?: Links } = {},
): Operation {
  const body = new Block();
  const values: Value[] = tiles.map((text) => {
    const [type = "", col = "?", row = "?"] = text.split(" ");
    const place = (key: string, at: string) => (at === "?" ? {} : { [key]: integerAttr(Number(at), i32) });
    const attributes = { tile_type: enumAttr(type), ...place("col", col), ...place("row", row) };
    return body.append(new Operation("aie.logical_tile", { results: [index], attributes })).result;
  });
  const operands = ([from, to]: readonly [number, number]) => [values[from], values[to]].filter((v) => v !== undefined);
  for (const [i, link] of fifos.entries()) body.append(fifo(`f${i}`, operands(link)));
  for (const link of cascades) body.append(new Operation("aie.cascade_flow", { operands: operands(link) }));
  body.append(new Operation("aie.end"));
  const region = new Region();
  region.addBlock(body);
  const attributes = { device: enumAttr(device) };
  const module = new Region();
  module.entry.append(new Operation("aie.device", { regions: [region], attributes }));
  return new Operation("builtin.module", { regions: [module] });
}

/** A fifo read from text, with other ends. */
function fifo(name: string, operands: Value[]): Operation {
  const text = `module { aie.device(npu1) { %a = aie.tile(0, 0) %b = aie.tile(0, 2)
    aie.objectfifo @${name}(%a, {%b}, 2 : i32) : !aie.objectfifo<memref<16xi32>> } }`;
  const model = devicesOps(parseModule(text, "fifo.mlir")).find((op) => op.name === "aie.objectfifo");
  return new Operation("aie.objectfifo", { operands, attributes: Object.fromEntries(model?.attributes ?? []) });
}

function devicesOps(module: Operation): Operation[] {
  return module.regions[0]?.entry.ops.flatMap((device) => device.regions[0]?.entry.ops ?? []) ?? [];
}

function placesOf(module: Operation): string[] {
  return devicesOps(module)
    .filter((op) => op.name === "aie.tile")
    .map((op) => `${op.int("col")},${op.int("row")}`);
}
