import {
  type DeviceModel,
  type DmaDirection,
  splitAddress,
  type TileCoord,
  type TileKind,
  tileKind,
  tileModels,
} from "@aiekit/mlir";

/** What a register address of an instruction stream stands for. */
export type Register =
  | { readonly kind: "memory"; readonly tile: TileCoord; readonly wordIndex: number }
  | { readonly kind: "bd"; readonly tile: TileCoord; readonly id: number; readonly word: number }
  | ({ readonly kind: "control" } & ChannelRegister)
  | ({ readonly kind: "queue" } & ChannelRegister)
  | { readonly kind: "lock"; readonly tile: TileCoord; readonly id: number }
  | { readonly kind: "unmodelled"; readonly tile: TileCoord; readonly offset: number };

interface ChannelRegister {
  readonly tile: TileCoord;
  readonly direction: DmaDirection;
  readonly channel: number;
}

const lockRegisterBytes = 0x10;

/** Finds the register at an address. Undefined outside the device, or at an address that is no multiple of 4. */
export function decodeRegister(device: DeviceModel, address: number): Register | undefined {
  const { col, row, offset } = splitAddress(address);
  const kind = tileKind(device, col, row);
  if (kind === undefined || offset % 4 !== 0) return undefined;
  const tile = { col, row };
  const model = tileModels[kind];
  if (offset < model.dataBytes) return { kind: "memory", tile, wordIndex: offset / 4 };
  const bd = within(offset, { base: model.dma.bdRegister, stride: model.dma.bdRegisterStride, count: model.dma.bds });
  if (bd && bd.rest < model.dma.bdWords * 4) return { kind: "bd", tile, id: bd.index, word: bd.rest / 4 };
  const lock = within(offset, { base: model.lockRegister, stride: lockRegisterBytes, count: model.locks });
  if (lock && lock.rest === 0) return { kind: "lock", tile, id: lock.index };
  return channelRegister(kind, tile, offset) ?? { kind: "unmodelled", tile, offset };
}

function channelRegister(kind: TileKind, tile: TileCoord, offset: number): Register | undefined {
  const { controlRegister, controlRegisterStride: stride, channels: count } = tileModels[kind].dma;
  for (const direction of ["S2MM", "MM2S"] as const) {
    const found = within(offset, { base: controlRegister[direction], stride, count });
    if (found) return { kind: found.rest === 0 ? "control" : "queue", tile, direction, channel: found.index };
  }
  return undefined;
}

function within(
  offset: number,
  range: { readonly base: number; readonly stride: number; readonly count: number },
): { readonly index: number; readonly rest: number } | undefined {
  const index = Math.floor((offset - range.base) / range.stride);
  if (index < 0 || index >= range.count) return undefined;
  return { index, rest: offset - range.base - index * range.stride };
}
