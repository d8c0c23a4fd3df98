import { lowerDesign } from "@aiekit/mlir";
import { decodeTxn } from "@aiekit/xclbin";
import { expect, test } from "vitest";
import { AieArray } from "../aie-array.ts";
import { loadArrayConfig } from "../load-array-config.ts";
import { arrayOf, bytesOf, callK, coreDesign, insts, wholeStream, words16 } from "../lowered-design.test-support.ts";
import { graphDesign } from "../random/graph-design.test-support.ts";
import { graphOps } from "../random/run-graph.test-support.ts";
import { addKernel, assemble, type HandFunction, op, scalarCyclesIn } from "../wasm-assembler.test-support.ts";
import { chainOfTwo, strandWays } from "./strand-ways.test-support.ts";

test("counts that follow from a register are looked at again when another stream has left another value in it", async () => {
  // Calls take 2, 60 and 900 cycles by turns: six of them always as much together, and not the same one by one.
  const [ifEmpty, otherwise] = [[0x04, 0x40], [0x05]];
  const turn = (cycles: number, next: number) => [
    ...[...op.getGlobal(2), ...op.constant(cycles), ...op.add, ...op.setGlobal(2)],
    ...[...op.constant(next), ...op.setGlobal(3)],
  ];
  const isTurn = (at: number) => [...op.getGlobal(3), ...op.constant(at), ...op.sub, ...op.eqz, ...ifEmpty];
  const k: HandFunction = {
    ...addKernel("k"),
    code: [
      ...[...isTurn(0), ...turn(2, 1), ...otherwise, ...isTurn(1), ...turn(60, 2), ...otherwise, ...turn(900, 0)],
      ...[...op.end, ...op.end, ...addKernel("k").code],
    ],
  };
  const config = loadArrayConfig(lowerDesign(graphDesign(chainOfTwo(6))).module);
  const streams = new Map([2, 6].map((count) => [count, decodeTxn(insts(graphOps(chainOfTwo(count), config)))]));
  const order = [...new Array(30).fill(6), 2, 6, 6, 2, 6, 6, 6];
  // Behind it a kernel that always takes 300, for which it matters when its inputs come.
  const steady = { ...addKernel("k"), code: [...turn(300, 0), ...addKernel("k").code] };
  const [first, second] = [k, steady].map((kernel) =>
    assemble({ functions: [kernel, scalarCyclesIn(2)], globals: 2, memory: { minimum: 1, maximum: 1 } }),
  );
  const modules = new Map([
    ["0,2", first!],
    ["0,4", second!],
  ]);
  const seen = [];
  for (const options of strandWays) {
    const array = new AieArray({ ...config }, modules, options);
    const cycles = [];
    for (const objects of order) {
      const buffers = [new Int32Array(16 * objects), new Int32Array(16 * objects)].map(bytesOf);
      cycles.push((await array.run({ insts: streams.get(objects)!, buffers })).cycles);
    }
    seen.push(cycles);
    if (options.strands) expect(array.launchesInStrands).toBeGreaterThan(25);
    array.close();
  }

  const ofSix = seen[0]!.filter((_, launch) => order[launch] === 6);
  expect(new Set(ofSix).size).toBeGreaterThan(1);
  for (const one of seen.slice(1)) expect(one).toEqual(seen[0]);
});

test("counts that follow from data are looked at one by one, also when they always come to the same sum", async () => {
  const [first, second] = [[...op.get(0), ...op.load], op.constant(300)].map((cycles) => {
    const counts = [...op.getGlobal(2), ...cycles, ...op.add, ...op.setGlobal(2)];
    const k = { ...addKernel("k"), code: [...counts, ...addKernel("k").code] };
    return assemble({ functions: [k, scalarCyclesIn(2)], globals: 1, memory: { minimum: 1, maximum: 1 } });
  });
  const modules = new Map([
    ["0,2", first!],
    ["0,4", second!],
  ]);
  const config = loadArrayConfig(lowerDesign(graphDesign(chainOfTwo(4))).module);
  const stream = decodeTxn(insts(graphOps(chainOfTwo(4), config)));
  const firstWords = (launch: number) => (launch === 26 || launch === 28 ? [900, 60, 2, 60] : [2, 60, 900, 60]);
  const seen = [];
  for (const options of strandWays) {
    const array = new AieArray({ ...config }, modules, options);
    const cycles = [];
    for (let launch = 0; launch < 31; launch++) {
      const input = new Int32Array(64);
      for (const [object, word] of firstWords(launch).entries()) input[16 * object] = word;
      cycles.push((await array.run({ insts: stream, buffers: [input, new Int32Array(64)].map(bytesOf) })).cycles);
    }
    seen.push(cycles);
    if (options.strands) expect(array.launchesInStrands).toBe(27);
    array.close();
  }

  expect(seen[0]![26]).toBeGreaterThan(seen[0]![25]!);
  for (const one of seen.slice(1)) expect(one).toEqual(seen[0]);
});

test("a kernel whose counts do not add up is played step by step from then on", async () => {
  const k = { ...addKernel("k"), code: [...op.constant(300), ...op.setGlobal(2), ...addKernel("k").code] };
  const module = assemble({ functions: [k, scalarCyclesIn(2)], globals: 1, memory: { minimum: 1, maximum: 1 } });
  const stream = wholeStream(4);
  const seen = [];
  for (const options of strandWays) {
    const array = arrayOf(coreDesign({ ...words16, work: callK(16, 5) }), { "0,2": module }, options);
    const cycles = [];
    for (let launch = 0; launch < 30; launch++) {
      const output = new Int32Array(64);
      cycles.push((await array.run({ insts: stream, buffers: [new Int32Array(64), output].map(bytesOf) })).cycles);

      expect(output).toEqual(new Int32Array(64).fill(5));
    }
    seen.push(cycles);
    if (options.strands) expect([array.playedLaunches, array.launchesInStrands]).toEqual([28, 20]);
    array.close();
  }

  for (const one of seen.slice(1)) expect(one).toEqual(seen[0]);
});
