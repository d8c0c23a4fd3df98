import { BudgetError } from "@aiekit/core";
import { bdIdsOfChannel, type TileModel } from "../device-model/tile-model.ts";
import type { Diagnostic } from "../ir/diagnostic.ts";
import type { Block, Operation } from "../ir/operation.ts";
import { walk } from "../ir/operation.ts";
import { coordOf, type Device, opsNamed, placeText, setInt, tileModelOf, tileOperand } from "./device-ops.ts";
import { withLocation } from "./location.ts";

/**
 * Numbers the BDs of every DMA program: lowest free number that the channel may use, in the order of the blocks; numbers
 * that are given stay. Then says of each BD which one follows. Source: AIEAssignBufferDescriptorIDs; measured.
 * @throws BudgetError when a channel has no BD left.
 */
export function assignBdIds(device: Device): Diagnostic[] {
  const found: Diagnostic[] = [];
  for (const program of opsNamed(device, "aie.mem", "aie.memtile_dma", "aie.shim_dma")) {
    found.push(...warnOfSharedIds(program));
    const ids = new BdIds(program, tileModelOf(device, tileOperand(program)));
    const chains = program.regions[0]?.blocks.flatMap((b) => b.ops).filter((op) => op.name === "aie.dma") ?? [];
    if (chains.length > 0) {
      for (const chain of chains) numberChain(chain, ids);
      continue;
    }
    const blocks = program.regions[0]?.blocks ?? [];
    const channels = channelOfBlocks(blocks);
    for (const block of blocks) {
      const bd = bdOf(block);
      const channel = channels.get(block);
      if (bd && channel !== undefined) numberBd(bd, channel, ids);
    }
    for (const block of blocks) linkBlock(block);
  }
  return found;
}

/** One number for two BDs of a tile: the registers hold what is written last, and both chains run that. */
function warnOfSharedIds(program: Operation): Diagnostic[] {
  const first = new Map<number, Operation>();
  const found: Diagnostic[] = [];
  walk(program, (op) => {
    const id = op.name === "aie.dma_bd" ? op.int("bd_id") : undefined;
    if (id === undefined) return;
    const other = first.get(id);
    first.set(id, other ?? op);
    if (other === undefined) return;
    const place = placeText(coordOf(tileOperand(program)));
    const line = other.loc === undefined ? "another one" : `that of line ${other.loc.line}`;
    found.push({
      ...{ severity: "warning", op: op.name, loc: op.loc },
      message: `bd_id ${id} of tile ${place} is given to this BD and to ${line}: the tile has one set of registers for both`,
      hint: "give each BD a number of its own, or none: those that are free are then taken",
    });
  });
  return found;
}

class BdIds {
  readonly #program: Operation;
  readonly #tile: TileModel;
  readonly #taken = new Set<number>();

  constructor(program: Operation, tile: TileModel) {
    this.#program = program;
    this.#tile = tile;
    walk(program, (op) => {
      const id = op.name === "aie.dma_bd" ? op.int("bd_id") : undefined;
      if (id !== undefined) this.#taken.add(id);
    });
  }

  take(channel: number): number {
    const { first, count } = bdIdsOfChannel(this.#tile.dma, channel);
    for (let id = first; id < first + count; id++) {
      if (this.#taken.has(id)) continue;
      this.#taken.add(id);
      return id;
    }
    const place = placeText(coordOf(tileOperand(this.#program)));
    const buffers = new Set<string>();
    walk(this.#program, (op) => {
      const buffer = op.name === "aie.dma_bd" ? op.operands[0]?.name : undefined;
      if (buffer !== undefined) buffers.add(buffer);
    });
    throw new BudgetError(
      `tile ${place}: Allocator exhausted available BD IDs (maximum ${count} available for channel ${channel}); BDs move ${listText([...buffers])}`,
      { hint: "lower the depth or the repeat_count of an objectFifo whose DMA is on this tile" },
    );
  }
}

/** Names shown before only their number is. */
const namesShown = 4;

function listText(names: readonly string[]): string {
  const more = names.length - namesShown;
  return names.slice(0, namesShown).join(", ") + (more > 0 ? ` and ${more} more` : "");
}

function numberBd(bd: Operation, channel: number, ids: BdIds): void {
  if (bd.int("bd_id") !== undefined) return;
  setInt(
    bd,
    "bd_id",
    withLocation(bd, () => ids.take(channel)),
  );
}

/** The channel that each block's BD belongs to: follow each `dma_start`'s chain. */
function channelOfBlocks(blocks: readonly Block[]): Map<Block, number> {
  const channels = new Map<Block, number>();
  for (const block of blocks) {
    for (const start of block.ops.filter((op) => op.name === "aie.dma_start")) {
      const channel = start.int("channel_index") ?? 0;
      const seen = new Set<Block>();
      let next = start.successors[0]?.block;
      while (next && !seen.has(next)) {
        seen.add(next);
        // A block that two chains run through is numbered for the first, but one that starts a chain for its own.
        if (next === start.successors[0]?.block || !channels.has(next)) channels.set(next, channel);
        const last = next.ops.at(-1);
        next = last?.name === "aie.next_bd" ? last.successors[0]?.block : undefined;
      }
    }
  }
  return channels;
}

function linkBlock(block: Block): void {
  const bd = bdOf(block);
  const terminator = block.ops.at(-1);
  const next = terminator?.name === "aie.next_bd" ? terminator.successors[0]?.block : undefined;
  const id = next && bdOf(next)?.int("bd_id");
  if (bd && id !== undefined) setInt(bd, "next_bd_id", id);
}

/** `aie.dma` holds its BDs as regions, run one after another, round and round when `loop` is set. */
function numberChain(chain: Operation, ids: BdIds): void {
  const bds = chain.regions.flatMap((r) => r.blocks.flatMap((b) => bdOf(b) ?? []));
  for (const bd of bds) {
    numberBd(bd, chain.int("channel_index") ?? 0, ids);
  }
  const loops = chain.attributes.get("loop");
  const isLoop = loops?.kind !== "bool" || loops.value;
  for (const [i, bd] of bds.entries()) {
    const id = (bds[i + 1] ?? (isLoop ? bds[0] : undefined))?.int("bd_id");
    if (id !== undefined) setInt(bd, "next_bd_id", id);
  }
}

function bdOf(block: Block): Operation | undefined {
  return block.ops.find((op) => op.name === "aie.dma_bd");
}
