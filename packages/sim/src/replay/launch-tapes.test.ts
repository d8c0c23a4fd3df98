import { lowerDesign } from "@aiekit/mlir";
import { decodeTxn, type TxnOp } from "@aiekit/xclbin";
import { expect, test } from "vitest";
import { AieArray } from "../aie-array.ts";
import type { AieArrayOptions } from "../array-options.ts";
import type { SimFault } from "../fault.ts";
import { loadArrayConfig } from "../load-array-config.ts";
import {
  arrayOf,
  bytesOf,
  callK,
  coreDesign,
  insts,
  sync,
  transfer,
  wholeStream,
  words16,
} from "../lowered-design.test-support.ts";
import { graphDesign } from "../random/graph-design.test-support.ts";
import { type Graph, randomFrom, randomGraph } from "../random/random-graph.test-support.ts";
import { graphInputs, graphOps } from "../random/run-graph.test-support.ts";
import type { RunReport } from "../run-report.ts";
import { addKernel, assemble, type HandFunction, op, scalarCyclesIn, trapAt } from "../wasm-assembler.test-support.ts";

/** What arrays are compared by: one works out each launch, the others play theirs, with one thread and with several. */
const everyWay: readonly AieArrayOptions[] = [
  { tapes: false },
  { strands: "never" },
  { strands: "always" },
  { threads: 2, threadedFromUs: 0, strands: "never" },
  { threads: 2, threadedFromUs: 0, strands: "always" },
  { threads: 3, threadedFromUs: 0, takesCalls: false, strands: "always" },
];
const onOneThread = everyWay.slice(0, 3);
const add = assemble({ functions: [addKernel("k")], memory: { minimum: 1, maximum: 1 } });

/** Everything that a report says, its parts that are made when they are read included. */
const whole = ({ cycles, instructions, wordsMoved, tiles, warnings }: RunReport) => ({
  cycles,
  instructions,
  wordsMoved,
  tiles,
  warnings,
});

/** The graph with every core a caller of `k`: what cores look at themselves is then not the data. */
function callingGraph(seed: number): Graph | undefined {
  const graph = randomGraph(seed);
  const nodes = graph.nodes.map((node) => ("take" in node ? { ...node, calls: true, factor: 1 } : node));
  return nodes.every((node) => !("take" in node) || (node.inputs.length === 1 && node.take === 1))
    ? { ...graph, nodes }
    : undefined;
}

test("launches of random graphs that are played leave the bytes, cycles and reports of launches worked out anew", async () => {
  let played = 0;
  let inStrands = 0;
  let graphs = 0;
  for (let seed = 1; seed <= 200; seed++) {
    const graph = callingGraph(seed);
    if (graph === undefined) continue;
    graphs++;
    const config = loadArrayConfig(lowerDesign(graphDesign(graph)).module);
    const stream = decodeTxn(insts(graphOps(graph, config)));
    const calling = graph.nodes.flatMap((node) => ("take" in node ? [`${node.col},${node.row}`] : []));
    const seen = [];
    // Threads take their time to start.
    for (const options of seed % 8 === 0 ? everyWay : onOneThread) {
      const array = new AieArray(config, new Map(calling.map((place) => [place, add])), options);
      const launches = [];
      for (let launch = 0; launch < 7; launch++) {
        const outputs = graph.outputs.map((wire) => new Int32Array(wire.objects * graph.words));
        const inputs = graphInputs(graph).map((input) => input.map((x) => x * 3 + launch));
        const report = await array.run({ insts: stream, buffers: [...inputs, ...outputs].map(bytesOf) });
        launches.push({ outputs, report: whole(report) });
      }
      const memory = config.buffers.map(({ name }) => [name, [...array.buffer(name)]]);
      seen.push({ launches, memory });
      played += array.playedLaunches;
      inStrands += array.launchesInStrands;
      array.close();
    }

    for (const one of seen.slice(1)) expect(one, `seed ${seed}`).toEqual(seen[0]);
  }
  const many = { graphs: graphs >= 30, played: played >= 3 * graphs, inStrands: inStrands >= 4 * graphs };
  expect(many).toEqual({ graphs: true, played: true, inStrands: true });
});

test.each([
  ["as many objects as buffers: every launch begins in one state", 4, 5],
  ["an odd number of objects: buffers change their roles", 3, 4],
])("%s", async (_, objects, played) => {
  const stream = wholeStream(objects);
  const array = arrayOf(coreDesign({ ...words16, work: callK(16, 1000) }), { "0,2": add });
  for (let launch = 0; launch < 7; launch++) {
    const input = Int32Array.from({ length: 16 * objects }, (_, i) => 100 * launch + i);
    const output = new Int32Array(16 * objects);
    await array.run({ insts: stream, buffers: [input, output].map(bytesOf) });

    expect(output).toEqual(input.map((x) => x + 1000));
  }
  expect(array.playedLaunches).toBe(played);
});

/** The launches of several streams one after the other, on an array of each way: `objects` of each, filled by its number. */
async function compare(
  kernel: HandFunction[],
  objects: readonly number[],
  { fill = (launch: number, i: number) => 100 * launch + i, ways = everyWay, reportsOnly = false } = {},
) {
  const streams = new Map([...new Set(objects)].map((count) => [count, wholeStream(count)]));
  const module = assemble({ functions: kernel, globals: 1, memory: { minimum: 1, maximum: 1 } });
  const seen = [];
  const counts: number[] = [];
  for (const options of ways) {
    const array = arrayOf(coreDesign({ ...words16, work: callK(16, 1000) }), { "0,2": module }, options);
    const launches: unknown[] = [];
    for (const [launch, count] of objects.entries()) {
      const input = Int32Array.from({ length: 16 * count }, (_, i) => fill(launch, i));
      const output = new Int32Array(16 * count);
      const run = array.run({ insts: streams.get(count)!, buffers: [input, output].map(bytesOf) });
      launches.push(
        await run.then(whole, (error: SimFault) => ({ message: error.message, fault: error.fault })),
        reportsOnly ? [] : output,
      );
    }
    const memory = ["in_cons_buff_0", "in_cons_buff_1", "out_buff_0", "out_buff_1"].map((name) => [
      ...array.buffer(name),
    ]);
    seen.push({ launches, memory: reportsOnly ? [] : memory });
    counts.push(array.playedLaunches);
    array.close();
  }
  const [worked, ...played] = seen;
  for (const [i, one] of played.entries()) expect(one, `${objects}, way ${i + 1}`).toEqual(worked);
  expect(counts[0]).toBe(0);
  return { launches: worked!.launches, counts: counts.slice(1) };
}

test("streams in any order, with and without a tape, go on from where the others left the array", async () => {
  const random = randomFrom(5);
  for (let round = 0; round < 20; round++) {
    const objects = Array.from({ length: 24 }, () => 1 + random(4));
    const { counts } = await compare([addKernel("k")], objects, round % 4 === 0 ? {} : { ways: onOneThread });

    expect(Math.min(...counts), `${objects}`).toBeGreaterThan(5);
  }
});

/** `k` that counts as many scalar cycles as the first word of its input says, in global 2. */
const cyclesByData: HandFunction[] = [
  { ...addKernel("k"), code: [...op.get(0), ...op.load, ...op.setGlobal(2), ...addKernel("k").code] },
  scalarCyclesIn(2),
];

test.each([0, 16, 40])(
  "a kernel whose cycles change with word %i of the input goes on as if nothing had been played",
  async (at) => {
    // The sixth and eighth launch take longer from there on.
    const fill = (launch: number, i: number) => (i >= at && (launch === 5 || launch === 7) ? 5000 + launch : 70);
    const { counts } = await compare(cyclesByData, new Array(11).fill(4), { fill });

    expect(Math.min(...counts)).toBeGreaterThan(2);
  },
);

test("a stream whose kernels differ again and again is left alone", async () => {
  const { counts } = await compare(cyclesByData, new Array(20).fill(4), { fill: (launch) => 10 * launch });

  expect(counts).toEqual([0, 0, 0, 0, 0]);
});

test.each([0, 16, 48])(
  "a kernel that fails at word %i of a launch that is played fails as it would otherwise",
  async (at) => {
    const fails: HandFunction = {
      ...addKernel("k"),
      // With most of its stack taken, of which a second call would have too little.
      code: [
        ...[...op.getGlobal(0), ...op.constant(800), ...op.sub, ...op.setGlobal(0)],
        ...trapAt(999),
        ...addKernel("k").code,
        ...[...op.getGlobal(0), ...op.constant(800), ...op.add, ...op.setGlobal(0)],
      ],
    };
    const fill = (launch: number, i: number) => (launch === 5 && i === at ? 999 : i);
    const objects = new Array(6).fill(4);
    const { launches } = await compare([fails], objects, { fill, ways: onOneThread });
    // Memory after a fault may be further with threads, and so may what had come out.
    const { counts } = await compare([fails], objects, { fill, reportsOnly: true });

    expect(launches[10]).toMatchObject({ message: expect.stringContaining("kernel k on core (0,2)") });
    expect(counts).toEqual([3, 3, 3, 3, 3]);
  },
);

test.each([
  [2, 2],
  [1, 2],
])(
  "what streams of %i + %i objects write for cores counts where they look, and what was left counts elsewhere",
  async (...parts) => {
    const words = 16 * (parts[0] + parts[1]);
    const controlAt = 0x4000;
    const design = coreDesign({
      ...words16,
      declarations: `${words16.declarations}
    %control = aie.buffer(%tile) {address = ${controlAt} : i32, sym_name = "control"} : memref<1xi32>`,
      work: callK(16, 0).replace("%_k = arith.constant 0 : i32", "%_k = memref.load %control[%c0] : memref<1xi32>"),
    });
    const write = (value: number): TxnOp => ({ op: "write32", address: (2 << 20) + controlAt, value });
    const whole: TxnOp[] = [
      ...transfer({ direction: "S2MM", bd: 1, argIndex: 1, lengthWords: words }),
      ...transfer({ direction: "MM2S", bd: 0, argIndex: 0, lengthWords: words }),
      sync("S2MM"),
    ];
    const part = (index: number): TxnOp[] => {
      const [offsetBytes, lengthWords] = [64 * (index === 0 ? 0 : parts[0]), 16 * parts[index]!];
      return [
        ...transfer({ direction: "S2MM", bd: 1, argIndex: 1, offsetBytes, lengthWords }),
        ...transfer({ direction: "MM2S", bd: 0, argIndex: 0, offsetBytes, lengthWords }),
        sync("S2MM"),
      ];
    };
    // Before its cores look, not at all, and in the middle.
    const streams = [[write(5), ...whole], [write(9), ...whole], whole, [...part(0), write(7), ...part(1)]].map((ops) =>
      decodeTxn(insts(ops)),
    );
    const random = randomFrom(3);
    const order = [0, 0, 0, 2, 2, 2, 1, 2, 2, 3, 3, 3, 1, 3, 3, 2, ...Array.from({ length: 60 }, () => random(4))];
    const seen = [];
    const counts = [];
    for (const options of everyWay) {
      const array = arrayOf(design, { "0,2": add }, options);
      const launches = [];
      for (const [launch, stream] of order.entries()) {
        const input = Int32Array.from({ length: words }, (_, i) => 1000 * launch + i);
        const output = new Int32Array(words);
        const { cycles } = await array.run({ insts: streams[stream]!, buffers: [input, output].map(bytesOf) });
        launches.push({ launch, stream, cycles, output, control: [...array.buffer("control")] });
      }
      seen.push(launches);
      counts.push(array.playedLaunches);
      array.close();
    }

    for (const one of seen.slice(1)) expect(one).toEqual(seen[0]);
    expect(counts[0]).toBe(0);
    expect(Math.min(...counts.slice(1))).toBeGreaterThan(30);
  },
);

test("a launch that uses BDs of an earlier one is worked out anew", async () => {
  const words = 64;
  const queue = (direction: "S2MM" | "MM2S"): TxnOp =>
    transfer({ direction, bd: direction === "S2MM" ? 1 : 0, argIndex: 0, lengthWords: words })[2]!;
  const whole = [
    ...transfer({ direction: "S2MM", bd: 1, argIndex: 1, lengthWords: words }),
    ...transfer({ direction: "MM2S", bd: 0, argIndex: 0, lengthWords: words }),
    sync("S2MM"),
  ];
  const first = decodeTxn(insts(whole));
  const onlyPush = decodeTxn(insts([queue("S2MM"), queue("MM2S"), sync("S2MM")]));
  const array = arrayOf(coreDesign({ ...words16, work: callK(16, 3) }), { "0,2": add });
  const [input, output] = [new Int32Array(words), new Int32Array(words)];
  await array.run({ insts: first, buffers: [input, output].map(bytesOf) });
  for (let launch = 0; launch < 5; launch++) {
    input.fill(launch);
    await array.run({ insts: onlyPush, buffers: [input, output].map(bytesOf) });

    expect(output).toEqual(new Int32Array(words).fill(launch + 3));
  }
  expect(array.playedLaunches).toBe(0);
});

test("a core that is steered by what its kernel writes is worked out anew", async () => {
  // k(in, control, 1, 0) writes the first word of the object to where the next call's term comes from.
  const design = coreDesign({
    ...words16,
    declarations: `${words16.declarations}
    %control = aie.buffer(%tile) {address = 0x4000 : i32, sym_name = "control"} : memref<16xi32>`,
    work: `${callK(16, 0).replace("%_k = arith.constant 0 : i32", "%_k = memref.load %control[%c0] : memref<16xi32>")}
  %_1 = arith.constant 1 : i32
  %_0 = arith.constant 0 : i32
  func.call @k(%in, %control, %_1, %_0) : (memref<16xi32>, memref<16xi32>, i32, i32) -> ()`,
  });
  const stream = wholeStream(2);
  const seen = [];
  for (const options of everyWay) {
    const array = arrayOf(design, { "0,2": add }, options);
    const outputs = [];
    for (let launch = 0; launch < 6; launch++) {
      // What the last object leaves there is the same each time, so that launches begin alike.
      const input = Int32Array.from({ length: 32 }, (_, i) => (i === 16 ? 7 : 100 * launch + i));
      outputs.push(new Int32Array(32));
      await array.run({ insts: stream, buffers: [input, outputs.at(-1)!].map(bytesOf) });
    }
    expect(array.playedLaunches).toBe(0);
    seen.push(outputs);
    array.close();
  }

  for (const one of seen.slice(1)) expect(one).toEqual(seen[0]);
});

test("a launch that ends while its host memory is still written is worked out anew", async () => {
  // Two objects are awaited, the third arrives when the next launch begins.
  const stream = decodeTxn(
    insts(
      transfer({ direction: "S2MM", bd: 1, argIndex: 1, lengthWords: 32 }),
      transfer({ direction: "S2MM", bd: 2, argIndex: 1, offsetBytes: 128, lengthWords: 16, token: false }),
      transfer({ direction: "MM2S", bd: 0, argIndex: 0, lengthWords: 48 }),
      sync("S2MM"),
    ),
  );
  const array = arrayOf(coreDesign({ ...words16, work: callK(16, 5) }), { "0,2": add });
  let last = new Int32Array(48);
  for (let launch = 0; launch < 6; launch++) {
    const input = new Int32Array(48).fill(launch);
    const output = new Int32Array(48);
    await array.run({ insts: stream, buffers: [input, output].map(bytesOf) });

    expect([...output.subarray(0, 32)]).toEqual(new Array(32).fill(launch + 5));
    expect([...output.subarray(32)]).toEqual(new Array(16).fill(0));
    if (launch > 0) expect([...last.subarray(32)]).toEqual(new Array(16).fill(launch + 4));
    last = output;
  }
  expect(array.playedLaunches).toBe(0);
});

test.each<[string, AieArrayOptions]>([
  ["step by step", { strands: "never" }],
  ["in strands", { strands: "always" }],
])(
  "a launch that is played %s gives way to the event loop, tells its progress, and is stopped by a signal",
  async (_, options) => {
    const objects = 400;
    const stream = wholeStream(objects);
    let now = 0;
    const array = arrayOf(
      coreDesign({ ...words16, work: callK(16, 1) }),
      { "0,2": add },
      { wallClock: () => (now += 60), ...options },
    );
    const buffers = [new Int32Array(16 * objects), new Int32Array(16 * objects)].map(bytesOf);
    for (let launch = 0; launch < 3; launch++) await array.run({ insts: stream, buffers });
    expect(array.playedLaunches).toBe(1);

    const words: number[] = [];
    const { wordsMoved } = await array.run({
      insts: stream,
      buffers,
      onProgress: (progress) => words.push(progress.wordsMoved),
    });
    const before = 3 * wordsMoved;
    expect(words.length).toBeGreaterThan(5);
    expect(words).toEqual([...words].sort((a, b) => a - b));
    expect(words.every((count) => count > before && count <= before + wordsMoved)).toBe(true);

    const stop = new AbortController();
    const stopped = array.run({ insts: stream, buffers, signal: stop.signal, onProgress: () => stop.abort() });
    await expect(stopped).rejects.toThrow("simulated run: stopped");
    await expect(array.run({ insts: stream, buffers })).rejects.toThrow("it stopped in an earlier run");
  },
);
