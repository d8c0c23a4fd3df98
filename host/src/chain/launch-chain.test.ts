import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { tensor } from "@aiekit/core";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { Device } from "../device.ts";
import { loadKernel } from "../load-kernel.ts";
import { loopbackInsts } from "../loopback.test-support.ts";
import { openDevice } from "../open-device.ts";
import type { ChainStep } from "./chain-plan.ts";
import { LaunchChain } from "./launch-chain.ts";
import { type LoopbackSequence, objectWords, ramp, writeLoopbackBuild } from "./loopback-chain.test-support.ts";

let folder: string;
let device: Device;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "aiekit-chain-"));
  device = await openDevice("sim");
});
afterEach(async () => {
  await device.close();
  await rm(folder, { recursive: true });
});

const load = async (...sequences: LoopbackSequence[]) =>
  loadKernel(device, await writeLoopbackBuild(folder, sequences));
const step = (name: string, from: string, to: string, kernel = "a", sequence = "two"): ChainStep => ({
  name,
  kernel,
  sequence,
  args: { in: from, out: to },
});

/** x -a-> h -b-> i -b-> y, two kernels in contexts of their own. */
async function threeSteps() {
  const kernels = new Map([
    ["a", await load({ name: "two", rows: 2 })],
    ["b", await load({ name: "two", rows: 2 })],
  ]);
  return LaunchChain.open({
    device,
    kernels,
    steps: [step("1", "x", "h"), step("2", "h", "i", "b"), step("3", "i", "y", "b")],
  });
}

test("what is written to the first array arrives in the last, pass after pass, and no array between them meets the host", async () => {
  const chain = await threeSteps();
  let copies = 0;
  for (const name of ["h", "i", "y"]) {
    const { bo } = chain.array(name);
    const sync = bo.sync.bind(bo);
    bo.sync = (direction, range) => {
      copies++;
      return sync(direction, range);
    };
  }

  for (const start of [100, -7]) {
    await chain.write("x", ramp(2, start));
    await chain.run();
    expect(copies).toBe(0);
    expect(await chain.array("y").read()).toEqual(ramp(2, start));
    copies = 0;
  }
  chain.close();
});

test("the report has bytes, modelled cycles and overhead for each launch and in total: 3 launches, 2 runlists", async () => {
  const chain = await threeSteps();
  await chain.write("x", ramp(2));

  const { steps, totals } = await chain.run();

  expect(steps.map(({ name, bytesToArray, bytesFromArray }) => [name, bytesToArray, bytesFromArray])).toEqual([
    ["1", 512, 512],
    ["2", 512, 512],
    ["3", 512, 512],
  ]);
  expect(totals).toMatchObject({
    launches: 3,
    runlists: 2,
    contexts: 2,
    contextSwitches: 2,
    bytesToArray: 1536,
    arrayBytes: 2048,
  });
  const { modelled } = totals;
  expect(modelled!.cycles).toBe(steps.reduce((sum, one) => sum + one.modelled!.cycles, 0));
  // One run alone and two in a runlist, which cost 24 % less each.
  expect(modelled!.launchSeconds).toBeCloseTo(68.9e-6 * (1 + 2 * 0.76), 9);
  // Each kernel takes one column of four, so that both stay loaded.
  expect(steps.map((step) => step.modelled!.switchSeconds)).toEqual([0, 0, 0]);
  expect(modelled!.seconds).toBeCloseTo(modelled!.arraySeconds + modelled!.launchSeconds + modelled!.switchSeconds, 12);
});

test("rows that a larger user reads behind a smaller writer's are zeros", async () => {
  const kernels = new Map([
    ["a", await load({ name: "two", rows: 2 })],
    ["b", await load({ name: "two", rows: 2, bufferRows: 4 })],
  ]);
  const chain = await LaunchChain.open({ device, kernels, steps: [step("1", "x", "h"), step("2", "h", "y", "b")] });
  await chain.write("x", ramp(2));

  await chain.run({ guard: true });

  expect(await chain.read("y")).toEqual(ramp(2));
  const whole = new Int32Array(chain.array("y").bo.map());
  expect([...whole.subarray(2 * objectWords)]).toEqual(new Array(2 * objectWords).fill(0));
});

test("with the guard, rows that a step never wrote are an error that names the step and the first row", async () => {
  const kernels = new Map([["a", await load({ name: "two", rows: 4, send: 3, fetch: 3 })]]);
  const chain = await LaunchChain.open({ device, kernels, steps: [step("only", "x", "y")] });
  await chain.write("x", ramp(4));

  await expect(chain.run({ guard: true })).rejects.toThrow(
    "chain: step only: output out (y): 1 of 4 rows were never written, first 3",
  );
  await expect(chain.run()).resolves.toBeDefined();
});

test("a step that waits for ever is an error that names it; what follows is not run, and the next pass works", async () => {
  const kernels = new Map([
    ["a", await load({ name: "two", rows: 2 }, { name: "stuck", rows: 2, send: 0 })],
    ["b", await load({ name: "two", rows: 2 })],
  ]);
  const good = await LaunchChain.open({ device, kernels, steps: [step("1", "x", "h"), step("2", "h", "y", "b")] });
  const bad = await LaunchChain.open({
    device,
    kernels,
    steps: [step("1", "x", "h"), step("2", "h", "i", "a", "stuck"), step("3", "i", "y", "b")],
  });
  for (const chain of [good, bad]) await chain.write("x", ramp(2));

  await expect(bad.run({ guard: true })).rejects.toThrow(/chain: step 2 \(a, stuck\) ended as TIMEOUT: .*deadlock/s);
  expect(await bad.read("y")).not.toEqual(ramp(2));
  await good.run();
  expect(await good.read("y")).toEqual(ramp(2));
});

test("an input that nobody wrote is refused before anything runs", async () => {
  const chain = await threeSteps();

  await expect(chain.run()).rejects.toMatchObject({
    code: "usage",
    message: "chain: nothing was written to the input x",
    hint: 'chain.write("x", array) before the first run',
  });
});

test("an aborted signal ends the pass", async () => {
  const chain = await threeSteps();
  await chain.write("x", ramp(2));

  await expect(chain.run({ signal: AbortSignal.abort() })).rejects.toThrow();
});

test("arrays of another shape and unknown names are refused", async () => {
  const chain = await threeSteps();

  await expect(chain.write("x", ramp(3))).rejects.toThrow("device tensor: expected i32[2, 64], got i32[3, 64]");
  await expect(chain.read("z")).rejects.toThrow("chain: no array named z: expected one of x, h, i, y");
});

test("a step with a launch parameter runs the stream of its value, and its traffic is that stream's", async () => {
  // Both transfers are as long as there are rows, objectWords each.
  const insts = new Uint32Array(loopbackInsts({ send: 4, fetch: 4 }).slice().buffer);
  const lengths = [...insts.keys()].filter((index) => insts[index] === 4 * objectWords);
  const words = lengths.map((index) => ({ index, step: 1, factor: objectWords, constant: 0 }));
  const parameters = [{ name: "valid", argument: "in", min: 1, max: 4, words }];
  const kernels = new Map([["a", await load({ name: "two", rows: 4, parameters })]]);
  const chain = await LaunchChain.open({
    device,
    kernels,
    steps: [{ ...step("only", "x", "y"), parameters: { valid: 2 } }],
  });
  await chain.write("x", ramp(4));
  await chain.write("y", tensor("i32", [4, objectWords]));

  const { totals } = await chain.run();

  expect(lengths).toHaveLength(2);
  const expected = ramp(4).data.fill(0, 2 * objectWords);
  expect((await chain.read("y")).data).toEqual(expected);
  expect([totals.bytesToArray, totals.bytesFromArray]).toEqual([512, 512]);
  await expect(
    LaunchChain.open({ device, kernels, steps: [{ ...step("only", "x", "y"), parameters: { valid: 5 } }] }),
  ).rejects.toThrow("two: valid: expected a whole number from 1 to 4, got 5");
});

test("a buffer that was packed before is written as it is, and one of another size is refused", async () => {
  const chain = await threeSteps();
  await chain.writeBuffer("x", new Uint8Array(ramp(2, 9).data.buffer));

  await chain.run();

  expect(await chain.read("y")).toEqual(ramp(2, 9));
  await expect(chain.writeBuffer("x", new Uint8Array(8))).rejects.toThrow(
    "device tensor i32[2, 64]: expected 512 bytes of its buffer, got 8",
  );
});

test("rows of an array are an argument of their own: a run copies rows 3 and 4 of 5 and touches nothing else", async () => {
  const kernel = await load({ name: "two", rows: 2 }, { name: "five", rows: 5 });
  const chain = await LaunchChain.open({
    device,
    kernels: new Map([["a", kernel]]),
    steps: [step("1", "x", "y", "a", "five")],
  });
  await chain.write("x", ramp(5));
  await chain.write("y", tensor("i32", [5, objectWords]));
  const [from, to] = [chain.array("x").rows(3, 2), chain.array("y").rows(0, 2)];

  await (await kernel.createRun("two", { in: from, out: to })).start().finish();

  const expected = new Int32Array(5 * objectWords);
  expected.set(ramp(5).data.subarray(3 * objectWords));
  expect((await chain.read("y")).data).toEqual(expected);
  expect((await to.read()).data).toEqual(ramp(5).data.subarray(3 * objectWords));
  expect(() => chain.array("x").rows(4, 2)).toThrow("expected rows within 0 to 4, got 2 from 4");
  await expect(kernel.createRun("five", { in: from, out: to })).rejects.toThrow(
    "loopback: five: argument in: expected i32[5, 64] in a buffer of 5 rows of [64] or more, got i32[2, 64] in [2, 64]",
  );
  await expect(kernel.createRun("two", { in: from })).rejects.toThrow("argument out is missing: expected in, out");
  expect(() => chain.close()).toThrow("part(s) of it are open");
  from.close();
  to.close();
  chain.close();
});
