import { bf16ToFloat, floatToBf16 } from "@aiekit/core";
import { expect, test } from "vitest";
import { conformanceDesign, sequenceDesigns } from "./conformance.test-support.ts";
import type { RunReport } from "./run-report.ts";

const ramp = (length: number): Int32Array => Int32Array.from({ length }, (_, i) => i * 7 - 300);

test("a passthrough on one core gives every word back", async () => {
  const { run } = conformanceDesign("passthrough-compute-i32");
  const input = ramp(1024);
  const output = new Int32Array(1024);

  const report = await run(input, output);

  expect(output).toEqual(input);
  expect(report.wordsMoved).toBe(2048);
  expect(report.warnings).toEqual([]);
});

test("bytes pass a core of npu2 one by one", async () => {
  const { run } = conformanceDesign("passthrough-compute-i8-npu2");
  const input = Int8Array.from({ length: 4096 }, (_, i) => i * 5);
  const output = new Int8Array(4096);

  await run(input, output);

  expect(output).toEqual(input);
});

test("bf16 values times 2.5 are rounded to the nearest bf16", async () => {
  const { run } = conformanceDesign("scale-compute-bf16");
  const input = Uint16Array.from({ length: 2048 }, (_, i) => floatToBf16((i - 1024) / 77));
  const output = new Uint16Array(2048);

  await run(input, output);

  // The product of two bf16 has 16 significant bits: exact in double, so that one rounding is left.
  expect([...output]).toEqual([...input].map((bits) => floatToBf16(bf16ToFloat(bits) * 2.5)));
});

test("a memtile distributes to four cores and joins their results in order", async () => {
  const { run } = conformanceDesign("distribute-join-4-cores");
  const input = ramp(2048);
  const output = new Int32Array(2048);

  await run(input, output);

  expect(output).toEqual(input.map((x) => x + 3));
});

test.each(["shared-south", "shared-consumer-west"])(
  "%s: cores hand objects over through a neighbour's memory",
  async (name) => {
    const { run } = conformanceDesign(name);
    const input = ramp(64);
    const output = new Int32Array(64);

    await run(input, output);

    expect(output).toEqual(input.map((x) => (x + 1) * 2));
  },
);

test("a broadcast reaches both consumers, before and after routing alike", async () => {
  for (const form of ["addresses", "physical"] as const) {
    const { config, run } = conformanceDesign("broadcast-2-tiles", form);
    const [input, first, second] = [ramp(256), new Int32Array(256), new Int32Array(256)];

    await run(input, first, second);

    expect(config.flows.map((flow) => flow.sinks.length).sort(), form).toEqual([1, 1, 2]);
    expect(first, form).toEqual(input);
    expect(second, form).toEqual(input);
  }
});

test("circuits are found through the switchboxes of a routed design", async () => {
  const { run } = conformanceDesign("four-hop-memtile-core", "physical");
  const input = ramp(2048);
  const output = new Int32Array(2048);

  await run(input, output);

  expect(output).toEqual(input.map((x) => x + 1));
});

test("a memtile that repeats an object four times sends each object four times", async () => {
  const { run } = conformanceDesign("repeat-count-memtile-link");
  const input = ramp(256);
  const output = new Int32Array(1024);

  await run(input, output);

  const expected = [0, 1, 2, 3].flatMap((object) => {
    const words = [...input.subarray(object * 64, object * 64 + 64)];
    return [...words, ...words, ...words, ...words];
  });
  expect([...output]).toEqual(expected);
});

test("patterns on both ends of a memtile: scattered by columns, read by 4x4 blocks", async () => {
  const { run } = conformanceDesign("transform-both-ends");
  const input = ramp(256);
  const output = new Int32Array(256);

  await run(input, output);

  const matrix = new Int32Array(256);
  for (let i = 0; i < 256; i++) matrix[(i % 16) * 16 + Math.floor(i / 16)] = input[i]!;
  const expected: number[] = [];
  for (let a = 0; a < 4; a++)
    for (let b = 0; b < 4; b++)
      for (let c = 0; c < 4; c++) for (let d = 0; d < 4; d++) expected.push(matrix[a * 64 + b * 4 + c * 16 + d]!);
  expect([...output]).toEqual(expected);
});

test("a shim writes with three dimensions and an iteration, then linearly", async () => {
  const { run } = conformanceDesign("memcpy-s2mm-nd-and-tokens");
  const input = ramp(2048);
  const output = new Int32Array(2048);

  await run(input, output);

  // [2, 4, 8, 16][1024, 16, 64, 1]; the second half is then overwritten by a linear transfer, which comes last.
  const expected = new Int32Array(2048);
  let next = 0;
  for (let a = 0; a < 2; a++)
    for (let b = 0; b < 4; b++)
      for (let c = 0; c < 8; c++)
        for (let d = 0; d < 16; d++) expected[a * 1024 + b * 16 + c * 64 + d] = input[next++]!;
  expect(output.subarray(0, 512)).toEqual(expected.subarray(0, 512));
  expect(output.subarray(1024)).toEqual(input.subarray(1024));
});

test("memtile BDs written by the instruction stream transpose a buffer", async () => {
  const { run } = conformanceDesign("task-on-tile-and-buffers");
  const input = ramp(128);
  const output = new Int32Array(128);

  await run(input, output);

  const expected = Array.from({ length: 128 }, (_, i) => input[Math.floor(i / 16) + (i % 16) * 8]!);
  expect([...output]).toEqual(expected);
});

test("objects chosen at run time by a counter rotate through depth 3", async () => {
  const { run } = conformanceDesign("dynamic-lowering-attribute");
  for (let pass = 0; pass < 3; pass++) {
    const input = ramp(64).map((x) => x + pass);
    const output = new Int32Array(64);

    await run(input, output);

    expect(output).toEqual(input);
  }
});

test("a core with a finite body works in the first run and leaves the second one waiting", async () => {
  const { run } = conformanceDesign("loop-remainder-5-by-2");
  const input = ramp(80);
  const output = new Int32Array(80);
  await run(input, output);

  const second = run(input, new Int32Array(80));

  expect(output).toEqual(input);
  await expect(second).rejects.toThrow(
    /deadlock(.*\n)*.*of objectFifo out \(.*\); core \(0,2\) released it, but has reached its end/,
  );
});

test("a memtile channel with six executions ends after twelve objects", async () => {
  const { run } = conformanceDesign("iter-count-memtile");
  const input = ramp(768);
  const output = new Int32Array(768);
  await run(input, output);

  const second = run(input, output);

  expect(output).toEqual(input);
  await expect(second).rejects.toThrow(/DMA S2MM 0 of tile \(0,1\) has no task/);
});

test("state lasts from run to run, and equal runs give equal reports", async () => {
  const one = conformanceDesign("passthrough-compute-i32");
  const two = conformanceDesign("passthrough-compute-i32");
  const input = ramp(1024);
  const reports = [];
  for (const design of [one, two]) {
    const first = await design.run(input, new Int32Array(1024));
    const second = await design.run(input, new Int32Array(1024));
    reports.push([first, second]);
  }

  expect(reports[0]).toEqual(reports[1]);
  expect(reports[0]![0]!.cycles).toBe(reports[0]![1]!.cycles);
});

test("a closed array runs no more", async () => {
  const { array, run } = conformanceDesign("sequence-rtp-writes");
  await run(ramp(32));
  array.close();

  await expect(run(ramp(32))).rejects.toThrow("it was closed");
});

test("a transfer beyond its host buffer names the argument, its size and the access", async () => {
  const { run } = conformanceDesign("odd-memcpy-beyond-buffer");

  const failed = await run(new Int32Array(64)).catch((error: unknown) => error);

  expect(failed).toMatchObject({
    name: "SimFault",
    fault: { kind: "host-bounds", argument: { index: 0, bytes: 256, firstByte: 0, lastByte: 511 } },
  });
});

/** Designs with more host memory are left out: comparing it takes longer than the run. */
const comparedBytes = 65_536;

test("every conformance design that calls no kernel ends alike before and after routing", async () => {
  let completed = 0;
  for (const name of sequenceDesigns()) {
    const [before, after] = [await outcome(name, "addresses"), await outcome(name, "physical")];

    expect(after, name).toEqual(before);
    if (before?.report) completed++;
  }

  expect(completed).toBeGreaterThan(50);
});

/** Report and buffers of a run, or what stopped it, without places in the text. */
async function outcome(name: string, form: "addresses" | "physical") {
  try {
    const { run, bufferBytes } = conformanceDesign(name, form);
    if (bufferBytes.reduce((n, bytes) => n + bytes, 0) > comparedBytes) return undefined;
    const buffers = bufferBytes.map((bytes) => new Uint8Array(bytes).map((_, i) => i * 3));
    const report = await run(...buffers);
    return { report, buffers: buffers.map((buffer) => Buffer.from(buffer).toString("base64")) };
  } catch (error) {
    return { stoppedBy: String(error).replaceAll(/\(\S+\.mlir:\d+:\d+\)/g, "") };
  }
}

test("a report tells of its own run, also where it is first read after later ones", async () => {
  const runs = async (read: (report: RunReport) => RunReport) => {
    const { run } = conformanceDesign("distribute-join-4-cores");
    const reports: RunReport[] = [];
    for (let i = 0; i < 3; i++) reports.push(read(await run(ramp(2048), new Int32Array(2048))));
    return reports.map(({ cycles, tiles }) => ({ cycles, tiles }));
  };

  const atOnce = await runs((report) => ({ ...report }));
  const later = await runs((report) => report);

  expect(later).toEqual(atOnce);
  expect(atOnce[0]!.tiles.flatMap(({ channels }) => channels).length).toBeGreaterThan(10);
});
