import type { FifoHandle } from "@aiekit/mlir";
import {
  CaseDesign,
  coreAt,
  give,
  object,
  randomFrom,
  type StandstillCase,
  take,
  words,
} from "./standstill-case.test-support.ts";

/**
 * Cores send parts that a memtile joins for a sink. The first of them sends each round also an object straight to the sink,
 * which takes `batch` joined objects before it takes `batch` straight ones: the straight fifo has to hold them all.
 */
export function joinStands(seed: number): StandstillCase {
  const random = randomFrom(seed);
  const batch = 3 + random(3);
  const sources = 2 + random(2);
  const col = random(2);
  const depth = 1 + random(batch - 1);
  const write = (deep: number): string => {
    const design = new CaseDesign(col);
    const [shim, memtile, sink] = [design.tile(0), design.tile(1), design.tile(5)];
    const makers = Array.from({ length: sources }, (_, i) => design.tile(4 - i));
    const parts = makers.map((maker, i) => design.fifo(`part${i}`, maker, memtile));
    const joined = design.fifo("joined", memtile, sink, { size: words * sources });
    design.d.link({ inputs: parts, outputs: [joined], sourceOffsets: parts.map((_, i) => i * words) });
    const straight = design.fifo("straight", makers[0]!, sink, { depth: [deep, deep] });
    const out = design.fifo("out", sink, shim);
    makers.forEach((maker, i) => {
      design.loop(maker, (core) => {
        if (i === 0) give(core, straight);
        give(core, parts[i]!);
      });
    });
    design.loop(sink, (core) => {
      take(core, joined, batch);
      take(core, straight, batch);
      give(core, out);
    });
    receive(design, out);
    return design.text();
  };
  const [maker, sink] = [coreAt({ col, row: 4 }), coreAt({ col, row: 5 })];
  return {
    stands: write(depth),
    legal: write(batch),
    says: [
      `${maker} waits for a free object of objectFifo straight`,
      `${maker} -(objectFifo straight is full)-> ${sink}`,
    ],
    circle: [maker, sink],
    hint: "write depths as lists",
    cure: `objectFifo @straight from [${depth}, ${depth}] to [${batch}, ${batch}]`,
  };
}

/**
 * A memtile deals parts of the host's objects to two or three cores. The last one first takes `batch` results of the first,
 * so its own parts have to wait: in the memtile and in its memory.
 */
export function distributeStands(seed: number): StandstillCase {
  const random = randomFrom(seed);
  const batch = 5 + random(3);
  const takers = 2 + random(2);
  const col = random(2);
  const held = 1 + random(2);
  const own = 1 + random(2);
  const write = (deep: number): string => {
    const design = new CaseDesign(col);
    const [shim, memtile] = [design.tile(0), design.tile(1)];
    const tiles = Array.from({ length: takers }, (_, i) => design.tile(2 + i));
    const [first, last] = [tiles[0]!, tiles.at(-1)!];
    const whole = design.fifo("whole", shim, memtile, { depth: [held, held], size: words * takers });
    const parts = tiles.map((tile, i) => {
      const depth = tile === last ? deep : 8;
      return design.fifo(`part${i}`, memtile, tile, { depth: [held, depth] });
    });
    design.d.link({ inputs: [whole], outputs: parts, destOffsets: parts.map((_, i) => i * words) });
    const result = design.fifo("result", first, last, { viaDma: true });
    const out = design.fifo("out", last, shim);
    tiles.forEach((tile, i) => {
      design.loop(tile, (core) => {
        if (tile === last) {
          take(core, result, batch);
          take(core, parts[i]!, batch);
          give(core, out);
        } else {
          take(core, parts[i]!);
          if (tile === first) give(core, result);
        }
      });
    });
    const size = batch * takers * words;
    design.sequence({ a: size, c: words }, (s, host) => {
      s.transfer({ fifo: out, buffer: host.c!, id: 1 });
      s.transfer({ fifo: whole, buffer: host.a!, id: 0 });
      s.wait(out);
    });
    return design.text();
  };
  const [first, last] = [coreAt({ col, row: 2 }), coreAt({ col, row: 1 + takers })];
  const name = `part${takers - 1}`;
  // The memtile takes the first core's part of an object before it has room for the last one's.
  const needed = batch - 1 - held;
  return {
    stands: write(own),
    legal: write(needed),
    says: [`${name} at ${last.slice(5)}`],
    circle: [first, last],
    hint: "write depths as lists",
    cure: `objectFifo @${name} from [${held}, ${own}] to [${held}, ${needed}]`,
  };
}

function receive(design: CaseDesign, out: FifoHandle, size = 2 * words): void {
  design.sequence({ c: size }, (s, host) => {
    s.transfer({ fifo: out, buffer: host.c!, id: 0 });
    s.wait(out);
  });
}

/**
 * A memtile passes what the host sends on to the host by BDs written by hand, whose last lock gives back to none: after the
 * first rounds nothing can come in. Or the lock that it waits for first begins at 0.
 */
export function memtileLockStands(seed: number): StandstillCase {
  const random = randomFrom(seed);
  const col = random(2);
  const buffers = 1 + random(2);
  const [into, from] = [random(3), random(3)];
  const mistake = ["none gives back", "none gives back, begins at 0", "begins at 0"][random(3)]!;
  const [startsAtZero, givesElsewhere] = [mistake.includes("0"), mistake.startsWith("none")];
  const rounds = buffers + 1 + random(3);
  const write = (isRight: boolean): string => {
    const design = new CaseDesign(col);
    const { d } = design;
    const [shim, tile] = [design.tile(0), design.tile(1)];
    const held = Array.from({ length: buffers }, (_, i) => d.buffer({ tile, name: `held${i}`, type: object }));
    const room = d.lock({ tile, name: "room", init: !isRight && startsAtZero ? 0 : buffers });
    const full = d.lock({ tile, name: "full", init: 0 });
    const done = d.lock({ tile, name: "done", init: 0 });
    d.flow({ tile: shim, bundle: "DMA", channel: 0 }, { tile, bundle: "DMA", channel: into });
    d.flow({ tile, bundle: "DMA", channel: from }, { tile: shim, bundle: "DMA", channel: 0 });
    d.dma(tile, (program) => {
      program.chain(
        { direction: "S2MM", channel: into, rounds: "forever" },
        held.map((buffer) => ({ buffer, acquire: { lock: room }, release: { lock: full } })),
      );
      program.chain(
        { direction: "MM2S", channel: from, rounds: "forever" },
        held.map((buffer) => ({
          buffer,
          acquire: { lock: full },
          release: { lock: isRight || !givesElsewhere ? room : done },
        })),
      );
    });
    const input = d.shimChannel({ name: "input", tile: shim, direction: "MM2S", channel: 0 });
    const output = d.shimChannel({ name: "output", tile: shim, direction: "S2MM", channel: 0 });
    const size = rounds * words;
    design.sequence({ a: size, c: size }, (s, host) => {
      s.transfer({ fifo: output, buffer: host.c!, id: 1 });
      s.transfer({ fifo: input, buffer: host.a!, id: 0 });
      s.wait(output);
    });
    return design.text();
  };
  const began = startsAtZero ? 0 : buffers;
  const channel = `DMA S2MM ${into} of tile (${col},1)`;
  if (!givesElsewhere) {
    const other = `DMA MM2S ${from} of tile (${col},1)`;
    return {
      stands: write(false),
      legal: write(true),
      says: [`circle: ${other} -(lock full is 0)-> ${channel} -(lock room is 0)-> ${other}`],
      circle: [channel, other],
      hint: givesElsewhere ? "release the lock where" : "one of the circle has to give before it takes",
      cure: "lock room begins at 1 in place of 0 (init)",
    };
  }
  const units = began === 1 ? "1 unit has" : `${began} units have`;
  return {
    stands: write(false),
    legal: write(true),
    says: [
      "waits for lock room (needs >= 1, is 0); no core and no BD releases it",
      `why: nobody gives to lock room: it began at ${began}, ${units} been taken, ${channel} needs 1 more`,
    ],
    hint: givesElsewhere ? "release the lock where" : "one of the circle has to give before it takes",
    cure: "no depth frees it",
  };
}
