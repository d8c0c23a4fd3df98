import { BudgetError } from "@aiekit/core";
import fc from "fast-check";
import { expect, test } from "vitest";
import { bufferOp, coreOp, deviceOp, endOp, moduleOp, regionOf, tileOp } from "../builder/aie-ops.ts";
import { integerAttr } from "../ir/attributes.ts";
import { type Operation, walk } from "../ir/operation.ts";
import { i8, i32, memref } from "../ir/types.ts";
import { coreMemory } from "./core-memory.ts";
import { lowerDesign } from "./lower-design.ts";

interface TilePlan {
  readonly row: number;
  readonly scheme?: "bank-aware" | "basic-sequential";
  /** Sizes in bytes. */
  readonly buffers: readonly number[];
  readonly stackBytes?: number;
}

const tileBytes = { 1: 524288, 2: 65536 } as const;

test("buffers never overlap, never leave the tile, and bank-aware ones never cross a bank", () => {
  fc.assert(
    fc.property(
      fc.constantFrom(1 as const, 2 as const),
      fc.constantFrom("bank-aware" as const, "basic-sequential" as const),
      fc.array(fc.integer({ min: 1, max: 9000 }), { minLength: 1, maxLength: 7 }),
      (row, scheme, buffers) => {
        const placed = placedBuffers(lowerDesign(tileDesign({ row, scheme, buffers })).module);

        const bankBytes = row === 1 ? 65536 : 16384;
        for (const [i, { address, bytes }] of placed.entries()) {
          expect(address).toBeGreaterThanOrEqual(0);
          expect(address + bytes).toBeLessThanOrEqual(tileBytes[row]);
          if (scheme === "bank-aware") {
            expect(Math.floor((address + bytes - 1) / bankBytes)).toBe(Math.floor(address / bankBytes));
          }
          for (const other of placed.slice(i + 1)) {
            expect(address + bytes <= other.address || other.address + other.bytes <= address).toBe(true);
          }
        }
      },
    ),
    { numRuns: 100, seed: 7 },
  );
});

test("a buffer of a whole bank goes past the bank that holds the stack", () => {
  const { module } = lowerDesign(tileDesign({ row: 2, buffers: [16384], stackBytes: 1024 }));

  expect(placedBuffers(module)).toEqual([{ name: "b0", address: 16384, bytes: 16384 }]);
});

test("65536 bytes fill one bank of a memtile, 65537 do not fit in it", () => {
  const lower = (bytes: number) => lowerDesign(tileDesign({ row: 1, scheme: "bank-aware", buffers: [bytes] }));

  expect(placedBuffers(lower(65536).module)).toEqual([{ name: "b0", address: 0, bytes: 65536 }]);
  expect(() => lower(65537)).toThrow("tile (0,1): Bank-aware allocation failed.");
});

test("a buffer larger than a bank falls back to packing, with a warning that says so", () => {
  const { module, warnings } = lowerDesign(tileDesign({ row: 2, buffers: [20000, 400], stackBytes: 1024 }));

  expect(placedBuffers(module).map((b) => b.address)).toEqual([1024, 21024]);
  expect(warnings.map((w) => w.message)).toContain("Bank-aware allocation failed, trying basic sequential allocation.");
});

test("a tile that is too full is a BudgetError with use, limit, every buffer and what would fit", () => {
  const lower = () => lowerDesign(tileDesign({ row: 2, buffers: [40000, 30000], stackBytes: 1024 }));

  expect(lower).toThrow(BudgetError);
  expect(lower).toThrow(
    "tile (0,2): allocated buffers exceeded available memory. Needs 71024 B, has 65536 B in 4 banks.\n  0x00000..0x003ff (stack) (1024 B)\n  0x00400..0x0a03f @b0 (40000 B)\n  0x0a040..0x1156f @b1 (30000 B)",
  );
  expect(lower).toThrow(
    expect.objectContaining({
      hint: "5488 B too many: make @b0 smaller by that or move a buffer to another tile",
    }) as Error,
  );
});

test("given addresses stay, and what is placed beside them does not touch them", () => {
  const module = tileDesign({ row: 2, buffers: [64, 4000], stackBytes: 1024 });
  walk(module, (op) => {
    if (op.text("sym_name") === "b0") op.attributes.set("address", integerAttr(2048, i32));
  });

  const placed = placedBuffers(lowerDesign(module).module);

  expect(placed).toEqual([
    { name: "b0", address: 2048, bytes: 64 },
    { name: "b1", address: 2112, bytes: 4000 },
  ]);
});

test("a core's data starts behind the highest of stack and buffers", () => {
  const { module } = lowerDesign(
    tileDesign({ row: 2, scheme: "basic-sequential", buffers: [100, 300], stackBytes: 2048 }),
  );

  expect(coreMemory(module, 0, 2)).toEqual({ stackBytes: 2048, dataBase: 2448 });
  expect(() => coreMemory(module, 0, 3)).toThrow("tile (0,3) has no core");
});

function tileDesign(plan: TilePlan): Operation {
  const tile = tileOp({ col: 0, row: plan.row, allocationScheme: plan.scheme });
  const buffers = plan.buffers.map((bytes, i) =>
    bufferOp({ tile: tile.result, name: `b${i}`, type: memref([bytes], i8) }),
  );
  const cores =
    plan.stackBytes === undefined
      ? []
      : [coreOp({ tile: tile.result, col: 0, row: plan.row, stackBytes: plan.stackBytes }, regionOf([endOp()]))];
  return moduleOp([deviceOp("npu1_1col", "main", regionOf([tile, ...buffers, ...cores, endOp()]))]);
}

function placedBuffers(module: Operation): { name: string; address: number; bytes: number }[] {
  const placed: { name: string; address: number; bytes: number }[] = [];
  walk(module, (op) => {
    if (op.name !== "aie.buffer" || op.result.type.kind !== "memref") return;
    const bytes = op.result.type.shape[0] ?? 0;
    placed.push({ name: op.text("sym_name") ?? "", address: op.int("address") ?? -1, bytes });
  });
  return placed.sort((a, b) => a.name.localeCompare(b.name));
}
