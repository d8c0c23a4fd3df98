import { expect, test } from "vitest";
import { deviceModel } from "../../device-model/device-model.ts";
import { walk } from "../../ir/operation.ts";
import { bufferBytes, coordOf, tileOperand } from "../../lowering/device-ops.ts";
import { lowerDesign } from "../../lowering/lower-design.ts";
import { matmulDesign } from "../matmul.ts";
import { budgetProblem, memtileBds, memtileBytes, tileBytes } from "./matmul-budget.ts";
import { stackBytes } from "./matmul-fabric.ts";
import { matmulTypes } from "./matmul-types.ts";

const tile = { m: 64, k: 32, n: 96 };
const stationary = "outputs";
const channelRows = 4;

test.each([
  ["npu1", "whole", "bf16_bf16", { columns: 4, rows: 4 }],
  ["npu1", "column", "bf16_bf16", { columns: 1, rows: 4 }],
  ["npu1", "tile", "bf16_bf16", { columns: 1, rows: 1 }],
  ["npu1_2col", "whole", "bf16_bf16", { columns: 2, rows: 4 }],
  ["npu2", "whole", "bf16_bf16", { columns: 8, rows: 4 }],
  ["npu1", "whole", "i16_i64", { columns: 4, rows: 4 }],
  ["npu2", "whole", "i16xi8_bf16", { columns: 8, rows: 4 }],
  ["npu1", "whole", "i16xi8g128_i16", { columns: 4, rows: 4 }],
] as const)(
  "%s %s %s: the budget counts the bytes and BDs that the lowered design has",
  (device, array, dtype, cores) => {
    const type = matmulTypes[dtype];
    const k = type.input.group ?? 32;
    const tile = { m: 32, k, n: 48 };
    const shapes = `64x${5 * k}x64${dtype === "bf16_bf16" ? "_residual" : ""}`;
    const params = { dtype, array, shapes, tile: `32x${k}x48` };

    const used = usedOf(lowerDesign(matmulDesign({ device, params }).module).module, deviceModel(device).memtileRows);

    const rows = type.input.group === undefined ? 4 : 6;
    const request = { type, tile, cores, stationary: "outputs", channelRows: rows } as const;
    const { S2MM, MM2S } = memtileBds(cores);
    expect(used.memtile.bytes).toBe(memtileBytes(request));
    expect(used.memtile.bds).toBe([...S2MM, ...MM2S].reduce((sum, n) => sum + n, 0));
    // Counters of the objects are rounded up to what lies behind them.
    expect(tileBytes(request) - (used.core.bytes + stackBytes)).toBeGreaterThanOrEqual(0);
    expect(tileBytes(request) - (used.core.bytes + stackBytes)).toBeLessThanOrEqual(64);
  },
);

test("weights that stay have one object of b in a core, and so has the lowered design", () => {
  const params = { dtype: "bf16_bf16", array: "whole", shapes: "64x32x64", tile: "64x32x96", plan: "weights" };

  const used = usedOf(lowerDesign(matmulDesign({ device: "npu1", params }).module).module, 1);

  const cores = { columns: 4, rows: 4 };
  const bytes =
    tileBytes({ type: matmulTypes.bf16_bf16, tile, cores, stationary: "weights", channelRows: 4 }) - stackBytes;
  expect(bytes - used.core.bytes).toBeGreaterThanOrEqual(0);
  expect(bytes - used.core.bytes).toBeLessThanOrEqual(64);
});

test("a tile is refused for the memory of the memtile, where a column of cores has more of it than the memtile", () => {
  const type = {
    ...matmulTypes.bf16_f32,
    input: { ...matmulTypes.bf16_f32.input, bytes: 0, b: { ...matmulTypes.bf16_f32.input.b, bytes: 0 } },
  };
  const cores = { columns: 1, rows: 4 };

  expect(budgetProblem({ type, tile: { m: 64, k: 8, n: 112 }, cores, stationary, channelRows })).toBeUndefined();
  expect(
    budgetProblem({ type, tile: { m: 64, k: 8, n: 112 }, cores: { columns: 1, rows: 12 }, stationary, channelRows }),
  ).toBe("needs 688128 B of a memtile, which has 524288 B");
});

test("more rows of cores than a memtile has channels are refused with both numbers", () => {
  expect(
    budgetProblem({
      type: matmulTypes.i8_i8,
      tile: { m: 16, k: 16, n: 16 },
      cores: { columns: 8, rows: 6 },
      stationary,
      channelRows,
    }),
  ).toBe("needs 8 channels of a memtile, which has 6");
});

/** Bytes of buffers and BDs of the busiest memtile and of the busiest core. */
function usedOf(lowered: Parameters<typeof walk>[0], memtileRows: number) {
  const tiles = new Map<string, { row: number; bytes: number; bds: number }>();
  const of = (op: Parameters<typeof tileOperand>[0]) => {
    const { col, row } = coordOf(tileOperand(op));
    const known = tiles.get(`${col},${row}`) ?? { row, bytes: 0, bds: 0 };
    tiles.set(`${col},${row}`, known);
    return known;
  };
  walk(lowered, (op) => {
    if (op.name === "aie.buffer") of(op).bytes += bufferBytes(op);
    if (op.name === "aie.memtile_dma" || op.name === "aie.mem") {
      const tile = of(op);
      walk(op, (inner) => {
        if (inner.name === "aie.dma_bd") tile.bds++;
      });
    }
  });
  const busiest = (isMemtile: boolean) => {
    const some = [...tiles.values()].filter(({ row }) => row > 0 && row <= memtileRows === isMemtile);
    return { bytes: Math.max(...some.map((one) => one.bytes)), bds: Math.max(...some.map((one) => one.bds)) };
  };
  return { memtile: busiest(true), core: busiest(false) };
}
