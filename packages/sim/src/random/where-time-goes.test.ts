import type { TxnOp } from "@aiekit/xclbin";
import { expect, test } from "vitest";
import { arrayOf, bytesOf, coreDesign, insts, sync, transfer } from "../lowered-design.test-support.ts";
import type { RunReport } from "../run-report.ts";
import { TraceRecorder } from "../trace-recorder.ts";
import { addKernel, assemble, op } from "../wasm-assembler.test-support.ts";
import { graphDesign } from "./graph-design.test-support.ts";
import { type Graph, randomGraph } from "./random-graph.test-support.ts";
import { runGraph } from "./run-graph.test-support.ts";

const graphs = 50;

interface Options {
  readonly path?: boolean;
  readonly trace?: TraceRecorder;
  /** Nothing is awaited: the run ends in the middle of the work. */
  readonly unawaited?: boolean;
}

async function reportsOf(graph: Graph, { unawaited = false, ...options }: Options = {}): Promise<RunReport[]> {
  const reports: RunReport[] = [];
  const awaited = (ops: TxnOp[]): TxnOp[] => ops.filter(({ op }) => op !== "sync");
  const onReport = (report: RunReport): void => void reports.push(report);
  const run = { options, runs: unawaited ? 1 : 2, onReport, ...(unawaited && { ops: awaited }) };
  await runGraph(graph, graphDesign(graph), run);
  return reports;
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, n) => total + n, 0);

function expectPartsOfRun({ cycles, tiles, path }: RunReport, where: string): void {
  for (const { tile, core, channels } of tiles) {
    if (core) {
      const { busyCycles, lockCycles, endedCycles, kernels, waits } = core;
      expect(busyCycles + lockCycles + endedCycles, `${where}, core ${tile.col},${tile.row}`).toBe(cycles);
      expect(sum(waits.map((wait) => wait.cycles)), where).toBe(lockCycles);
      expect(sum(kernels.map((kernel) => kernel.cycles)), where).toBeLessThanOrEqual(busyCycles);
      for (const wait of waits) expect(wait.cycles, where).toBeGreaterThanOrEqual(wait.times);
    }
    for (const { busyCycles, startCycles, lockCycles, peerCycles, idleCycles, waits } of channels) {
      const parts = [busyCycles, startCycles, lockCycles, peerCycles, idleCycles];
      expect(Math.min(...parts), where).toBeGreaterThanOrEqual(0);
      expect(sum(parts), `${where}, channel of ${tile.col},${tile.row}`).toBe(cycles);
      expect(sum(waits.map((wait) => wait.cycles)), where).toBe(lockCycles);
    }
  }
  expect(sum(path!.map((step) => step.cycles)), where).toBe(cycles);
}

test(`in ${graphs} random graphs the parts of each core, channel and critical path add up to the run`, async () => {
  let waiting = 0;
  for (let seed = 1; seed <= graphs; seed++) {
    for (const [run, report] of (await reportsOf(randomGraph(seed), { path: true })).entries()) {
      expectPartsOfRun(report, `seed ${seed}, run ${run}`);
      waiting += sum(report.tiles.map(({ core }) => core?.lockCycles ?? 0));
    }
  }
  expect(waiting).toBeGreaterThan(graphs * 1000);
});

test("they add up as well where a run ends in the middle of transfers and work", async () => {
  let open = 0;
  for (let seed = 1; seed <= 30; seed++) {
    for (const report of await reportsOf(randomGraph(seed), { path: true, unawaited: true })) {
      expectPartsOfRun(report, `seed ${seed}`);
      open += report.warnings.length;
    }
  }
  expect(open).toBeGreaterThan(30);
});

test("a kernel that runs over the end of one run and the start of the next is shared out between them", async () => {
  const kernelCycles = 40 + 20_000;
  const ops = { name: "aiekit_ops", params: 1, returns: true, code: onlyScalar(20_000) };
  const design = coreDesign({
    ...{ input: "memref<16xi32>", output: "memref<16xi32>", inputBytes: 64, outputBytes: 64 },
    ...{ inputElements: 16, outputElements: 16 },
    declarations: "func.func private @k(memref<16xi32>, memref<16xi32>, i32, i32)",
    work: `
  %_n = arith.constant 16 : i32
  func.call @k(%in, %out, %_n, %_n) : (memref<16xi32>, memref<16xi32>, i32, i32) -> ()`,
  });
  const array = arrayOf(design, { "0,2": assemble({ functions: [addKernel("k"), ops] }) }, { path: true });
  const buffers = [new Int32Array(32), new Int32Array(32)].map(bytesOf);
  const send = transfer({ direction: "MM2S", bd: 0, argIndex: 0, lengthWords: 32 });
  const take = transfer({ direction: "S2MM", bd: 1, argIndex: 1, lengthWords: 32 });

  const noop: TxnOp = { op: "noop" };
  const [first, second, third] = [
    await array.run({ insts: insts(take, send), buffers }),
    await array.run({ insts: insts(noop, noop), buffers }),
    await array.run({ insts: insts(sync("S2MM")), buffers }),
  ];

  for (const report of [first, second, third]) expectPartsOfRun(report, "run");
  const kernelOf = (report: RunReport) => report.tiles.find(({ core }) => core)?.core?.kernels[0];
  expect(kernelOf(second)).toMatchObject({ calls: 0, cycles: second.cycles });
  expect(second.cycles).toBe(20);
  expect(kernelOf(third)?.calls).toBe(1);
  // What is left of the first call, which began in the first of the two times of 8,000 cycles between runs, and the second.
  expect(Math.abs(kernelOf(third)!.cycles - (2 * kernelCycles - 2 * 8000))).toBeLessThan(100);
});

test("no core and no instruction stream is on the critical path for longer than it worked", async () => {
  for (let seed = 1; seed <= 20; seed++) {
    for (const { tiles, path, instructions } of await reportsOf(randomGraph(seed), { path: true })) {
      for (const { tile, core } of tiles) {
        if (!core) continue;
        const own = path!.filter((step) => step.kind === "core" && step.tile === tile);
        expect(sum(own.map((step) => step.cycles)), `seed ${seed}`).toBeLessThanOrEqual(core.busyCycles);
      }
      const stream = path!.filter((step) => step.kind === "instructions");
      expect(sum(stream.map((step) => step.cycles)), `seed ${seed}`).toBeLessThanOrEqual(40 * instructions);
    }
  }
});

test("waits and work are what the trace shows, and following the path changes no cycle", async () => {
  for (let seed = 1; seed <= 10; seed++) {
    const trace = new TraceRecorder();
    const plain = await reportsOf(randomGraph(seed));
    const traced = await reportsOf(randomGraph(seed), { trace, path: true });

    expect(traced.map(({ path: _, ...report }) => report)).toEqual(plain);
    for (const { tile } of traced[0]!.tiles.filter(({ core }) => core)) {
      const track = `core (${tile.col},${tile.row})`;
      const work = trace.slices.filter((slice) => slice.track === track && !slice.stall);
      const busy = traced.map((report) => report.tiles.find((one) => one.tile === tile)?.core?.busyCycles ?? 0);
      expect(sum(work.map(({ start, end }) => end - start)), track).toBeGreaterThanOrEqual(sum(busy));
    }
  }
});

/** Code of `aiekit_ops`: kind 4, scalar cycles, and nothing else. */
function onlyScalar(cycles: number): number[] {
  return [
    ...[...op.get(0), ...op.constant(4), ...op.sub, ...op.eqz, 0x04, 0x40, ...op.constant(cycles), 0x0f, ...op.end],
    ...op.constant(0),
  ];
}
