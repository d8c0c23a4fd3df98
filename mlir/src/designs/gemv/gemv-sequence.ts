import type { ArgSpec } from "@aiekit/core";
import type { DesignBuilder } from "../../builder/design-builder.ts";
import type { SequenceBuilder } from "../../builder/sequence-builder.ts";
import { tileModels } from "../../device-model/tile-model.ts";
import type { Value } from "../../ir/operation.ts";
import { i32, type MemRefType, memref } from "../../ir/types.ts";
import type { DesignSequence } from "../../registry.ts";
import { InputQueue, type Planned } from "../matmul/matmul-sequence.ts";
import type { GemvFabric, GemvFabricSpec } from "./gemv-fabric.ts";
import { controlWords, type GemvSteps, rowsOfObject } from "./gemv-plan.ts";

/** One launch: y = epilogue(x w^T) for one shape. Host buffers are words, as everything that the array streams. */
export function gemvSequence(
  d: DesignBuilder,
  fabric: GemvFabric,
  { spec, position }: { readonly spec: GemvFabricSpec; readonly position: number },
): DesignSequence {
  const steps = spec.plan.shapes[position]!;
  const specs = argSpecs(steps, spec);
  const args = Object.fromEntries(specs.map((arg) => [arg.name, bufferOf(arg)]));
  d.sequence({ name: steps.shape.name, args }, (s, host) => {
    writeTransfers(s, { fabric, spec, steps, position, host: host as unknown as HostBuffers });
  });
  return { name: steps.shape.name, units: 1, args: specs };
}

interface HostBuffers {
  readonly x: Value;
  readonly w: Value;
  readonly channels: Value | undefined;
  readonly residual: Value | undefined;
  readonly y: Value;
}

interface Work {
  readonly fabric: GemvFabric;
  readonly spec: GemvFabricSpec;
  readonly steps: GemvSteps;
  readonly position: number;
  readonly host: HostBuffers;
}

type Pattern = Omit<Planned, "fifo" | "firstId">;

const { queueDepth } = tileModels.shim.dma;

function writeTransfers(s: SequenceBuilder, work: Work): void {
  const { fabric, spec, steps, host } = work;
  const planned = planInputs(work);
  const queue = new InputQueue(s, planned);
  const early = planned.findIndex((_, i) => {
    return planned.filter(({ fifo }, j) => j <= i && fifo === planned[i]!.fifo).length > queueDepth;
  });
  const start = early < 0 ? planned.length : early;
  // Memtiles fill while the rest is set up.
  for (const { choice, words } of fabric.choices.map((choice) => ({ choice, words: work.position * controlWords }))) {
    s.writeParameter(choice.shape, 0, words);
    s.setLock(choice.go, 1);
  }
  for (const one of planned.slice(0, start)) queue.push(one);
  const { m, o } = spec.plan;
  const wordsPerRow = spec.type.output.bytes / 4;
  const unit = 2 * o * wordsPerRow;
  const units = steps.channelPart / (2 * o);
  fabric.results.forEach((fifo, channel) => {
    s.transfer({
      fifo,
      buffer: host.y,
      id: 2 * queueDepth + (channel % 2),
      offset: channel * steps.channelPart * wordsPerRow,
      ...(m === 1
        ? linear(units * unit)
        : { sizes: [1, units, m, unit], strides: [0, units > 1 ? unit : 0, steps.rows * wordsPerRow, 1] }),
    });
  });
  for (const one of planned.slice(start)) queue.push(one);
  for (const fifo of fabric.results) s.wait(fifo);
}

/** Transfers in the order in which cores need them, channel by channel: a chapter is x, words of its rows, weights. */
function planInputs({ fabric, spec, steps, host }: Work): readonly Planned[] {
  return Array.from({ length: steps.chapters }, (_, chapter) =>
    fabric.weights.flatMap((fifo, channel) => {
      const firstRow = channel * steps.channelPart + chapter * steps.chapterRows;
      const patterns = [...keptOf(host, steps), ...weightsOf(host, { spec, steps, firstRow })];
      return patterns.map((pattern) => ({ fifo, firstId: (channel % 2) * queueDepth, ...pattern(firstRow) }));
    }),
  ).flat();
}

/** What stays in the cores while the weights of a chapter pass. */
function keptOf({ x, channels, residual }: HostBuffers, steps: GemvSteps): readonly ((firstRow: number) => Pattern)[] {
  const { shape, chapterRows, rows, channelRows, channelsAt } = steps;
  return [
    () => ({ buffer: x, fillsPart: true, ...linear(channelsAt) }),
    ...(channels === undefined
      ? []
      : [
          (firstRow: number): Pattern => ({
            buffer: channels,
            fillsPart: true,
            offset: firstRow,
            ...rowsOf({ count: channelRows, length: chapterRows, stride: rows }),
          }),
        ]),
    ...(residual === undefined
      ? []
      : [
          (firstRow: number): Pattern => ({
            buffer: residual,
            fillsPart: true,
            offset: firstRow / 2,
            ...rowsOf({ count: shape.m, length: chapterRows / 2, stride: rows / 2 }),
          }),
        ]),
  ];
}

/** The weights of a chapter; the last object before them is filled up with any words: those before, or the first. */
function weightsOf(
  { w }: HostBuffers,
  { spec, steps, firstRow }: { readonly spec: GemvFabricSpec; readonly steps: GemvSteps; readonly firstRow: number },
): readonly (() => Pattern)[] {
  const { plan, type } = spec;
  const { chunks, chapterRows, pitch, channelsAt, channelRows, shape, keptObjects } = steps;
  const [rowWords, partWords] = [(pitch * type.weights.bytes) / 4, (plan.kc * type.weights.bytes) / 4];
  const used = channelsAt + channelRows * chapterRows + (shape.residual ? (shape.m * chapterRows) / 2 : 0);
  const fill = keptObjects * plan.objectWords - used;
  const offset = firstRow * rowWords;
  const isRun = chunks === 1 && offset >= fill;
  const filling = fill > 0 && !isRun ? [() => ({ buffer: w, fillsPart: true, ...linear(fill) })] : [];
  if (chunks === 1) {
    const before = isRun ? fill : 0;
    const pattern = { buffer: w, fillsPart: true, offset: offset - before, ...linear(before + chapterRows * rowWords) };
    return [...filling, () => pattern];
  }
  const blocks = chapterRows / rowsOfObject;
  const pattern: Pattern = {
    buffer: w,
    offset,
    sizes: [blocks, chunks, rowsOfObject, partWords],
    strides: [blocks > 1 ? rowsOfObject * rowWords : 0, partWords, rowWords, 1],
  };
  return [...filling, () => pattern];
}

const linear = (words: number): Pick<Required<Pattern>, "sizes" | "strides"> => ({
  sizes: [1, 1, 1, words],
  strides: [0, 0, 0, 1],
});

function rowsOf({ count, length, stride }: { count: number; length: number; stride: number }) {
  if (count === 1) return linear(length);
  return { sizes: [1, 1, count, length], strides: [0, 0, stride, 1] } as const;
}

type Arg = Omit<ArgSpec, "bytes">;

function argSpecs({ shape, rows, pitch, channelRows }: GemvSteps, { type }: GemvFabricSpec): readonly Arg[] {
  const { m, k, n } = shape;
  const arg = (
    name: string,
    dtype: Arg["dtype"],
    sizes: { shape: readonly number[]; padded: readonly number[] },
  ): Arg => ({
    name,
    direction: name === "y" ? "out" : "in",
    dtype,
    shape: sizes.shape,
    ...(sizes.shape.some((size, axis) => size !== sizes.padded[axis]) && { padded: sizes.padded }),
  });
  const channels: Arg = {
    ...arg("channels", "f32", { shape: [channelRows, n], padded: [channelRows, rows] }),
    meaning: channelRows === 2 ? "rows: bias, scale" : "bias",
  };
  return [
    arg("x", "bf16", { shape: [m, k], padded: [m, pitch] }),
    arg("w", type.weights.dtype, { shape: [n, k], padded: [rows, pitch] }),
    ...(channelRows > 0 ? [channels] : []),
    ...(shape.residual ? [arg("residual", "bf16", { shape: [m, n], padded: [m, rows] })] : []),
    arg("y", type.output.dtype, { shape: [m, n], padded: [m, rows] }),
  ];
}

const bytesOf = { i8: 1, bf16: 2, f32: 4 } as const;

function bufferOf({ dtype, shape, padded }: Arg): MemRefType {
  const elements = (padded ?? shape).reduce((product, size) => product * size, 1);
  return memref([(elements * bytesOf[dtype as keyof typeof bytesOf]) / 4], i32);
}
