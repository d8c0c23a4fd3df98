import { type CoreBuilder, i32, Operation, type Type, type Value } from "@aiekit/mlir";
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
 * A memtile sends packets for two cores by one channel, in turn. The first core keeps its packets until the second has
 * had `ahead` of its own, which come behind packets that the first has no room for.
 */
export function packetsBehindPackets(seed: number): StandstillCase {
  const random = randomFrom(seed);
  const [col, row, ahead] = [random(2), 2 + random(3), 2 + random(2)];
  const room = 1 + random(ahead - 1);
  const ids = [1 + random(8), 10 + random(8)];
  const write = (buffers: number): string => {
    const design = new CaseDesign(col);
    const { d } = design;
    const [shim, memtile] = [design.tile(0), design.tile(1)];
    const tiles = [design.tile(row), design.tile(row + 1)];
    const [first, second] = tiles as [(typeof tiles)[0], (typeof tiles)[0]];
    const source = d.buffer({ tile: memtile, name: "mixed", type: object, initialValues: 3 });
    const port = { tile: memtile, bundle: "DMA", channel: 0 } as const;
    for (const [i, tile] of tiles.entries()) {
      d.packetFlow({ id: ids[i]!, from: port, to: [{ tile, bundle: "DMA", channel: 0 }] });
    }
    d.dma(memtile, (program) => {
      const packets = ids.map((id) => ({ buffer: source, packet: { type: 0, id } }));
      program.chain({ direction: "MM2S", channel: 0, rounds: "forever" }, packets);
    });
    const parts = tiles.map((tile, i) => {
      const name = ["even", "odd"][i]!;
      const count = i === 0 ? buffers : ahead;
      const held = Array.from({ length: count }, (_, n) => d.buffer({ tile, name: `${name}_${n}`, type: object }));
      const free = d.lock({ tile, name: `${name}_room`, init: count });
      const filled = d.lock({ tile, name: `${name}_ready`, init: 0 });
      d.dma(tile, (program) =>
        program.chain(
          { direction: "S2MM", channel: 0, rounds: "forever" },
          held.map((buffer) => ({ buffer, acquire: { lock: free }, release: { lock: filled } })),
        ),
      );
      return { free, filled };
    });
    const [even, odd] = parts as [(typeof parts)[0], (typeof parts)[0]];
    const sum = design.fifo("sum", second, first);
    const out = design.fifo("out", first, shim);
    design.loop(first, (core) => {
      take(core, sum);
      core.useLock(even.filled, "AcquireGreaterEqual", ahead > buffers ? 1 : ahead);
      core.useLock(even.free, "Release", ahead > buffers ? 1 : ahead);
      give(core, out);
    });
    design.loop(second, (core) => {
      core.useLock(odd.filled, "AcquireGreaterEqual", ahead);
      core.useLock(odd.free, "Release", ahead);
      give(core, sum);
    });
    design.sequence({ c: 2 * words }, (s, host) => {
      s.transfer({ fifo: out, buffer: host.c!, id: 0 });
      s.wait(out);
    });
    return design.text();
  };
  const [first, second] = [coreAt({ col, row }), coreAt({ col, row: row + 1 })];
  return {
    stands: write(room),
    legal: write(ahead),
    says: [`which is at a packet with id ${ids[0]}, for DMA S2MM 0 of tile (${col},${row})`, "lock even_room is 0"],
    circle: [first, second],
    hint: "packets of one channel come one behind the other",
    cure: "no depth frees it",
  };
}

const cascade: Type = { kind: "vector", shape: [16], element: i32 };

function putCascade(core: CoreBuilder, memory: Value): void {
  const load = new Operation("vector.load", {
    operands: [memory, core.constant(0, { kind: "index" })],
    results: [cascade],
  });
  core.putCascade(core.emit(load).result);
}

/**
 * The upper core sends values down the cascade ahead of an object that the lower one wants first. A cascade holds four. Or it
 * waits for the lower one's answer before it sends the first.
 */
export function cascadeStands(seed: number): StandstillCase {
  const random = randomFrom(seed);
  const [col, row] = [random(2), 2 + random(3)];
  const answersFirst = random(2) === 0;
  const values = 5 + random(3);
  const write = (isRight: boolean): string => {
    const design = new CaseDesign(col);
    const [shim, low, high] = [design.tile(0), design.tile(row), design.tile(row + 1)];
    const scratch = design.d.buffer({ tile: high, name: "scratch", type: object, initialValues: 1 }).value;
    const named = answersFirst ? design.fifo("answer", low, high) : design.fifo("settings", high, low);
    const out = design.fifo("out", low, shim);
    design.d.cascade(high, low);
    design.loop(high, (core) => {
      const other = () => (answersFirst ? take(core, named) : give(core, named));
      if (isRight !== answersFirst) other();
      core.repeat(values, () => putCascade(core, scratch));
      if (isRight === answersFirst) other();
    });
    design.loop(low, (core) => {
      if (!answersFirst) take(core, named);
      core.repeat(values, () => {
        core.getCascade(cascade);
      });
      if (answersFirst) give(core, named);
      give(core, out);
    });
    design.sequence({ c: 2 * words }, (s, host) => {
      s.transfer({ fifo: out, buffer: host.c!, id: 0 });
      s.wait(out);
    });
    return design.text();
  };
  const [low, high] = [coreAt({ col, row }), coreAt({ col, row: row + 1 })];
  return {
    stands: write(false),
    legal: write(true),
    says: answersFirst
      ? [`${low} waits for a cascade value of ${high}`, "objectFifo answer has no object ready"]
      : [
          `${high} waits for room in its cascade to ${low}, which holds 4 values`,
          "objectFifo settings has no object ready",
        ],
    circle: [low, high],
    hint: answersFirst ? "one of the circle has to give" : "a cascade or a stream port holds a few values",
    cure: "no depth frees it",
  };
}

/** A core sends words by its stream port ahead of an object that the other wants first: the ports hold four words each. */
export function streamPortStands(seed: number): StandstillCase {
  const random = randomFrom(seed);
  const [col, row, port] = [random(2), 2 + random(3), 0];
  const sent = 9 + random(20);
  const write = (isRight: boolean): string => {
    const design = new CaseDesign(col);
    const [shim, low, high] = [design.tile(0), design.tile(row), design.tile(row + 1)];
    const sizes = design.fifo("sizes", high, low);
    const out = design.fifo("out", low, shim);
    design.d.flow({ tile: high, bundle: "Core", channel: port }, { tile: low, bundle: "Core", channel: port });
    const words32 = (core: CoreBuilder, name: string): void => {
      const channel = core.constant(port, i32);
      for (let n = 0; n < sent; n++) {
        if (name === "aie.put_stream") core.emit(new Operation(name, { operands: [channel, core.constant(7, i32)] }));
        else core.emit(new Operation(name, { operands: [channel], results: [i32] }));
      }
    };
    design.core(high, (core) => {
      if (isRight) give(core, sizes);
      words32(core, "aie.put_stream");
      if (!isRight) give(core, sizes);
    });
    design.core(low, (core) => {
      take(core, sizes);
      words32(core, "aie.get_stream");
      give(core, out);
    });
    design.sequence({ c: words }, (s, host) => {
      s.transfer({ fifo: out, buffer: host.c!, id: 0 });
      s.wait(out);
    });
    return design.text();
  };
  const [low, high] = [coreAt({ col, row }), coreAt({ col, row: row + 1 })];
  return {
    stands: write(false),
    legal: write(true),
    says: [
      `${low} waits for a filled object of objectFifo sizes`,
      `${high} waits for room in its stream port 0 to ${low}`,
      `${high} -(stream port 0 has no room)-> ${low}`,
    ],
    circle: [low, high],
    hint: "a cascade or a stream port holds a few values",
    cure: "no depth frees it",
  };
}
