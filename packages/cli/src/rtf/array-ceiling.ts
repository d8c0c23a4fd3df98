import { type DeviceModel, tileKind, tileModels } from "@aiekit/mlir";
import type { ModelWork } from "./model-work.ts";

export type CeilingType = "int8" | "bf16";

/** What a whole array does at its nominal clock and no more, by its data sheet. */
interface ArrayPeak {
  readonly macsPerSecond: number;
  /** Of all shim channels that read memory; the memory of a machine may bring less. */
  readonly bytesPerSecond: number;
}

/** Multiplications of a core in a cycle. Source: AM020 and AM025 of AIE-ML; aie_api's matmul shapes for AIE2P. */
const macsPerCycle = { aie2: { int8: 256, bf16: 128 }, aie2p: { int8: 512, bf16: 256 } } as const;
const bytesOf = { int8: 1, bf16: 2 } as const;
/** A stream brings a word of 32 bits a cycle. Source: AM020, stream interconnect. */
const channelBytesPerCycle = 4;

export function arrayPeak(device: DeviceModel, type: CeilingType): ArrayPeak {
  const computeRows = Array.from({ length: device.rows }, (_, row) => tileKind(device, 0, row)).filter(
    (kind) => kind === "computeTile",
  ).length;
  const cores = device.columns * computeRows;
  const channels = device.columns * tileModels.shim.dma.channels;
  return {
    macsPerSecond: cores * macsPerCycle[device.generation][type] * device.clockHz,
    bytesPerSecond: channels * channelBytesPerCycle * device.clockHz,
  };
}

/** Least time that arithmetic and memory allow, in seconds; a real run takes longer. */
interface Ceiling {
  readonly encoderSeconds: number;
  readonly tokenSeconds: number;
  /** What a token waits for. */
  readonly tokenBound: "multipliers" | "memory";
  /** Length of a window over the time for it with `tokens` tokens. */
  readonly timesRealTime: number;
}

/**
 * seconds = max(multiplications / peak, bytes / peak) for the encoder with the cross-attention's keys and values, and for each
 * token; times real time = window / (encoder + tokens * token).
 */
export function ceiling(
  work: ModelWork,
  peak: ArrayPeak,
  {
    type,
    tokens,
    windowSeconds,
  }: { readonly type: CeilingType; readonly tokens: number; readonly windowSeconds: number },
): Ceiling {
  const least = (macs: number, values: number) => ({
    multipliers: macs / peak.macsPerSecond,
    memory: (values * bytesOf[type]) / peak.bytesPerSecond,
  });
  const encoder = least(work.encoderMacs + work.crossMacs, work.encoderWeights + work.crossWeights);
  const token = least(work.tokenMacs, work.tokenValues);
  const encoderSeconds = Math.max(encoder.multipliers, encoder.memory);
  const tokenSeconds = Math.max(token.multipliers, token.memory);
  return {
    encoderSeconds,
    tokenSeconds,
    tokenBound: token.memory > token.multipliers ? "memory" : "multipliers",
    timesRealTime: windowSeconds / (encoderSeconds + tokens * tokenSeconds),
  };
}
