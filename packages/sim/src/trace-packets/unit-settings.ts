import {
  type DeviceModel,
  eventName,
  splitAddress,
  type TileCoord,
  type TraceModule,
  tileKind,
  traceRegisterOffset,
} from "@aiekit/mlir";
import type { TxnOp } from "@aiekit/xclbin";
import { type TraceUnitType, traceUnitTypes } from "./read-packets.ts";

/** How an instruction stream sets one trace unit. */
export interface TraceUnitSettings {
  /** Columns are those of the design. */
  readonly tile: TileCoord;
  readonly module: TraceModule;
  readonly packetId: number;
  readonly packetType: TraceUnitType;
  readonly mode: "event-time" | "event-PC" | "execution" | undefined;
  /** Events of slots 0 to 7, by the architecture's names. */
  readonly events: readonly string[];
}

const modes = ["event-time", "event-PC", "execution", undefined] as const;

/** The trace units that writes of an instruction stream set up, by column, row and module; those without an event are left out. */
export function traceUnitSettings(device: DeviceModel, ops: readonly TxnOp[]): TraceUnitSettings[] {
  const registers = new Map<number, number>();
  for (const { address, value, mask } of ops.flatMap(registerWrites)) {
    const old = registers.get(address) ?? 0;
    registers.set(address, ((old & ~mask) | (value & mask)) >>> 0);
  }
  const units = new Map<string, TraceUnitSettings>();
  for (const address of registers.keys()) {
    const { col, row } = splitAddress(address);
    for (const module of modulesOf(device, { col, row })) {
      const base = address - (address & 0xf_ffff);
      const read = (name: string): number => registers.get(base + traceRegisterOffset(module, name)) ?? 0;
      const events = [read("Trace_Event0"), read("Trace_Event1")];
      if (events.every((word) => word === 0)) continue;
      const control = read("Trace_Control1");
      units.set(`${col},${row},${module}`, {
        ...{ tile: { col, row }, module, packetId: control & 0x1f },
        packetType: traceUnitTypes[(control >>> 12) & 3]!,
        mode: module === "core" ? modes[read("Trace_Control0") & 3] : "event-time",
        events: events.flatMap((word) => [0, 8, 16, 24].map((shift) => eventName(module, (word >>> shift) & 0xff))),
      });
    }
  }
  return [...units.values()].sort(
    (a, b) => a.tile.col - b.tile.col || a.tile.row - b.tile.row || a.module.localeCompare(b.module),
  );
}

interface RegisterWrite {
  readonly address: number;
  readonly value: number;
  readonly mask: number;
}

const wholeWord = 0xffff_ffff;

function registerWrites(op: TxnOp): RegisterWrite[] {
  switch (op.op) {
    case "write32":
      return [{ address: op.address, value: op.value, mask: wholeWord }];
    case "maskwrite32":
      return [{ address: op.address, value: op.value, mask: op.mask }];
    case "blockwrite":
      return op.words.map((value, i) => ({ address: op.address + 4 * i, value, mask: wholeWord }));
    default:
      return [];
  }
}

function modulesOf(device: DeviceModel, { col, row }: TileCoord): readonly TraceModule[] {
  const kind = tileKind(device, col, row);
  if (kind === undefined) return [];
  return kind === "computeTile" ? ["core", "memory"] : [kind];
}
