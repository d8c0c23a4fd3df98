import { type CoreBuilder, i32, type LockHandle, type Value } from "@aiekit/mlir";
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

/** Two neighbours take two locks that keep their memory for one of them, each in its own order. */
export function locksInOtherOrder(seed: number): StandstillCase {
  const random = randomFrom(seed);
  const [col, row] = [random(2), 2 + random(3)];
  const names = [
    ["weights_mutex", "sums_mutex"],
    ["a", "b"],
    ["table", "state"],
  ][random(3)]!;
  const write = (isRight: boolean): string => {
    const design = new CaseDesign(col);
    const [shim, low, high] = [design.tile(0), design.tile(row), design.tile(row + 1)];
    // Both in the memory of the upper tile, which both cores reach.
    const locks = names.map((name) => design.d.lock({ tile: high, name, init: 1 }));
    const done = design.fifo("done", low, high);
    const out = design.fifo("out", high, shim);
    const scratch = new Map<CoreBuilder, Value>();
    const own = [low, high].map((tile, i) => design.d.buffer({ tile, name: `scratch${i}`, type: object }).value);
    const both = (core: CoreBuilder, order: readonly LockHandle[]): void => {
      for (const lock of order) {
        core.useLock(lock, "AcquireGreaterEqual");
        work(core, scratch.get(core)!);
      }
      for (const lock of order) core.useLock(lock, "Release");
    };
    design.loop(low, (core) => {
      scratch.set(core, own[0]!);
      both(core, locks);
      give(core, done);
    });
    design.loop(high, (core) => {
      scratch.set(core, own[1]!);
      both(core, isRight ? locks : locks.toReversed());
      take(core, done);
      give(core, out);
    });
    design.sequence({ c: 2 * words }, (s, host) => {
      s.transfer({ fifo: out, buffer: host.c!, id: 0 });
      s.wait(out);
    });
    return design.text();
  };
  const [low, high] = [coreAt({ col, row }), coreAt({ col, row: row + 1 })];
  const [first, second] = names as [string, string];
  return {
    stands: write(false),
    legal: write(true),
    says: [
      `${high} waits for lock ${first} (needs >= 1, is 0), which ${low} took`,
      `${low} waits for lock ${second} (needs >= 1, is 0), which ${high} took`,
      "circle:",
    ],
    circle: [low, high],
    hint: "let all cores take these locks in the same order",
    cure: `what frees it, run to its end: ${high} takes lock ${first} before lock ${second}`,
  };
}

/** Takes some cycles. */
function work(core: CoreBuilder, memory: Value): void {
  core.repeat(words, (i) => core.store(core.constant(1, i32), memory, [i]));
}

/** One producer feeds two or three cores in lock-step; one of them first waits for what another makes of `batch` objects. */
export function broadcastLags(seed: number): StandstillCase {
  const random = randomFrom(seed);
  const [col, consumers, batch] = [random(2), 2 + random(2), 3 + random(3)];
  const depth = 1 + random(batch - 1);
  const write = (deep: number): string => {
    const design = new CaseDesign(col);
    const [shim, source] = [design.tile(0), design.tile(2)];
    const takers = Array.from({ length: consumers }, (_, i) => design.tile(3 + i));
    const [first, last] = [takers[0]!, takers.at(-1)!];
    const all = design.fifo("frames", source, takers, { depth: [2, ...takers.map((t) => (t === last ? deep : 2))] });
    const sums = design.fifo("sums", first, last, { viaDma: true });
    const out = design.fifo("out", last, shim);
    design.loop(source, (core) => give(core, all));
    for (const tile of takers) {
      design.loop(tile, (core) => {
        if (tile === last) take(core, sums);
        take(core, all, batch);
        if (tile === first) give(core, sums);
        if (tile === last) give(core, out);
      });
    }
    design.sequence({ c: 2 * words }, (s, host) => {
      s.transfer({ fifo: out, buffer: host.c!, id: 0 });
      s.wait(out);
    });
    return design.text();
  };
  const [first, last] = [coreAt({ col, row: 3 }), coreAt({ col, row: 2 + consumers })];
  const others = Array.from({ length: consumers - 1 }, () => 2);
  const depths = (deep: number): string => [2, ...others, deep].join(", ");
  return {
    stands: write(depth),
    legal: write(batch),
    says: ["objectFifo sums has no object ready", `frames at ${last.slice(5)} is full`],
    circle: [first, last],
    hint: "write depths as lists",
    cure: `objectFifo @frames from [${depths(depth)}] to [${depths(batch)}]`,
  };
}

/** A core ends after `made` objects, and another waits for one more: in shared memory or through DMAs. */
export function producerEnded(seed: number): StandstillCase {
  const random = randomFrom(seed);
  const [col, row, made] = [random(2), 2 + random(3), 1 + random(6)];
  const viaDma = random(2) === 0;
  const atOnce = made > 1 ? 1 + random(2) : 1;
  const name = ["scores", "blocks"][random(2)]!;
  const write = (objects: number): string => {
    const design = new CaseDesign(col);
    const [shim, source, sink] = [design.tile(0), design.tile(row), design.tile(row + 1)];
    const fifo = design.fifo(name, source, sink, { viaDma });
    const out = design.fifo("out", sink, shim);
    design.core(source, (core) => give(core, fifo, objects));
    design.loop(sink, (core) => {
      core.acquireMany(fifo, "Consume", atOnce);
      core.release(fifo, "Consume", atOnce);
      give(core, out);
    });
    design.sequence({ c: (Math.floor(made / atOnce) + 1) * words }, (s, host) => {
      s.transfer({ fifo: out, buffer: host.c!, id: 0 });
      s.wait(out);
    });
    return design.text();
  };
  const needed = (Math.floor(made / atOnce) + 1) * atOnce;
  const [source, sink] = [coreAt({ col, row }), coreAt({ col, row: row + 1 })];
  const ordinal = (n: number): string =>
    `${n}${["th", "st", "nd", "rd"][n % 100 > 10 && n % 100 < 14 ? 0 : n % 10] ?? "th"}`;
  const from = needed - atOnce + 1;
  const awaited = atOnce === 1 ? `the ${ordinal(from)}` : `the ${ordinal(from)} and the ${ordinal(needed)}`;
  return {
    stands: write(made),
    legal: write(needed),
    says: [
      `${sink} waits for ${atOnce === 1 ? "a filled object" : `${atOnce} filled objects`} of objectFifo ${name}`,
      `why: ${source} has ended after ${made === 1 ? "1 object" : `${made} objects`} of objectFifo ${name}; ${sink} waits for ${awaited}`,
    ],
    hint: `give ${source} as many rounds as ${sink} needs`,
    cure: "no depth frees it",
  };
}

/** A core ends after it took `taken` objects of a broadcast, whose other consumer and producer wait for ever. */
export function consumerEnded(seed: number): StandstillCase {
  const random = randomFrom(seed);
  const [col, taken] = [random(2), 1 + random(4)];
  const depth = 1 + random(2);
  const rounds = taken + depth + 1 + random(3);
  const write = (ends: number): string => {
    const design = new CaseDesign(col);
    const [shim, source, sink, watcher] = [design.tile(0), design.tile(2), design.tile(3), design.tile(4)];
    const fifo = design.fifo("frames", source, [sink, watcher], { depth: [1, 1, depth] });
    const out = design.fifo("out", sink, shim);
    design.loop(source, (core) => give(core, fifo));
    design.core(watcher, (core) => take(core, fifo, ends));
    design.loop(sink, (core) => {
      take(core, fifo);
      give(core, out);
    });
    design.sequence({ c: rounds * words }, (s, host) => {
      s.transfer({ fifo: out, buffer: host.c!, id: 0 });
      s.wait(out);
    });
    return design.text();
  };
  const deep = rounds - taken;
  return {
    stands: write(taken),
    legal: write(rounds),
    says: [
      `why: ${coreAt({ col, row: 4 })} has ended after it took ${taken === 1 ? "1 object" : `${taken} objects`} of objectFifo frames, which is full there`,
    ],
    hint: "write depths as lists",
    cure: `objectFifo @frames from [1, 1, ${depth}] to [1, 1, ${deep}]`,
  };
}
