import { lowerDesign } from "@aiekit/mlir";
import { decodeTxn, type TxnOp, type TxnStream } from "@aiekit/xclbin";
import { expect, test } from "vitest";
import { AieArray } from "../aie-array.ts";
import type { ArrayConfig } from "../array-config.ts";
import type { AieArrayOptions } from "../array-options.ts";
import type { SimFault } from "../fault.ts";
import { loadArrayConfig } from "../load-array-config.ts";
import {
  bytesOf,
  callK,
  coreDesign,
  insts,
  sync,
  transfer,
  wholeStream,
  words16,
} from "../lowered-design.test-support.ts";
import { parseArrayConfig } from "../parse-array-config.ts";
import { graphDesign } from "../random/graph-design.test-support.ts";
import { randomFrom, randomGraph } from "../random/random-graph.test-support.ts";
import { graphInputs, graphOps } from "../random/run-graph.test-support.ts";
import type { RunReport } from "../run-report.ts";
import { addKernel, assemble, type HandFunction, op, scalarCyclesIn, trapAt } from "../wasm-assembler.test-support.ts";

const memory = { minimum: 1, maximum: 1 };
const add = assemble({ functions: [addKernel("k")], memory });
const designOf = (text = coreDesign({ ...words16, work: callK(16, 1000) })) => parseArrayConfig(text, "design.mlir");
/** Each array in one of these ways, after others of the design in the same way. */
const everyWay: readonly AieArrayOptions[] = [
  { strands: "never" },
  { strands: "always" },
  { threads: 2, threadedFromUs: 0, strands: "always" },
];
/** Everything that a report says. */
const whole = ({ cycles, instructions, wordsMoved, tiles, warnings }: RunReport) => ({
  ...{ cycles, instructions, wordsMoved, tiles, warnings },
});

interface Arrays {
  readonly config: ArrayConfig;
  readonly module?: Uint8Array;
  readonly streams: readonly TxnStream[];
  /** Streams of the launches of each array. */
  readonly launches: readonly (readonly number[])[];
  readonly words: readonly number[];
  readonly fill?: (array: number, launch: number, i: number) => number;
}

/** What arrays of the design did, one after the other: launches up to a failure, and memory. */
async function runArrays({ config, module = add, ...rest }: Arrays, options: AieArrayOptions) {
  const { streams, launches, words, fill = (array, launch, i) => 1000 * array + 50 * launch + i } = rest;
  const seen: unknown[] = [];
  const played: number[] = [];
  for (const [number, order] of launches.entries()) {
    const array = new AieArray(config, new Map([["0,2", module]]), options);
    for (const [launch, stream] of order.entries()) {
      const input = Int32Array.from({ length: words[stream]! }, (_, i) => fill(number, launch, i));
      const output = new Int32Array(words[stream]!);
      const run = array.run({ insts: streams[stream]!, buffers: [input, output].map(bytesOf) });
      const report = await run.then(whole, ({ message, fault }: SimFault) => ({ message, fault }));
      seen.push({ number, launch, report, output });
      if ("message" in report) break;
    }
    seen.push(config.buffers.map(({ name }) => [...array.buffer(name)]));
    played.push(array.playedLaunches);
    array.close();
  }
  return { seen, played };
}

/** The same in every way, each with a design of its own; launches that were played on each array. */
async function compare(arrays: Arrays, ways = everyWay) {
  const worked = await runArrays(arrays, { tapes: false });
  const counts = [];
  for (const way of ways) {
    const { seen, played } = await runArrays({ ...arrays, config: { ...arrays.config } }, way);
    expect(seen).toEqual(worked.seen);
    counts.push(played);
  }
  return { counts, seen: worked.seen };
}

test("arrays of random graphs, one after the other, leave what they would leave alone, and begin with tapes of the others", async () => {
  let graphs = 0;
  let playedFirst = 0;
  for (let seed = 1; seed <= 120; seed++) {
    const random = randomGraph(seed);
    const nodes = random.nodes.map((node) => ("take" in node ? { ...node, calls: true, factor: 1 } : node));
    const graph = { ...random, nodes };
    if (!nodes.every((node) => !("take" in node) || (node.inputs.length === 1 && node.take === 1))) continue;
    graphs++;
    const config = loadArrayConfig(lowerDesign(graphDesign(graph)).module);
    const stream = decodeTxn(insts(graphOps(graph, config)));
    const modules = new Map(nodes.flatMap((node) => ("take" in node ? [[`${node.col},${node.row}`, add]] : [])));
    for (let number = 0; number < 4; number++) {
      const seen = [];
      for (const options of [{ tapes: false }, {}]) {
        const array = new AieArray(config, modules, options);
        for (let launch = 0; launch < 2; launch++) {
          const outputs = graph.outputs.map((wire) => new Int32Array(wire.objects * graph.words));
          const inputs = graphInputs(graph).map((input) => input.map((x) => x * 3 + 10 * number + launch));
          const report = await array.run({ insts: stream, buffers: [...inputs, ...outputs].map(bytesOf) });
          seen.push(outputs, whole(report));
          if (launch === 0) playedFirst += array.playedLaunches;
        }
        seen.push(config.buffers.map(({ name }) => [...array.buffer(name)]));
        array.close();
      }

      expect(seen.slice(seen.length / 2), `seed ${seed}, array ${number}`).toEqual(seen.slice(0, seen.length / 2));
    }
  }
  expect(graphs).toBeGreaterThan(15);
  expect(playedFirst).toBeGreaterThanOrEqual(2 * graphs);
});

test("one launch of each array: the second is recorded, though nothing follows it, and later ones are played", async () => {
  const arrays = { config: designOf(), streams: [wholeStream(4)], words: [64], launches: [[0], [0], [0], [0]] };
  const { counts } = await compare(arrays);

  for (const played of counts) expect(played).toEqual([0, 0, 1, 1]);
});

test("streams in any order, another one on each array", async () => {
  const random = randomFrom(11);
  const streams = [1, 2, 3, 4].map(wholeStream);
  for (let round = 0; round < 8; round++) {
    const launches = Array.from({ length: 5 }, () => Array.from({ length: 6 }, () => random(4)));
    const arrays = { config: designOf(), streams, words: [16, 32, 48, 64], launches };
    const { counts } = await compare(arrays, round % 4 === 0 ? everyWay : everyWay.slice(0, 2));

    for (const played of counts) expect(played.at(-1)).toBeGreaterThan(1);
  }
});

test("kernels with statics and registers begin anew on each array", async () => {
  const staticsAt = 0xf000;
  const counted = [...op.constant(staticsAt), ...op.load];
  const remembers: HandFunction = {
    ...addKernel("k"),
    // Adds the number of its calls, by a static, and by a register.
    code: [
      ...[...op.constant(staticsAt), ...counted, ...op.constant(1), ...op.add, ...op.store],
      ...[...op.getGlobal(2), ...op.constant(100), ...op.add, ...op.setGlobal(2)],
      ...[...op.get(3), ...counted, ...op.add, ...op.getGlobal(2), ...op.add, ...op.set(3)],
      ...addKernel("k").code,
    ],
  };
  const data = { address: staticsAt, bytes: [0, 0, 0, 0] };
  const module = assemble({ functions: [remembers], globals: 1, memory, data });
  const launches = [[0, 0, 0], [0, 0], [0], [0, 0]];
  const { counts } = await compare({ config: designOf(), module, streams: [wholeStream(4)], words: [64], launches });

  for (const played of counts) expect(played.at(-1)).toBe(2);
});

test("a kernel that takes another time, or fails, in the first launch of an array, which would be played", async () => {
  const byData = [...op.get(0), ...op.load, ...op.setGlobal(2)];
  const k: HandFunction = { ...addKernel("k"), code: [...trapAt(999), ...byData, ...addKernel("k").code] };
  const module = assemble({ functions: [k, scalarCyclesIn(2)], globals: 1, memory });
  const arrays = { config: designOf(), module, streams: [wholeStream(4)], words: [64] };
  const launches = [[0, 0, 0], [0, 0], [0, 0], [0, 0], [0]];
  const later = await compare({
    ...{ ...arrays, launches },
    fill: (array, launch, i) => (array === 2 && launch === 0 && i >= 16 ? 5000 : 70),
  });
  for (const played of later.counts) expect(played).toEqual([1, 2, 1, 2, 1]);

  // Memory after a fault may be further with threads.
  const failing = {
    ...arrays,
    launches,
    fill: (array: number, _: number, i: number) => (array === 2 && i === 32 ? 999 : 70),
  };
  const { counts, seen } = await compare(failing, everyWay.slice(0, 2));
  expect(seen).toContainEqual(
    expect.objectContaining({ number: 2, launch: 0, report: expect.objectContaining({ fault: expect.anything() }) }),
  );
  for (const played of counts) expect(played).toEqual([1, 2, 0, 2, 1]);
});

test("a deadlock counts the objects of its own array, whose launches were played from tapes of others", async () => {
  const lacks = decodeTxn(
    insts(
      transfer({ direction: "S2MM", bd: 1, argIndex: 1, lengthWords: 64 }),
      transfer({ direction: "MM2S", bd: 0, argIndex: 0, lengthWords: 48 }),
      sync("S2MM"),
    ),
  );
  const launches = [[0, 0, 0, 0, 1], [0, 0, 1], [1]];
  const arrays = { config: designOf(), streams: [wholeStream(2), lacks], words: [32, 64], launches };
  const { counts, seen } = await compare(arrays, everyWay.slice(0, 2));

  for (const played of counts) expect(played).toEqual([2, 2, 0]);
  const told = seen.flatMap((one) => /(\d+)(?:st|nd|rd|th) object/.exec(JSON.stringify(one))?.[1] ?? []);
  expect(new Set(told).size).toBe(3);
});

test("arrays with other kernels have other tapes", async () => {
  const config = designOf();
  const [fast, slow] = [40, 4000].map((cycles) => {
    const k = { ...addKernel("k"), code: [...op.constant(cycles), ...op.setGlobal(2), ...addKernel("k").code] };
    return assemble({ functions: [k, scalarCyclesIn(2)], globals: 1, memory });
  });
  const stream = wholeStream(4);
  const launched = async (module: Uint8Array, options: AieArrayOptions) => {
    const arrays = { config, module, streams: [stream], words: [64], launches: [[0, 0, 0]] };
    return runArrays(arrays, options);
  };
  await launched(fast!, {});
  const { seen, played } = await launched(slow!, {});

  expect(played).toEqual([1]);
  expect(seen).toEqual((await launched(slow!, { tapes: false })).seen);
});

test("a stream that uses a BD of the design is worked out anew where another stream has written it", async () => {
  // Both objects are sent once; then the stream starts their chain again.
  const config = designOf(
    coreDesign({ ...words16, work: callK(16, 3) }).replace("aie.next_bd ^out0", "aie.next_bd ^end"),
  );
  const { id } = config.bds.find(({ buffer }) => buffer.name === "out_buff_0")!;
  const tile = 2 << 20;
  const again: TxnOp = { op: "write32", address: tile + 0x1de14, value: id };
  const invalid: TxnOp = { op: "blockwrite", address: tile + 0x1d000 + 0x20 * id, words: [0, 0, 0, 0, 0, 0] };
  const pass = wholeStream(2).ops;
  const streams = [pass, [again, ...pass], [invalid]].map((ops) => decodeTxn(insts(ops)));
  const launches = [
    [0, 1, 1, 1, 2, 1],
    [0, 1, 1],
    [0, 2, 1],
  ];
  const { counts, seen } = await compare({ config, streams, words: [32, 32, 32], launches }, everyWay.slice(0, 1));

  expect(counts).toEqual([[1, 2, 1]]);
  expect(JSON.stringify(seen).match(/"kind":"bd-invalid"/g)).toHaveLength(2);
});
