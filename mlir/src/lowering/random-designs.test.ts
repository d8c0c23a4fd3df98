import { expect, test } from "vitest";
import { DesignBuilder } from "../builder/design-builder.ts";
import { tileModels } from "../device-model/tile-model.ts";
import { type Block, type Operation, walk } from "../ir/operation.ts";
import { i32, memref } from "../ir/types.ts";
import { bufferBytes, coordOf, placeText, tileOperand } from "./device-ops.ts";
import { lowerDesign } from "./lower-design.ts";

const designs = 200;

/** Numbers below `limit` from a seed; multiply-with-carry of Numerical Recipes' constants. */
function randomFrom(seed: number): (limit: number) => number {
  let state = seed;
  return (limit) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * limit);
  };
}

/** One to three fifos through a column: from the host, between cores, over the memtile with a split. */
function randomDesign(seed: number): Operation {
  const random = randomFrom(seed);
  const d = new DesignBuilder("npu1_2col");
  const [shim, memtile] = [d.tile(0, 0), d.tile(0, 1)];
  const core = () => d.tile(random(2), 2 + random(4));
  for (let i = 0; i <= random(3); i++) {
    const words = 16 * (1 + random(8));
    const element = memref([words], i32);
    const depth = 1 + random(3);
    const form = random(4);
    if (form === 0) d.objectFifo({ name: `f${i}`, producer: shim, consumers: [core()], depth, element });
    else if (form === 1)
      d.objectFifo({ name: `f${i}`, producer: d.tile(0, 2), consumers: [d.tile(1, 4)], depth, element });
    else if (form === 2) {
      const consumers = [d.tile(0, 3), d.tile(1, 3)];
      d.objectFifo({
        name: `f${i}`,
        producer: memtile,
        consumers,
        depth: [depth, 1, 2],
        element,
        repeatCount: 1 + random(3),
      });
    } else {
      const whole = d.objectFifo({ name: `f${i}`, producer: shim, consumers: [memtile], depth, element });
      const half = memref([words / 2], i32);
      const parts = [4, 5].map((row) =>
        d.objectFifo({ name: `f${i}_${row}`, producer: memtile, consumers: [d.tile(0, row)], depth, element: half }),
      );
      d.link({ inputs: [whole], outputs: parts, destOffsets: [0, words / 2] });
    }
  }
  return d.build();
}

/** What must hold on any tile, checked on the lowered operations alone. */
function broken(module: Operation): string[] {
  const found: string[] = [];
  const taken = new Set<string>();
  const claim = (thing: string) => {
    if (taken.has(thing)) found.push(`${thing} twice`);
    taken.add(thing);
  };
  const ranges: { tile: string; start: number; end: number }[] = [];
  walk(module, (op) => {
    if (op.name === "aie.lock") {
      claim(`lock ${op.int("lockID")} of ${placeText(coordOf(tileOperand(op)))}`);
      if ((op.int("init") ?? 0) > 63) found.push("lock beyond 63");
    } else if (op.name === "aie.buffer") {
      const { col, row } = coordOf(tileOperand(op));
      const start = op.int("address") ?? -1;
      const end = start + bufferBytes(op);
      const tile = placeText({ col, row });
      if (start < 0 || end > tileModels[row === 1 ? "memtile" : "computeTile"].dataBytes)
        found.push(`buffer beyond ${tile}`);
      if (ranges.some((r) => r.tile === tile && start < r.end && r.start < end)) found.push(`overlap on ${tile}`);
      ranges.push({ tile, start, end });
    } else if (op.name === "aie.dma_start") {
      const tile = op.parentOp ? placeText(coordOf(tileOperand(op.parentOp))) : "?";
      claim(`${op.text("channel_dir")} ${op.int("channel_index")} of ${tile}`);
      found.push(...brokenRing(op.successors[0]?.block, claim, tile));
    }
  });
  return found;
}

/** A ring ends where it began, and what it takes of each lock pair it gives: acquired and released units are the same. */
function brokenRing(first: Block | undefined, claim: (thing: string) => void, tile: string): string[] {
  const seen = new Set<Block>();
  let block = first;
  let balance = 0;
  while (block && !seen.has(block)) {
    seen.add(block);
    for (const op of block.ops) {
      if (op.name === "aie.use_lock") balance += (op.int("value") ?? 1) * (op.text("action") === "Release" ? 1 : -1);
      if (op.name === "aie.dma_bd") claim(`BD ${op.int("bd_id")} of ${tile}`);
    }
    block = block.ops.at(-1)?.successors[0]?.block;
  }
  return [
    ...(block === first ? [] : [`open ring on ${tile}`]),
    ...(balance === 0 ? [] : [`ring on ${tile} keeps ${balance}`]),
  ];
}

test(`${designs} random designs: ids and channels are used once, rings close, locks balance, buffers neither overlap nor leave their tile`, () => {
  let lowered = 0;
  for (let seed = 1; seed <= designs; seed++) {
    const design = randomDesign(seed);
    let module: Operation;
    try {
      module = lowerDesign(design).module;
    } catch (error) {
      // Channels run out in some of them, which is all that may happen.
      expect(String(error), `seed ${seed}`).toMatch(/DMA channel exceeded/);
      continue;
    }
    lowered++;
    expect(broken(module), `seed ${seed}`).toEqual([]);
  }
  expect(lowered).toBeGreaterThan(designs / 2);
});
