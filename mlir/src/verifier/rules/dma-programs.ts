import type { Block, Operation } from "../../ir/operation.ts";
import type { Check } from "../check.ts";
import { homeTile, kindOf, limitsOf, sameTile } from "../tiles.ts";

/** aie.mem, aie.memtile_dma, aie.shim_dma: on their kind of tile, within its BDs and channels. */
export function verifyDmaProgram(op: Operation, check: Check): void {
  const kind = kindOf(check.device, homeTile(op));
  const [wanted, words] = place[op.name] ?? [];
  if (kind !== undefined && kind !== wanted) {
    check.error(`failed to verify that op exists in a ${words}`);
    return;
  }
  const blocks = op.regions[0]?.blocks ?? [];
  checkTerminators(blocks, check);
  checkBlocks(op, blocks, check);
  checkChannels(op, blocks, check);
  if (op.name === "aie.memtile_dma") checkNeighbourAccess(op, blocks, check);
}

/** aie.dma: alone in its program, one BD and two locks in each region. */
export function verifyDma(op: Operation, check: Check): void {
  const blocks = op.parent?.parent?.blocks ?? [];
  if (blocks.length > 1) check.error("DMAOp can only appear in single block region");
  if (blocks.some((block) => opsNamed(block, "aie.dma_start").length > 0)) {
    check.error("DMAOp is not compatible with DMAStart ops");
  }
  for (const { blocks: inner } of op.regions) {
    const [block] = inner;
    if (!block || inner.length > 1) check.error("DMAOp regions must have only one block");
    else if (opsNamed(block, "aie.dma_bd").length !== 1) {
      check.error("DMAOp regions/blocks must have exactly one DMABDOp");
    } else if (opsNamed(block, "aie.use_lock").length !== 2) {
      check.error("DMAOp regions/blocks must have exactly two UseLock ops");
    }
  }
}

const place: Readonly<Record<string, readonly [kind: string, words: string]>> = {
  "aie.mem": ["computeTile", "core tile"],
  "aie.memtile_dma": ["memtile", "mem tile"],
  "aie.shim_dma": ["shim", "shim tile with NOC connection"],
};

function checkTerminators(blocks: readonly Block[], check: Check): void {
  for (const block of blocks) {
    const last = block.ops.at(-1);
    if (last && last.successors.length > 0 && !["aie.dma_start", "aie.next_bd"].includes(last.name)) {
      check.error("is not an allowed terminator", {
        at: last,
        hint: "a DMA program uses aie.dma_start and aie.next_bd",
      });
    }
  }
}

function checkBlocks(op: Operation, blocks: readonly Block[], check: Check): void {
  for (const block of blocks) {
    const bds = opsNamed(block, "aie.dma_bd");
    const locks = opsNamed(block, "aie.use_lock");
    const releases = locks.filter((lock) => lock.text("action") === "Release");
    if (bds.length > 1) check.error(`BD block must have exactly one DMABDOp, found ${bds.length}`);
    for (const [word, count] of [
      ["acquire", locks.length - releases.length],
      ["release", releases.length],
    ] as const) {
      if (count > 1) check.error(`BD block must have at most one ${word} UseLockOp, found ${count}`);
    }
    const last = block.ops.at(-1);
    if (bds.length === 0 && last?.name === "aie.next_bd") {
      check.warning("a block without a BD is part of a BD chain", { at: last });
    }
  }
  const limits = limitsOf(check, homeTile(op));
  const used = blocks.filter((block) => opsNamed(block, "aie.dma_bd").length > 0).length;
  if (limits && used > limits.dma.bds) {
    check.error(`has more than ${limits.dma.bds} blocks`, { hint: `${used} BDs in a tile that has ${limits.dma.bds}` });
  }
}

function checkChannels(op: Operation, blocks: readonly Block[], check: Check): void {
  const channels = limitsOf(check, homeTile(op))?.dma.channels;
  if (channels === undefined) return;
  const seen = new Set<string>();
  for (const start of blocks.flatMap((block) => block.ops).filter(({ name }) => isStart(name))) {
    const channel = start.int("channel_index") ?? 0;
    const key = `${start.text("channel_dir")} ${channel}`;
    if (seen.has(key)) check.warning(`channel ${key} is started twice`, { at: start });
    seen.add(key);
    if (channel >= channels) {
      check.warning(`channel ${key} is not there: the tile has channels 0..${channels - 1}`, { at: start });
    }
    const repeats = start.int("repeat_count") ?? 0;
    if (repeats > 255) {
      check.warning(`repeat_count ${repeats} does not fit its field of 8 bits, which holds at most 255`, {
        ...{ at: start, beyondLimit: true },
        hint: "start the channel again from the sequence, or let the BDs form a circle that goes on for ever",
      });
    }
  }
  for (const [direction, word] of [
    ["S2MM", "input"],
    ["MM2S", "output"],
  ]) {
    const count = [...seen].filter((key) => key.startsWith(`${direction}`)).length;
    if (count > channels) {
      check.error(`uses more ${word} channels than available on this tile`, {
        hint: `${count} ${direction} channels, the tile has ${channels}`,
      });
    }
  }
}

/** Channels of a memtile above the first four reach only the tile's own buffers and locks. */
function checkNeighbourAccess(op: Operation, blocks: readonly Block[], check: Check): void {
  const home = homeTile(op);
  const reaching = limitsOf(check, home)?.dma.channelsReachingNeighbours ?? 0;
  for (const start of blocks.flatMap((block) => opsNamed(block, "aie.dma_start"))) {
    const channel = start.int("channel_index") ?? 0;
    const first = start.successors[0]?.block;
    if (channel < reaching || !first) continue;
    for (const user of chainFrom(first).flatMap((block) => block.ops)) {
      const used = user.operands[0]?.definingOp;
      const what = { "aie.buffer": "buffer", "aie.lock": "lock" }[used?.name ?? ""];
      if (!what || sameTile(homeTile(used), home)) continue;
      const message = `is reachable from DMA channel ${channel} and attempts to access a non-local ${what}`;
      check.error(message, { at: user, hint: `channels 0..${reaching - 1} reach the neighbours` });
    }
  }
}

/** The blocks of the chain that begins with `first`. */
function chainFrom(first: Block): Block[] {
  const seen = new Set<Block>();
  for (let block: Block | undefined = first; block && !seen.has(block); ) {
    seen.add(block);
    const last: Operation | undefined = block.ops.at(-1);
    block = last?.name === "aie.next_bd" ? last.successors[0]?.block : undefined;
  }
  return [...seen];
}

function opsNamed(block: Block, name: string): Operation[] {
  return block.ops.filter((op) => op.name === name);
}

function isStart(name: string): boolean {
  return name === "aie.dma_start" || name === "aie.dma";
}
