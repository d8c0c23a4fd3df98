import { deviceModel } from "@aiekit/mlir";
import { expect, test } from "vitest";
import { traceUnitSettings } from "./unit-settings.ts";

const device = deviceModel("npu1_1col");
const at = (row: number, offset: number): number => row * 2 ** 20 + offset;

// Words as mlir-aie writes them for traces with these events: mlir/src/lowering/trace.test.ts.
test("units are found by the registers that mlir-aie writes for a data memory, a memtile and a shim", () => {
  const writes: [number, number][] = [
    ...[[at(2, 0x140d4), 4099] as [number, number], [at(2, 0x140d0), 65536] as [number, number]],
    ...[[at(2, 0x140e0), 16788499] as [number, number], [at(2, 0x140e4), 77] as [number, number]],
    ...[[at(1, 0x940d4), 12292] as [number, number], [at(1, 0x940e0), 21584] as [number, number]],
    ...[[at(0, 0x340d4), 8197] as [number, number], [at(0, 0x340e0), 14] as [number, number]],
  ];
  const ops = writes.map(([address, value]) => ({ op: "write32", address, value }) as const);

  const found = traceUnitSettings(device, ops).map(({ tile, module, packetId, packetType, mode, events }) => [
    ...[tile.row, module, packetId, packetType, mode],
    events.filter((name) => name !== "NONE").join(" "),
  ]);

  expect(found).toEqual([
    [0, "shim", 5, "shim", "event-time", "DMA_S2MM_0_START_TASK"],
    [1, "memtile", 4, "memtile", "event-time", "PORT_RUNNING_0 PORT_RUNNING_1"],
    [2, "memory", 3, "mem", "event-time", "DMA_S2MM_0_START_TASK LOCK_SEL0_ACQ_EQ TRUE CONFLICT_DM_BANK_0"],
  ]);
});

test("masked and block writes count, and a core's mode", () => {
  const ops = [
    { op: "blockwrite", address: at(2, 0x340e0), words: [33 + (34 << 8), 0] },
    { op: "maskwrite32", address: at(2, 0x340d0), value: 0xffff_ffff, mask: 1 },
  ] as const;

  expect(traceUnitSettings(device, ops)).toMatchObject([
    { module: "core", mode: "event-PC", events: ["INSTR_EVENT_0", "INSTR_EVENT_1", ...Array(6).fill("NONE")] },
  ]);
});
