import { BudgetError } from "@aiekit/core";
import type { TileModel } from "../device-model/tile-model.ts";
import { stringAttr } from "../ir/attributes.ts";
import type { Diagnostic } from "../ir/diagnostic.ts";
import type { Operation } from "../ir/operation.ts";
import {
  bufferBytes,
  coordOf,
  coreOn,
  type Device,
  declaredOps,
  opsNamed,
  placeText,
  sameTile,
  setInt,
  stackBytes,
  tileModelOf,
  tileOperand,
} from "./device-ops.ts";
import { withLocation } from "./location.ts";

/**
 * Gives every buffer an address in its tile. The default spreads buffers over the banks, largest first, and packs them
 * one after another when that does not work; a tile's `allocation_scheme` asks for one of the two.
 * Source: AIEAssignBuffers simpleBankAwareAllocation, basicAllocation; measured. One difference: a buffer whose address
 * is given stays there (that revision moved it behind itself).
 * @throws BudgetError when the buffers of a tile do not fit.
 */
export function assignBufferAddresses(device: Device): Diagnostic[] {
  nameBuffers(device);
  return opsNamed(device, "aie.tile").flatMap((tile) => withLocation(tile, () => assignOnTile(device, tile)));
}

/** One tile's memory as the allocators see it. */
interface TileMemory {
  readonly tile: Operation;
  readonly model: TileModel;
  /** First byte that is not stack. */
  readonly base: number;
  readonly fixed: readonly Placed[];
  /** Buffers without an address, in program order. */
  readonly free: readonly Operation[];
}

interface Placed {
  readonly buffer: Operation;
  readonly address: number;
  readonly end: number;
  readonly bank?: number;
}

function assignOnTile(device: Device, tile: Operation): Diagnostic[] {
  const buffers = declaredOps(device, "aie.buffer").filter((b) => sameTile(tileOperand(b), tile.result));
  const [firstOnPlace] = opsNamed(device, "aie.tile").filter((t) => sameTile(t.result, tile.result));
  if (buffers.length === 0 || firstOnPlace !== tile) return [];
  const core = coreOn(device, tile.result);
  const memory: TileMemory = {
    tile,
    model: tileModelOf(device, tile.result),
    base: core ? stackBytes(core) : 0,
    fixed: buffers.flatMap((buffer) => {
      const address = buffer.int("address");
      return address === undefined ? [] : [{ buffer, address, end: address + bufferBytes(buffer) }];
    }),
    free: buffers.filter((b) => b.int("address") === undefined),
  };
  const warnings: Diagnostic[] = [];
  const scheme = tile.text("allocation_scheme");
  const banked = scheme === "basic-sequential" ? undefined : bankAware(memory);
  const isBanked = banked?.isComplete === true;
  if (!isBanked && scheme === "bank-aware") throw overflow(memory, "Bank-aware allocation failed.");
  const placed = isBanked ? banked.placed : basicSequential(withPlaced(memory, banked?.placed ?? memory.fixed));
  if (placed === undefined) throw overflow(memory, "allocated buffers exceeded available memory.");
  if (!isBanked && scheme === undefined) {
    warnings.push({
      severity: "warning",
      op: "aie.tile",
      loc: tile.loc,
      message: "Bank-aware allocation failed, trying basic sequential allocation.",
      hint: `tile ${placeText(coordOf(tile.result))}: a buffer is larger than what is left of every bank (${memory.model.dataBytes / memory.model.banks} B)`,
    });
  }
  for (const { buffer, address, bank } of placed) {
    setInt(buffer, "address", address);
    if (bank !== undefined) setInt(buffer, "mem_bank", bank);
  }
  return [...warnings, ...alignmentWarnings(device, memory)];
}

/** Memory in which some buffers that were free have their place. */
function withPlaced(memory: TileMemory, placed: readonly Placed[]): TileMemory {
  const known = new Set(placed.map((p) => p.buffer));
  return { ...memory, fixed: placed, free: memory.free.filter((buffer) => !known.has(buffer)) };
}

/** When not all fit, only what has its place from the design: addresses, and buffers that were put into their bank. */
function bankAware(memory: TileMemory): { readonly placed: readonly Placed[]; readonly isComplete: boolean } {
  const { model, base, fixed, free } = memory;
  const bankBytes = model.dataBytes / model.banks;
  const next = Array.from({ length: model.banks }, (_, bank) => bank * bankBytes + (bank === 0 ? base : 0));
  const placed: Placed[] = [];
  const tryBank = (buffer: Operation, bank: number): boolean => {
    const address = next[bank] ?? 0;
    const end = address + bufferBytes(buffer);
    if (end > (bank + 1) * bankBytes) return false;
    next[bank] = end;
    placed.push({ buffer, address, end, bank });
    return true;
  };
  for (const given of fixed) {
    const bank = Math.floor(given.address / bankBytes);
    for (let b = bank; b < model.banks && b * bankBytes < given.end; b++) {
      next[b] = Math.max(next[b] ?? 0, Math.min(given.end, (b + 1) * bankBytes));
    }
    placed.push({ ...given, bank });
  }
  for (const buffer of free) {
    const bank = buffer.int("mem_bank");
    if (bank !== undefined && !tryBank(buffer, bank)) return { placed, isComplete: false };
  }
  const given = [...placed];
  let bank = 0;
  for (const buffer of largestFirst(free.filter((b) => b.int("mem_bank") === undefined))) {
    const order = Array.from({ length: model.banks }, (_, i) => (bank + i) % model.banks);
    const found = order.find((b) => tryBank(buffer, b));
    if (found === undefined) return { placed: given, isComplete: false };
    bank = (found + 1) % model.banks;
  }
  return { placed, isComplete: true };
}

function basicSequential({ model, base, fixed, free }: TileMemory): readonly Placed[] | undefined {
  const given = [...fixed].sort((a, b) => a.address - b.address);
  const placed: Placed[] = [];
  let address = base;
  for (const buffer of largestFirst(free)) {
    const bytes = bufferBytes(buffer);
    for (const other of given) if (address < other.end && address + bytes > other.address) address = other.end;
    placed.push({ buffer, address, end: address + bytes });
    address += bytes;
  }
  const all = [...placed, ...fixed];
  return all.every((p) => p.end <= model.dataBytes) ? all : undefined;
}

function largestFirst(buffers: readonly Operation[]): Operation[] {
  return [...buffers].sort((a, b) => bufferBytes(b) - bufferBytes(a));
}

function overflow(memory: TileMemory, message: string): BudgetError {
  const { tile, model, base, fixed, free } = memory;
  const buffers = largestFirst([...fixed.map((f) => f.buffer), ...free]);
  const use = base + buffers.reduce((sum, b) => sum + bufferBytes(b), 0);
  const place = placeText(coordOf(tile.result));
  const has = `${model.dataBytes} B in ${model.banks} banks`;
  return new BudgetError(`tile ${place}: ${message} Needs ${use} B, has ${has}.\n${memoryMap(base, buffers, fixed)}`, {
    hint:
      use > model.dataBytes
        ? changeThatFits(buffers, use - model.dataBytes)
        : 'each buffer must lie in one bank: set allocation_scheme = "basic-sequential" on the tile',
  });
}

/** What wants to be in the memory: from, to and size of each; behind each other from the stack on where nothing is fixed. */
function memoryMap(base: number, buffers: readonly Operation[], fixed: readonly Placed[]): string {
  const given = new Map(fixed.map((placed) => [placed.buffer, placed.address]));
  let next = base;
  const rows = buffers.map((buffer) => {
    const bytes = bufferBytes(buffer);
    const start = given.get(buffer) ?? next;
    if (!given.has(buffer)) next += bytes;
    return { start, bytes, name: `@${buffer.text("sym_name")}` };
  });
  const all = [...(base > 0 ? [{ start: 0, bytes: base, name: "(stack)" }] : []), ...rows];
  const hex = (value: number) => `0x${value.toString(16).padStart(5, "0")}`;
  return all
    .sort((a, b) => a.start - b.start)
    .map(({ start, bytes, name }) => `  ${hex(start)}..${hex(start + bytes - 1)} ${name} (${bytes} B)`)
    .join("\n");
}

/** The smallest cut in one fifo's depth that frees `excess` bytes, or what else can be done. */
function changeThatFits(buffers: readonly Operation[], excess: number): string {
  const ends = new Map<string, { readonly objectBytes: number; depth: number }>();
  for (const buffer of buffers) {
    const name = buffer.text("sym_name")?.match(/^(.*)_buff_\d+$/)?.[1];
    if (name === undefined) continue;
    const end = ends.get(name) ?? { objectBytes: bufferBytes(buffer), depth: 0 };
    end.depth++;
    ends.set(name, end);
  }
  for (const [name, { objectBytes, depth }] of ends) {
    const cut = Math.ceil(excess / objectBytes);
    const fifo = name.replace(/(_\d+)?_cons$/, "");
    if (cut < depth) return `give objectFifo @${fifo} a depth of ${depth - cut} instead of ${depth} on this tile`;
  }
  const [largest] = buffers;
  const isEnough = largest !== undefined && bufferBytes(largest) > excess;
  const what = isEnough ? `make @${largest.text("sym_name")} smaller by that` : "make objects and buffers smaller";
  return `${excess} B too many: ${what} or move a buffer to another tile`;
}

/** Cores' vector accesses assume this alignment of every buffer. Source: AIECoreToStandard, assume_alignment. */
const vectorBytes = 32;

function alignmentWarnings(device: Device, { tile, fixed, free }: TileMemory): Diagnostic[] {
  if (coreOn(device, tile.result) === undefined) return [];
  return [...fixed.map((f) => f.buffer), ...free].flatMap((buffer) => {
    const address = buffer.int("address") ?? 0;
    // A buffer of fewer bytes has room for no vector of more.
    const needed = Math.min(vectorBytes, 2 ** Math.floor(Math.log2(Math.max(1, bufferBytes(buffer)))));
    if (address % needed === 0) return [];
    const diagnostic: Diagnostic = {
      severity: "warning",
      op: "aie.buffer",
      loc: buffer.loc,
      message: `@${buffer.text("sym_name")} lies at ${address}, not a multiple of ${needed} B: vector accesses to it are not aligned`,
      hint: `make the sizes of the buffers on tile ${placeText(coordOf(tile.result))} multiples of ${needed} B`,
    };
    return [diagnostic];
  });
}

function nameBuffers(device: Device): void {
  let unnamed = 0;
  for (const buffer of declaredOps(device, "aie.buffer")) {
    if (buffer.attributes.has("sym_name")) continue;
    const name = `_anonymous${unnamed++}`;
    buffer.attributes.set("sym_name", stringAttr(name));
    buffer.result.name = name;
  }
}
