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

const { queueDepth, wrapMax } = tileModels.shim.dma;

function writeTransfers(s: SequenceBuilder, work: Work): void {
  const { fabric, position } = work;
  const planned = planInputs(work);
  const queue = new InputQueue(s, planned);
  // What the queues take at once: memtiles fill while the rest is set up.
  const early = fabric.weights.length * Math.min(queueDepth, planned.length / fabric.weights.length);
  for (const one of planned.slice(0, early)) queue.push(one);
  for (const { shape, go } of fabric.choices) {
    s.writeParameter(shape, 0, position * controlWords);
    s.setLock(go, 1);
  }
  fetchResults(s, work);
  for (const one of planned.slice(early)) queue.push(one);
  for (const fifo of fabric.results) s.wait(fifo);
}

function fetchResults(s: SequenceBuilder, { fabric, spec, steps, host }: Work): void {
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
}

/**
 * Transfers in the order in which cores need them: a chapter is x, words of its rows, weights. Channels take turns, so that
 * the last one has something to bring as soon as the first one.
 */
function planInputs({ fabric, spec, steps, host }: Work): readonly Planned[] {
  return Array.from({ length: steps.chapters }, (_, chapter) => {
    const lists = fabric.weights.map((fifo, channel): readonly Planned[] => {
      const firstRow = channel * steps.channelPart + chapter * steps.chapterRows;
      const patterns = [...keptOf(host, steps, firstRow), ...weightsOf(host, spec, { steps, firstRow })];
      return patterns.map((pattern) => ({ fifo, firstId: (channel % 2) * queueDepth, ...pattern }));
    });
    const turns = Math.max(...lists.map((list) => list.length));
    return Array.from({ length: turns }, (_, turn) => lists.flatMap((list) => list[turn] ?? [])).flat();
  }).flat();
}

/** What stays in the cores while the weights of a chapter pass. */
function keptOf({ x, channels, residual }: HostBuffers, steps: GemvSteps, firstRow: number): readonly Pattern[] {
  const { shape, chapterRows, rows, channelRows, channelsAt } = steps;
  const patterns: Pattern[] = [{ buffer: x, ...linear(channelsAt) }];
  if (channels !== undefined) {
    const perRow = rowsOf({ count: channelRows, length: chapterRows, stride: rows });
    patterns.push({ buffer: channels, offset: firstRow, ...perRow });
  }
  if (residual !== undefined) {
    const perRow = rowsOf({ count: shape.m, length: chapterRows / 2, stride: rows / 2 });
    patterns.push({ buffer: residual, offset: firstRow / 2, ...perRow });
  }
  return patterns.map((pattern) => ({ ...pattern, fillsPart: true }));
}

/** The weights of a chapter; the last object before them is filled up with any words: those before, or the first. */
function weightsOf(
  { w }: HostBuffers,
  { plan, type }: GemvFabricSpec,
  { steps, firstRow }: { readonly steps: GemvSteps; readonly firstRow: number },
): readonly Pattern[] {
  const { chunks, chapterRows, pitch, residualAt, shape, keptObjects } = steps;
  const [rowWords, partWords] = [(pitch * type.weights.bytes) / 4, (plan.kc * type.weights.bytes) / 4];
  const used = residualAt + (shape.residual ? (shape.m * chapterRows) / 2 : 0);
  const fill = keptObjects * plan.objectWords - used;
  const offset = firstRow * rowWords;
  if (chunks === 1 && offset >= fill) {
    return [{ buffer: w, fillsPart: true, offset: offset - fill, ...linear(fill + chapterRows * rowWords) }];
  }
  const filling = fill > 0 ? [{ buffer: w, fillsPart: true, ...linear(fill) }] : [];
  if (chunks === 1) return [...filling, { buffer: w, fillsPart: true, offset, ...linear(chapterRows * rowWords) }];
  const blocks = chapterRows / rowsOfObject;
  const parts: Pattern = {
    buffer: w,
    offset,
    sizes: [blocks, chunks, rowsOfObject, partWords],
    strides: [blocks > 1 ? rowsOfObject * rowWords : 0, partWords, rowWords, 1],
  };
  return [...filling, parts];
}

const linear = (words: number): Pick<Required<Pattern>, "sizes" | "strides"> => ({
  sizes: [1, 1, 1, words],
  strides: [0, 0, 0, 1],
});

/** A chapter of 1,024 words a row is one word more than the field of a BD's innermost size holds: it goes in two halves. */
function rowsOf({ count, length, stride }: { count: number; length: number; stride: number }) {
  if (count === 1) return linear(length);
  if (length <= wrapMax) return { sizes: [1, 1, count, length], strides: [0, 0, stride, 1] } as const;
  return { sizes: [1, count, 2, length / 2], strides: [0, stride, length / 2, 1] } as const;
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
