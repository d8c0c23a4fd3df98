import type { UsageError } from "@aiekit/core";
import { expect, test } from "vitest";
import { deviceModel, deviceModels, tileKind, tileModel } from "./device-model.ts";
import { memoryWindow, memtileReaches } from "./neighbours.ts";
import { switchPorts } from "./ports.ts";
import { bdOffset, channelControlOffset, splitAddress, taskQueueRegisterOffset, tileAddress } from "./registers.ts";
import { bdIdsOfChannel, tileModels } from "./tile-model.ts";

test("npu1 has 4 columns with 16 cores and 1 MiB of their memory, npu2 8 with 32 and 2 MiB", () => {
  const totals = ["npu1", "npu2"].map((name) => {
    const device = deviceModel(name);
    let cores = 0;
    let bytes = 0;
    for (let col = 0; col < device.columns; col++) {
      for (let row = 0; row < device.rows; row++) {
        if (tileKind(device, col, row) !== "computeTile") continue;
        cores++;
        bytes += tileModel(device, col, row).dataBytes;
      }
    }
    return { columns: device.columns, cores, mebibytes: bytes / 2 ** 20 };
  });

  expect(totals).toEqual([
    { columns: 4, cores: 16, mebibytes: 1 },
    { columns: 8, cores: 32, mebibytes: 2 },
  ]);
});

test("the dialect's twelve NPU names are there, npu1_4col is not and says what the whole array is called", () => {
  expect(deviceModels.map((d) => d.name).sort()).toEqual(
    [
      ...["npu1", "npu1_1col", "npu1_2col", "npu1_3col"],
      ...["npu2", "npu2_1col", "npu2_2col", "npu2_3col", "npu2_4col", "npu2_5col", "npu2_6col", "npu2_7col"],
    ].sort(),
  );
  expect(() => deviceModel("npu1_4col")).toThrow(
    expect.objectContaining({ hint: "the whole array is called npu1" }) as UsageError,
  );
});

test("row 0 is shim, row 1 memtile, rows 2 to 5 compute; column 1 is not on npu1_1col", () => {
  const device = deviceModel("npu1_1col");

  expect([0, 1, 2, 5, 6].map((row) => tileKind(device, 0, row))).toEqual([
    "shim",
    "memtile",
    "computeTile",
    "computeTile",
    undefined,
  ]);
  expect(() => tileModel(device, 1, 2)).toThrow(/tile \(1,2\) is not on npu1_1col/);
});

test("a core reaches memory to its west, north and south, never east, never a memtile", () => {
  const device = deviceModel("npu1");
  const core = { col: 1, row: 3 };

  const reached = [
    { col: 1, row: 3 },
    { col: 0, row: 3 },
    { col: 1, row: 4 },
    { col: 1, row: 2 },
    { col: 2, row: 3 },
    { col: 0, row: 4 },
  ].map((memory) => memoryWindow(device, core, memory));

  expect(reached).toEqual(["own", "west", "north", "south", undefined, undefined]);
  expect(memoryWindow(device, { col: 1, row: 2 }, { col: 1, row: 1 })).toBeUndefined();
  expect(memtileReaches(device, { col: 1, row: 1 }, { col: 2, row: 1 })).toBe(true);
  expect(memtileReaches(device, { col: 0, row: 1 }, { col: 2, row: 1 })).toBe(false);
});

test("a memtile's even channels use BDs 0..23 and its odd ones 24..47; a compute tile's share 16", () => {
  const even = bdIdsOfChannel(tileModels.memtile.dma, 4);
  const odd = bdIdsOfChannel(tileModels.memtile.dma, 1);
  const compute = bdIdsOfChannel(tileModels.computeTile.dma, 1);

  expect({ even, odd, compute }).toEqual({
    even: { first: 0, count: 24 },
    odd: { first: 24, count: 24 },
    compute: { first: 0, count: 16 },
  });
});

// Addresses that mlir-aie's own streams hold: BD 3 and the MM2S queues of shim (0,0), S2MM control of memtile (0,1).
test("registers of shim and memtile have the addresses of real instruction streams", () => {
  const { shim, memtile } = tileModels;

  expect(tileAddress(0, 0, bdOffset(shim, 3))).toBe(118880);
  expect(tileAddress(0, 0, taskQueueRegisterOffset(shim, "MM2S", 0))).toBe(119316);
  expect(tileAddress(0, 0, taskQueueRegisterOffset(shim, "MM2S", 1))).toBe(119324);
  expect(tileAddress(0, 1, channelControlOffset(memtile, "S2MM", 0))).toBe(1705472);
  expect(tileAddress(0, 1, taskQueueRegisterOffset(memtile, "MM2S", 0))).toBe(1705524);
});

test("an address in column 127 splits into the parts it was made of", () => {
  const address = tileAddress(127, 5, 0xfffff);

  expect(address).toBeGreaterThan(2 ** 31);
  expect(splitAddress(address)).toEqual({ col: 127, row: 5, offset: 0xfffff });
});

test("edge switches have no ports that leave the array, memtiles none to the east or west", () => {
  const device = deviceModel("npu1_2col");

  expect(switchPorts(device, 0, 2, "West")).toEqual({ masters: 0, slaves: 0 });
  expect(switchPorts(device, 1, 2, "West")).toEqual({ masters: 4, slaves: 4 });
  expect(switchPorts(device, 1, 2, "East")).toEqual({ masters: 0, slaves: 0 });
  expect(switchPorts(device, 0, 5, "North")).toEqual({ masters: 0, slaves: 0 });
  expect(switchPorts(device, 0, 1, "East")).toEqual({ masters: 0, slaves: 0 });
});
