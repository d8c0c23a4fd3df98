import {
  type Block,
  bdIdsOfChannel,
  bdOverflows,
  bdShape,
  type DeviceModel,
  type FieldOverflow,
  formatDiagnostic,
  memrefElements,
  type Operation,
  overflowText,
  tileModel,
  type Value,
} from "@aiekit/mlir";
import type { BdConfig, BufferConfig, DmaStart, ExternalBufferConfig, LockConfig } from "./array-config.ts";
import { type AccessPattern, type BdDim, extentWords, joinDims } from "./bd.ts";
import { type TileCoord, tileName } from "./fault.ts";
import { badOp, direction, elementBytes, needInt, needText, operand } from "./ir-read.ts";

interface ConfigScope {
  readonly device: DeviceModel;
  readonly tileOf: (op: Operation) => TileCoord;
  readonly lockOf: ReadonlyMap<Value, LockConfig>;
  readonly bufferOf: ReadonlyMap<Value, BufferConfig>;
  readonly externalOf: ReadonlyMap<Value, ExternalBufferConfig>;
}

/** Most dimensions that any DMA has. */
const maxDims = 4;

/** BDs and started channels of every `aie.mem`, `aie.memtile_dma` and `aie.shim_dma`. */
export function readDmaPrograms(
  ops: readonly Operation[],
  scope: ConfigScope,
): { readonly bds: readonly BdConfig[]; readonly starts: readonly DmaStart[]; readonly warnings: readonly string[] } {
  const bds: BdConfig[] = [];
  const starts: DmaStart[] = [];
  for (const op of ops) {
    if (op.name !== "aie.mem" && op.name !== "aie.memtile_dma" && op.name !== "aie.shim_dma") continue;
    const program = readProgram(op, scope);
    bds.push(...program.bds);
    starts.push(...program.starts);
  }
  const warnings = bds.flatMap((bd) => [...overrun(bd), ...overflowWarnings(bd, scope.device)]);
  return { bds, starts, warnings };
}

/** In the verifier's words, for designs that did not come by it, and for the BDs that were made of objectFifos. */
function overflowWarnings({ tile, overflows, loc }: BdConfig, device: DeviceModel): string[] {
  const { kind } = tileModel(device, tile.col, tile.row);
  return overflows.map((overflow) => {
    const { cure: hint } = overflow;
    return formatDiagnostic({
      severity: "warning",
      op: "aie.dma_bd",
      loc,
      message: overflowText(kind, overflow),
      hint,
    });
  });
}

/** Hardware lets a BD go beyond its buffer, into the one behind it. */
function overrun({ pattern, buffer, name, tile }: BdConfig): string[] {
  const { last } = extentWords(pattern, 0);
  const endByte = buffer.address + buffer.bytes;
  if (last * 4 < endByte) return [];
  return [
    `${name} of tile ${tileName(tile)} reaches ${last * 4 + 4 - endByte} bytes beyond its buffer of ${buffer.bytes} bytes`,
  ];
}

/** A channel's chain before BDs have numbers: `blocks` hold one BD each, `next` leads to the block after each. */
interface Chain {
  readonly start: Operation;
  readonly channel: number;
  readonly executions: number;
  readonly blocks: readonly Block[];
  readonly next: ReadonlyMap<Block, Block | undefined>;
}

function readProgram(op: Operation, scope: ConfigScope): { bds: BdConfig[]; starts: DmaStart[] } {
  const tile = scope.tileOf(op);
  const chains = readChains(op);
  const ids = numberBds(chains, scope, tile);
  const bds = chains.flatMap((chain) =>
    chain.blocks.map((block) => {
      const next = chain.next.get(block);
      return readBd({ block, id: ids.get(block)!, nextBd: next && ids.get(next), tile }, scope);
    }),
  );
  const starts = chains.flatMap((chain): DmaStart[] => {
    const [first] = chain.blocks;
    if (first === undefined) return [];
    const { channel, executions } = chain;
    return [{ tile, direction: direction(chain.start), channel, bdId: ids.get(first)!, executions }];
  });
  return { bds, starts };
}

function readChains(program: Operation): Chain[] {
  const region = program.regions[0];
  const chains: Chain[] = [];
  for (const op of region?.blocks.flatMap((block) => block.ops) ?? []) {
    if (op.name === "aie.dma") chains.push(regionChain(op));
    if (op.name === "aie.dma_start") chains.push(blockChain(op));
  }
  return chains;
}

/** `aie.dma_start(...)`: BD blocks joined by `aie.next_bd`, ended by the block that holds `aie.end`. */
function blockChain(start: Operation): Chain {
  const blocks: Block[] = [];
  const next = new Map<Block, Block | undefined>();
  const seen = new Set<Block>();
  for (let block = start.successors[0]?.block; block !== undefined && !seen.has(block); ) {
    seen.add(block);
    const after = block.ops.find((op) => op.name === "aie.next_bd")?.successors[0]?.block;
    if (bdOp(block)) {
      blocks.push(block);
      next.set(block, after && blockWithBd(after));
    }
    block = after;
  }
  return {
    start,
    channel: needInt(start, "channel_index"),
    executions: (start.int("repeat_count") ?? 0) + 1,
    blocks,
    next,
  };
}

/** `aie.dma(...) [{...}, {...}]`: one BD a region, begun anew with `loop = true`. */
function regionChain(start: Operation): Chain {
  const blocks = start.regions.flatMap((region) => region.blocks.filter(bdOp));
  const loop = start.flag("loop") || !start.attributes.has("loop");
  const next = new Map(blocks.map((block, i) => [block, blocks[i + 1] ?? (loop ? blocks[0] : undefined)]));
  return {
    start,
    channel: needInt(start, "channel_index"),
    executions: (start.int("repeat_count") ?? 0) + 1,
    blocks,
    next,
  };
}

function bdOp(block: Block): Operation | undefined {
  return block.ops.find((op) => op.name === "aie.dma_bd");
}

/** The block itself, or the first behind it that has a BD. */
function blockWithBd(from: Block): Block | undefined {
  const seen = new Set<Block>();
  for (let block: Block | undefined = from; block !== undefined && !seen.has(block); ) {
    if (bdOp(block)) return block;
    seen.add(block);
    block = block.ops.find((op) => op.name === "aie.next_bd")?.successors[0]?.block;
  }
  return undefined;
}

/** Numbers given by `bd_id`, and the lowest free ones of the channel for the rest. */
function numberBds(chains: readonly Chain[], scope: ConfigScope, tile: TileCoord): Map<Block, number> {
  const { dma } = tileModel(scope.device, tile.col, tile.row);
  const ids = new Map<Block, number>();
  const used = new Set<number>();
  for (const block of chains.flatMap((chain) => chain.blocks)) {
    const id = bdOp(block)!.int("bd_id");
    if (id === undefined) continue;
    ids.set(block, id);
    used.add(id);
  }
  for (const chain of chains) {
    const { first, count } = bdIdsOfChannel(dma, chain.channel);
    for (const block of chain.blocks) {
      if (ids.has(block)) continue;
      const free = Array.from({ length: count }, (_, i) => first + i).find((id) => !used.has(id));
      if (free === undefined) {
        throw badOp(bdOp(block)!, `tile ${tileName(tile)} has ${count} BDs for channel ${chain.channel}, all are used`);
      }
      ids.set(block, free);
      used.add(free);
    }
  }
  return ids;
}

interface BdBlock {
  readonly block: Block;
  readonly id: number;
  readonly nextBd: number | undefined;
  readonly tile: TileCoord;
}

function readBd({ block, id, nextBd, tile }: BdBlock, scope: ConfigScope): BdConfig {
  const op = bdOp(block)!;
  const memory = operand(op, 0);
  const buffer = scope.bufferOf.get(memory) ?? scope.externalOf.get(memory);
  if (!buffer) throw badOp(op, "works on something else than an aie.buffer or aie.external_buffer");
  const locks = block.ops.filter((other) => other.name === "aie.use_lock").map((other) => readUseLock(other, scope));
  const acquire = locks.find((use) => use.action !== "Release");
  const release = locks.find((use) => use.action === "Release");
  const packet = packetOf(op, block);
  return {
    tile,
    id,
    name: `BD ${id} (${buffer.name})`,
    buffer,
    pattern: bdPattern(op, buffer, reachBytes(buffer, scope.device)),
    ...(acquire && { acquire: { ...acquire, equal: acquire.action === "Acquire" } }),
    ...(release && release.amount > 0 && { release }),
    ...(nextBd !== undefined && { nextBd }),
    overflows: overflowsOf(op, tile, scope.device),
    loc: op.loc,
    ...(packet && { packet }),
  };
}

/** Header of a BD's packets: an `aie.dma_bd_packet` of its block comes before the BD's own attribute, as in mlir-aie. */
function packetOf(bd: Operation, block: Block): BdConfig["packet"] {
  const header = block.ops.find((op) => op.name === "aie.dma_bd_packet");
  if (header) return { id: needInt(header, "packet_id"), type: needInt(header, "packet_type") };
  const packet = bd.attributes.get("packet");
  return packet?.kind === "packet-info" ? { id: packet.packetId, type: packet.packetType } : undefined;
}

function overflowsOf(op: Operation, tile: TileCoord, device: DeviceModel): FieldOverflow[] {
  const { kind } = tileModel(device, tile.col, tile.row);
  const dimensions = op.attributes.get("dimensions");
  const padding = op.attributes.get("pad_dimensions");
  const type = operand(op, 0).type;
  const elements = type.kind === "memref" ? memrefElements(type) : null;
  const shape = bdShape({
    elementBytes: elementBytes(op, type),
    length: op.int("len") ?? elements ?? 0,
    dims: dimensions?.kind === "bd-dims" ? dimensions.dims : [],
    pads: padding?.kind === "bd-pads" ? padding.pads : [],
  });
  return bdOverflows(kind, shape);
}

/** Bytes of the memory that a BD on `buffer` could reach. */
function reachBytes(buffer: BufferConfig | ExternalBufferConfig, device: DeviceModel): number {
  return "external" in buffer ? buffer.bytes : tileModel(device, buffer.tile.col, buffer.tile.row).dataBytes;
}

function readUseLock(op: Operation, scope: ConfigScope): { lock: LockConfig; action: string; amount: number } {
  const lock = scope.lockOf.get(operand(op, 0));
  if (!lock) throw badOp(op, "expected a lock as its operand");
  return { lock, action: needText(op, "action"), amount: op.int("value") ?? 1 };
}

/** Elements to words: the innermost dimension is contiguous for all but 32-bit elements. */
function bdPattern(op: Operation, buffer: BufferConfig | ExternalBufferConfig, memoryBytes: number): AccessPattern {
  const size = elementBytes(op, operand(op, 0).type);
  const offset = op.int("offset") ?? 0;
  const length = op.int("len") ?? buffer.bytes / size;
  const baseWords = (buffer.address + offset * size) / 4;
  if (!Number.isInteger(baseWords)) {
    throw badOp(
      op,
      `buffer ${buffer.name}: DMA addresses must be multiples of 4 bytes, got ${buffer.address + offset * size}`,
    );
  }
  const dimsAttr = op.attributes.get("dimensions");
  const padsAttr = op.attributes.get("pad_dimensions");
  const outerFirst = dimsAttr?.kind === "bd-dims" ? dimsAttr.dims : [];
  const pads = padsAttr?.kind === "bd-pads" ? padsAttr.pads : [];
  if (outerFirst.length > maxDims) throw badOp(op, `expected at most ${maxDims} dimensions, got ${outerFirst.length}`);
  const dims = outerFirst.map((d, i): BdDim => {
    const innermost = i === outerFirst.length - 1;
    const scale = innermost ? size / 4 : 1;
    const strideWords = innermost && size !== 4 ? 1 : Math.trunc((d.stride * size) / 4);
    const pad = pads[i];
    return { size: d.size * scale, strideWords, before: (pad?.before ?? 0) * scale, after: (pad?.after ?? 0) * scale };
  });
  const lengthWords = (length * size) / 4;
  if (!Number.isInteger(lengthWords) || dims.some((d) => !Number.isInteger(d.size + d.before + d.after))) {
    throw badOp(op, `${length} elements of ${size} bytes: a DMA moves whole 32-bit words`);
  }
  const pattern = { baseWords, lengthWords, dims: joinDims(dims.reverse()) };
  const { last } = extentWords(pattern, 0);
  if (lengthWords <= 0 || last * 4 >= memoryBytes) {
    throw badOp(
      op,
      `buffer ${buffer.name}: ${lengthWords} words up to byte ${last * 4 + 3} of the ${memoryBytes} bytes there are`,
    );
  }
  return pattern;
}
