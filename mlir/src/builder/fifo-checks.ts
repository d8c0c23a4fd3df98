import { DesignError } from "@aiekit/core";
import { lockMaxValue, tileModels } from "../device-model/tile-model.ts";
import type { BdDim } from "../ir/attributes.ts";
import { memrefBytes, memrefElements } from "../ir/types.ts";
import { typeText } from "../printer/attributes.ts";
import type { FifoOptions, LinkOptions } from "./design-options.ts";
import type { FifoHandle, TileHandle } from "./handles.ts";

/** @throws DesignError for an objectFifo that no device can have. Source: AIEDialect ObjectFifoCreateOp::verify. */
export function checkFifo(options: FifoOptions): void {
  const { name, producer, consumers, element } = options;
  const refuse = (message: string, hint?: string): never => {
    throw new DesignError(`objectFifo @${name}: ${message}`, hint === undefined ? {} : { hint });
  };
  if (consumers.length === 0) refuse("expected at least one consumer, got none");
  checkDepths(options, refuse);
  const objectBytes = memrefBytes(element);
  if (objectBytes % 4 !== 0) {
    refuse(
      `an object of ${typeText(element)} has ${objectBytes} bytes: expected whole 32-bit words`,
      "pad the innermost dimension",
    );
  }
  checkPatterns(options, refuse);
  checkShimEnds(options, refuse);
  checkCounts(options, refuse);
  const { stream, allocateOn } = options;
  if (stream) {
    if (consumers.length !== 1) refuse("a stream port serves one consumer only");
    const ends = stream.end === "both" ? [producer, ...consumers] : stream.end === "producer" ? [producer] : consumers;
    for (const tile of ends) {
      if (tile.kind !== "computeTile") refuse(`${place(tile)} has no core, so no stream port`);
    }
  }
  if (allocateOn !== undefined) {
    const isPlain = consumers.length === 1 && !options.viaDma && options.repeatCount === undefined;
    if (!isPlain || options.toStream?.length || stream) {
      refuse("allocateOn is for shared memory: one consumer, no DMA, no repeatCount, no pattern, no stream port");
    }
  }
}

/** @throws DesignError for a link without a shared tile or with wrong parts. Source: ObjectFifoLinkOp::verify. */
export function checkLink({ inputs, outputs, sourceOffsets = [], destOffsets = [] }: LinkOptions): void {
  const refuse = (message: string): never => {
    throw new DesignError(`link: ${message}`);
  };
  if (inputs.length === 0 || outputs.length === 0 || (inputs.length > 1 && outputs.length > 1)) {
    refuse(`expected one input or one output, got ${inputs.length} and ${outputs.length}`);
  }
  const shared = outputs[0]?.producer;
  if (shared === undefined) return;
  const expectEnd = (fifo: FifoHandle, holds: boolean, role: string) => {
    if (!holds) refuse(`objectFifo @${fifo.name} is not ${role} on the shared tile ${place(shared)}`);
  };
  for (const fifo of outputs) expectEnd(fifo, fifo.producer === shared, "produced");
  for (const fifo of inputs) expectEnd(fifo, fifo.consumers.includes(shared), "consumed");
  const isForward = inputs.length === 1 && outputs.length === 1;
  if (!isForward && shared.kind !== "memtile") refuse(`join and distribute need a memtile, ${place(shared)} is none`);
  if (isForward) return;
  const isJoin = inputs.length > 1;
  const [whole] = isJoin ? outputs : inputs;
  const parts = isJoin ? inputs : outputs;
  const [offsets, others] = isJoin ? [sourceOffsets, destOffsets] : [destOffsets, sourceOffsets];
  const [key, otherKey] = isJoin ? ["sourceOffsets", "destOffsets"] : ["destOffsets", "sourceOffsets"];
  if (others.length > 0) refuse(`${otherKey} are for the other direction, these parts are given by ${key}`);
  if (offsets.length !== parts.length) refuse(`expected ${parts.length} ${key}, got ${offsets.length}`);
  const total = whole ? (memrefElements(whole.element) ?? 0) : 0;
  for (const [i, offset] of offsets.entries()) {
    const end = offsets[i + 1] ?? total;
    if (!Number.isInteger(offset) || offset < 0 || end <= offset) {
      refuse(`${key} [${offsets.join(", ")}] must rise and stay below ${total}, the elements of @${whole?.name}`);
    }
    const part = parts[i];
    const elements = part ? (memrefElements(part.element) ?? 0) : 0;
    if (elements !== end - offset) {
      refuse(`part ${i} of @${whole?.name} has ${end - offset} elements, objects of @${part?.name} have ${elements}`);
    }
  }
}

type Refuse = (message: string, hint?: string) => never;

function checkDepths({ depth, consumers }: FifoOptions, refuse: Refuse): void {
  const depths = typeof depth === "number" ? [depth] : depth;
  if (typeof depth !== "number" && depth.length !== consumers.length + 1) {
    refuse(`expected ${consumers.length + 1} depths (producer, then each consumer), got ${depth.length}`);
  }
  for (const d of depths) if (!Number.isInteger(d) || d < 1) refuse(`expected depth >= 1, got ${d}`);
}

function checkPatterns({ producer, consumers, toStream, fromStream, element }: FifoOptions, refuse: Refuse): void {
  if (producer.kind === "shim" && toStream?.length) {
    refuse("toStream is not possible at a shim tile", "give the pattern to the transfer in the runtime sequence");
  }
  if (fromStream !== undefined && fromStream.length !== consumers.length) {
    refuse(`expected a fromStream for each of ${consumers.length} consumers, got ${fromStream.length}`);
  }
  const elements = memrefElements(element) ?? 0;
  const check = (tile: TileHandle, dims: readonly BdDim[], what: string) => {
    if (dims.length === 0) return;
    const limit = tileModels[tile.kind].dma.dims;
    if (dims.length > limit) refuse(`${what} has ${dims.length} dimensions, ${place(tile)} has ${limit}`);
    const last = dims.reduce((sum, { size, stride }) => sum + (size - 1) * stride, 0);
    if (last >= elements) refuse(`${what} reaches element ${last} of an object of ${elements}`);
  };
  check(producer, toStream ?? [], "toStream");
  for (const [i, tile] of consumers.entries()) check(tile, fromStream?.[i] ?? [], `fromStream of consumer ${i}`);
}

function checkShimEnds(
  { producer, consumers, repeatCount, initialValues, fromStream }: FifoOptions,
  refuse: Refuse,
): void {
  if (producer.kind === "shim" && repeatCount !== undefined) refuse("repeatCount is not possible at a shim tile");
  if (producer.kind === "shim" && initialValues !== undefined) refuse("initialValues are not possible at a shim tile");
  for (const [i, tile] of consumers.entries()) {
    if (tile.kind === "shim" && fromStream?.[i]?.length) {
      refuse("fromStream is not possible at a shim tile", "give the pattern to the transfer in the runtime sequence");
    }
  }
}

function checkCounts(options: FifoOptions, refuse: Refuse): void {
  const { producer, consumers, depth, repeatCount, iterCount, padding, toStream, initialValues } = options;
  const producerDepth = typeof depth === "number" ? depth : (depth[0] ?? 0);
  if (repeatCount !== undefined) {
    if (!Number.isInteger(repeatCount) || repeatCount < 1) refuse(`expected repeatCount >= 1, got ${repeatCount}`);
    if (producerDepth * repeatCount > lockMaxValue) {
      refuse(`depth ${producerDepth} times repeatCount ${repeatCount} is more than a lock holds (${lockMaxValue})`);
    }
  }
  if (iterCount !== undefined) {
    if (!Number.isInteger(iterCount) || iterCount < 1 || iterCount > 256)
      refuse(`expected iterCount 1..256, got ${iterCount}`);
    if (![producer, ...consumers].some((tile) => tile.kind === "memtile")) refuse("iterCount needs a memtile end");
  }
  if (padding !== undefined) {
    if (producer.kind !== "memtile") refuse(`padding is what memtiles do, ${place(producer)} is none`);
    if (padding.length !== (toStream?.length ?? 0)) {
      refuse(`padding has ${padding.length} dimensions, toStream ${toStream?.length ?? 0}: expected as many`);
    }
  }
  if (initialValues !== undefined && initialValues.length !== producerDepth) {
    refuse(`expected initial values for ${producerDepth} objects, got ${initialValues.length}`);
  }
}

function place({ col, row }: TileHandle): string {
  return `(${col},${row})`;
}
