import { expect, test } from "vitest";
import { AieArray } from "./aie-array.ts";
import { type CoreDesign, coreDesign, inAndOut } from "./lowered-design.test-support.ts";
import { parseArrayConfig } from "./parse-array-config.ts";
import { perfettoTrace } from "./perfetto-trace.ts";
import { TraceRecorder } from "./trace-recorder.ts";
import { addKernel, assemble } from "./wasm-assembler.test-support.ts";

const design: CoreDesign = {
  ...{ input: "memref<16xi32>", output: "memref<16xi32>", inputBytes: 64, outputBytes: 64 },
  ...{ inputElements: 16, outputElements: 16 },
  declarations: "func.func private @k(memref<16xi32>, memref<16xi32>, i32, i32)",
  work: `
  %_n = arith.constant 16 : i32
  func.call @k(%in, %out, %_n, %_n) : (memref<16xi32>, memref<16xi32>, i32, i32) -> ()`,
};

async function traced() {
  const trace = new TraceRecorder();
  const modules = new Map([["0,2", assemble({ functions: [addKernel("k")] })]]);
  const array = new AieArray(parseArrayConfig(coreDesign(design), "design.mlir"), modules, { trace });
  const report = await array.run(inAndOut(new Int32Array(64), new Int32Array(64)));
  return { trace, report };
}

test("slices of kernels and BDs add up to the cycles that the report counts, stalls to those at locks", async () => {
  const { trace, report } = await traced();
  const { core, channels } = report.tiles.find(({ tile }) => tile.row === 2)!;
  const sum = (track: string, stall: boolean): number =>
    trace.slices
      .filter((slice) => slice.track === track && slice.stall === stall)
      .reduce((n, { start, end }) => n + end - start, 0);

  const kernels = trace.slices.filter(({ name }) => name === "k");
  expect(kernels).toHaveLength(4);
  expect(sum("core (0,2)", false)).toBe(core!.busyCycles);
  const sent = trace.slices.filter(({ track, stall }) => track === "DMA S2MM 0 of tile (0,2)" && !stall);
  expect(sent.map(({ name }) => name)).toEqual([
    "BD 0 (in_cons_buff_0)",
    "BD 1 (in_cons_buff_1)",
    "BD 0 (in_cons_buff_0)",
    "BD 1 (in_cons_buff_1)",
  ]);
  // A word a cycle; for each of the four BDs the start of 8 cycles and its lock of 2.
  const received = channels.find(({ direction }) => direction === "S2MM")!;
  expect(received).toMatchObject({ name: "in_cons", words: 64, busyCycles: 64, startCycles: 4 * (8 + 2) });
  const waits = trace.slices.filter(({ track, stall }) => track === "core (0,2)" && stall);
  expect(waits[0]!.name).toMatch(/^waits for a filled object of objectFifo in \(lock in_cons_cons_lock_0/);
  for (const { start, end } of trace.slices) expect(end).toBeGreaterThan(start);
});

test("a lock's counter goes down by acquires and up by releases, and stays between 0 and the depth", async () => {
  const { trace } = await traced();
  const values = trace.values.filter(({ track }) => track === "in_cons_cons_lock_0").map(({ value }) => value);

  expect(values.filter((value, i) => i > 0 && Math.abs(value - values[i - 1]!) !== 1)).toEqual([]);
  expect(Math.min(...values)).toBe(0);
  expect(Math.max(...values)).toBeLessThanOrEqual(2);
});

test("the file has a named track for each core and channel, microseconds of the clock, and says that times are modelled", async () => {
  const { trace } = await traced();
  const file = JSON.parse(perfettoTrace(trace, { title: "x.mlir", clockHz: 1e9 }));
  const events: Record<string, unknown>[] = file.traceEvents;

  const tracks = events.filter(({ name }) => name === "thread_name").map(({ args }) => (args as { name: string }).name);
  expect(tracks).toContain("core (0,2)");
  expect(tracks).toContain("DMA MM2S 0 of tile (0,0)");
  const [kernel] = trace.slices.filter(({ name }) => name === "k");
  expect(events.find(({ name }) => name === "k")).toMatchObject({
    ...{ ph: "X", cat: "work", ts: kernel!.start / 1000, dur: (kernel!.end - kernel!.start) / 1000 },
  });
  expect(events.find(({ ph }) => ph === "C")).toMatchObject({ name: expect.stringMatching(/^lock /) });
  expect(JSON.stringify(events[0])).toContain("x.mlir (simulated, times modelled)");
});
