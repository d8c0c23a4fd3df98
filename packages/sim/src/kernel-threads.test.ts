import { expect, test } from "vitest";
import type { AieArrayOptions } from "./array-options.ts";
import { SimFault } from "./fault.ts";
import {
  arrayOf,
  bytesOf,
  callK,
  coreDesign,
  inAndOut,
  insts,
  sync,
  transfer,
  words16,
} from "./lowered-design.test-support.ts";
import { graphDesign } from "./random/graph-design.test-support.ts";
import { evaluate, randomFrom, randomGraph } from "./random/random-graph.test-support.ts";
import { graphInputs, runGraphReports } from "./random/run-graph.test-support.ts";
import { addKernel, assemble, type HandFunction, op } from "./wasm-assembler.test-support.ts";

/** Memory that threads can share has a maximum, as wasm-ld gives it. */
const memory = { minimum: 1, maximum: 1 };
/** Every call goes to whichever thread comes first. */
const everyCall = { threadedFromUs: 0 };
/** Every call goes to another thread. */
const elsewhere = { ...everyCall, takesCalls: false };
/** The same with values of other names. */
const again = (call: string, i: number): string => call.replace(/%_([nk])/g, `%_$1${i}`);
const ramp = Int32Array.from({ length: 64 }, (_, i) => i);

/** A design whose core calls `kernel`, with what one launch needs. */
function oneKernel(kernel: HandFunction, work: string, options: AieArrayOptions) {
  const module = assemble({ functions: [kernel], memory });
  const array = arrayOf(coreDesign({ ...words16, work }), { "0,2": module }, { ...elsewhere, ...options });
  const output = new Int32Array(ramp.length);
  return { array, output, launch: inAndOut(ramp, output) };
}

test("random graphs give the bytes, cycles and reports of one thread with 2 and 4, in 8 schedules each", async () => {
  for (let seed = 1; seed <= 6; seed++) {
    const graph = randomGraph(seed);
    const design = graphDesign(graph);
    const expected = evaluate(graph, graphInputs(graph));
    for (let schedule = 0; schedule < 8; schedule++) {
      const run = (threads: number) => {
        // Serial numbers of events are those of one thread, and so the delays are too.
        const random = randomFrom(schedule);
        const delayOf: number[] = [];
        const delays = (serial: number) => {
          while (delayOf.length <= serial) delayOf.push(schedule === 0 ? 0 : random(300));
          return delayOf[serial]!;
        };
        return runGraphReports(graph, design, { options: { ...everyCall, threads, delays }, runs: 2 });
      };

      const one = await run(1);
      const [two, four] = [await run(2), await run(4)];

      expect(one.outputs, `seed ${seed}, schedule ${schedule}`).toEqual(expected);
      expect(two, `seed ${seed}, schedule ${schedule}, 2 threads`).toEqual(one);
      expect(four, `seed ${seed}, schedule ${schedule}, 4 threads`).toEqual(one);
    }
  }
});

test("a kernel in another thread keeps its statics from run to run", async () => {
  const count: HandFunction = {
    name: "k",
    params: 4,
    code: [
      ...[...op.constant(0x2000), ...op.constant(0x2000), ...op.load, ...op.constant(1), ...op.add, ...op.store],
      ...[...op.get(1), ...op.constant(0x2000), ...op.load, ...op.store],
    ],
  };
  const module = assemble({ functions: [count], memory, data: { address: 0x2000, bytes: [41, 0, 0, 0] } });
  const design = coreDesign({ ...words16, work: callK(16, 0) });
  const array = arrayOf(design, { "0,2": module }, { ...elsewhere, threads: 3 });
  const firsts: (number | undefined)[] = [];
  for (let run = 0; run < 2; run++) {
    const output = new Int32Array(64);
    await array.run(inAndOut(ramp, output));
    firsts.push(...[0, 16, 32, 48].map((i) => output[i]));
  }
  array.close();

  expect(firsts).toEqual([42, 43, 44, 45, 46, 47, 48, 49]);
});

test("a slow kernel whose buffers were given back before the call meets the words that it meets on one thread", async () => {
  const decrement = [...op.get(4), ...op.constant(-1), ...op.add, ...op.set(4)];
  const wait = [...op.loop, ...decrement, ...[...op.get(4), ...op.brIf(0)], ...op.end];
  const slow: HandFunction = {
    name: "k",
    params: 4,
    locals: 1,
    // While it waits the DMA fills its input anew, and drains its output.
    code: [...[...op.constant(20_000_000), ...op.set(4), ...wait], ...addKernel("k").code],
  };
  const releases =
    /(func\.call @k\([^\n]*\n)(\s*aie\.use_lock\(%in_cons_prod[^\n]*\n\s*aie\.use_lock\(%out_cons[^\n]*)/g;
  const early = coreDesign({ ...words16, work: callK(16, 1000) }).replace(releases, "$2\n$1");
  const resultOf = async (threads: number) => {
    const array = arrayOf(early, { "0,2": assemble({ functions: [slow], memory }) }, { ...elsewhere, threads });
    const output = new Int32Array(ramp.length);
    const { cycles } = await array.run(inAndOut(ramp, output));
    array.close();
    return { output: [...output], cycles };
  };

  expect(early.match(/Release, 1\)\n\s*func\.call @k/g)).toHaveLength(2);
  expect(await resultOf(2)).toEqual(await resultOf(1));
});

const trap = (code: number, a: number): HandFunction => ({
  name: "k",
  params: 4,
  code: [...op.constant(code), ...op.constant(a), ...op.constant(32), ...op.call(0)],
});
const recursion: HandFunction = {
  name: "k",
  params: 4,
  code: [...[0, 1, 2, 3].flatMap((i) => op.get(i)), ...op.call(1)],
};
const belowStack: HandFunction = {
  name: "k",
  params: 4,
  code: [
    ...[...op.getGlobal(0), ...op.constant(2048), ...op.sub, ...op.setGlobal(0)],
    ...[...op.getGlobal(0), ...op.constant(7), ...op.store],
  ],
};

test.each([
  ["misaligned access", trap(1, 0x404), 16],
  ["assertion", trap(2, 0x400), 16],
  ["unreachable", { name: "k", params: 4, code: [...op.unreachable] }, 16],
  ["access behind the memory", addKernel("k"), 16384],
  ["stack overflow", belowStack, 16],
  ["endless recursion", recursion, 16],
] as const)("%s in a kernel is the same fault with 1 and with 3 threads", async (_, kernel, count) => {
  const faultOf = async (threads: number) => {
    const { array, launch } = oneKernel(kernel, callK(count, 1), { threads });
    const failed = await array.run(launch).catch((error: unknown) => error);
    await expect(array.run(launch)).rejects.toThrow("it stopped in an earlier run");
    if (!(failed instanceof SimFault)) throw new Error(`expected a SimFault, got ${String(failed)}`);
    const { kernel: about, ...fault } = failed.fault;
    // Depth of a recursion is the thread's own.
    const frames = about?.frames.map(({ functionName, byteOffset }) => ({ functionName, byteOffset }));
    return {
      message: failed.message,
      hint: failed.hint,
      fault,
      frames,
      trapCode: about?.trapCode,
      callLoc: about?.callLoc,
    };
  };

  const one = await faultOf(1);

  expect(one.message).toContain("kernel k on core (0,2)");
  expect(await faultOf(3)).toEqual(one);
});

test("a kernel in another thread that never returns is ended by name, when its loops have taken what its limit allows", async () => {
  const endless: HandFunction = { name: "k", params: 4, code: [...op.loop, ...op.br(0), ...op.end] };
  const { array, launch } = oneKernel(endless, callK(16, 1), { threads: 2 });

  const failed = await array.run({ ...launch, kernelLimitMs: 1 }).catch((error: unknown) => error);

  expect(failed).toMatchObject({ fault: { kind: "kernel-endless", tile: { col: 0, row: 2 } } });
  expect((failed as Error).message).toMatch(/^kernel k on core \(0,2\): did not return: its loops/);
});

test("Ctrl-C stops a kernel in another thread, and reaches the program's own handler", async () => {
  const endless: HandFunction = { name: "k", params: 4, code: [...op.loop, ...op.br(0), ...op.end] };
  const { array, launch } = oneKernel(endless, callK(16, 1), { threads: 2 });
  let heard = 0;
  const handler = () => {
    heard++;
  };
  process.on("SIGINT", handler);
  const { spawn } = await import("node:child_process");
  const killer = spawn(process.execPath, ["-e", `setTimeout(() => process.kill(${process.pid}, "SIGINT"), 300)`]);

  const failed = await array.run(launch).catch((error: unknown) => error);

  process.off("SIGINT", handler);
  killer.kill();
  expect(failed).toMatchObject({ name: "AbortedError" });
  expect(heard).toBe(1);
});

test("a checked and a traced array find and tell the same, whatever number of threads is asked for", async () => {
  const { array, launch } = oneKernel(addKernel("k"), callK(17, 1), { threads: 2, checked: true });

  await expect(array.run(launch)).rejects.toMatchObject({ fault: { kind: "kernel-overrun" } });
});

test("a run that ends while a call is under way reports it, also when it pauses for the event loop just then", async () => {
  const design = coreDesign({ ...words16, work: callK(16, 1).concat(...[2, 3, 4].map((i) => again(callK(16, i), i))) });
  const module = assemble({ functions: [addKernel("k")], memory });
  // The run ends when the third object is in its buffer, while the core works at the second. The clock on the wall makes every
  // look at it a pause, and the records in front move the looks by one event each.
  const reportOf = async (threads: number, records: number) => {
    let wallMs = 0;
    const wallClock = () => {
      wallMs += 1000;
      return wallMs;
    };
    const array = arrayOf(design, { "0,2": module }, { ...everyCall, threads, wallClock });
    const stream = insts(
      new Array(records).fill({ op: "noop" }),
      transfer({ direction: "MM2S", bd: 0, argIndex: 0, lengthWords: 48, token: true }),
      sync("MM2S"),
    );
    const report = await array.run({ insts: stream, buffers: [bytesOf(ramp)] });
    array.close();
    return report;
  };
  for (let records = 0; records < 64; records++) {
    const [one, two] = [await reportOf(1, records), await reportOf(2, records)];

    expect(one.tiles.flatMap(({ core }) => core?.kernels ?? [])).toMatchObject([{ name: "k", calls: 8 }]);
    expect(two, `${records} records in front`).toEqual(one);
  }
}, 180_000);

test("40 arrays with 3 threads, one after the other, run and close", async () => {
  for (let i = 0; i < 40; i++) {
    const { array, output, launch } = oneKernel(addKernel("k"), callK(16, i), { threads: 3 });
    await array.run(launch);
    array.close();
    expect(output).toEqual(ramp.map((x) => x + i));
  }
});

test("a number of threads that is none is refused", () => {
  for (const threads of [0, -1, 1.5, Number.NaN]) {
    expect(() => oneKernel(addKernel("k"), callK(16, 0), { threads })).toThrow("threads: expected a positive integer");
  }
});
