import { expect, test } from "vitest";
import type { AieArrayOptions } from "./array-options.ts";
import type { SimFault } from "./fault.ts";
import { arrayOf, coreDesign, inAndOut, insts, sync } from "./lowered-design.test-support.ts";
import { assemble, op } from "./wasm-assembler.test-support.ts";

test("a core that loops for ever without a lock ends in a deadlock that names it", async () => {
  const array = arrayOf(`module { aie.device(npu1_1col) {
    %shim = aie.tile(0, 0)
    %a = aie.tile(0, 2)
    aie.core(%a) {
      cf.br ^again
    ^again:
      cf.br ^again
    }
  } }`);

  await expect(array.run({ insts: insts(sync("S2MM")), buffers: [] })).rejects.toMatchObject({
    fault: {
      kind: "deadlock",
      waits: expect.arrayContaining([
        { agent: "core (0,2)", waitsFor: "nothing: it loops, and comes to no lock, stream or cascade" },
      ]),
    },
  });
});

/** A design whose kernel `spin(in, out)` never returns, after instructions that it begins with. */
function endlessKernel(first: readonly number[] = []) {
  const text = coreDesign({
    ...{ input: "memref<4xi32>", output: "memref<4xi32>", inputBytes: 16, outputBytes: 16 },
    ...{ inputElements: 4, outputElements: 4 },
    declarations: "func.func private @spin(memref<4xi32>, memref<4xi32>)",
    work: "func.call @spin(%in, %out) : (memref<4xi32>, memref<4xi32>) -> ()",
  });
  const code = [...first, ...op.loop, ...op.br(0), ...op.end];
  const array = arrayOf(text, { "0,2": assemble({ functions: [{ name: "spin", params: 2, code }] }) });
  return { array, launch: inAndOut(new Int32Array(4), new Int32Array(4)) };
}

test("a kernel that never returns is ended by name at its first call, when its loops have taken what its limit allows", async () => {
  const { array, launch } = endlessKernel();

  const failed = await array.run({ ...launch, kernelLimitMs: 1 }).catch((error: unknown) => error);

  expect(failed).toMatchObject({ fault: { kind: "kernel-endless", tile: { col: 0, row: 2 } } });
  expect((failed as Error).message).toMatch(/^kernel spin on core \(0,2\): did not return: its loops/);
});

test("a kernel whose loops have no budget is stopped by the clock after its limit, by name", async () => {
  // `ref.null func`, `drop`: instructions that no kernel has, so that its module is left alone.
  const { array, launch } = endlessKernel([0xd0, 0x70, 0x1a]);

  const failed = await array.run({ ...launch, kernelLimitMs: 50 }).catch((error: unknown) => error);

  expect(failed).toMatchObject({
    name: "SimFault",
    message: "kernel spin on core (0,2) did not return within 50 ms",
    fault: { kind: "kernel-endless", tile: { col: 0, row: 2 } },
  });
});

test.each<[string, AieArrayOptions]>([
  ["on this thread", {}],
  ["in another thread", { threads: 2, threadedFromUs: 0, takesCalls: false, tapes: false }],
  ["in another thread, in a launch that is played", { threads: 2, threadedFromUs: 0, takesCalls: false }],
])(
  "a kernel that stops returning in a later run %s is ended as well, and its loop's place is told",
  async (_, options) => {
    const declarations = "func.func private @spin(memref<4xi32>, memref<4xi32>)";
    const text = coreDesign({
      ...{ input: "memref<4xi32>", output: "memref<4xi32>", inputBytes: 16, outputBytes: 16 },
      ...{ inputElements: 4, outputElements: 4, declarations },
      work: "func.call @spin(%in, %out) : (memref<4xi32>, memref<4xi32>) -> ()",
    });
    // As long as the first word of the input is not 0.
    const code = [...op.loop, ...op.get(0), ...op.load, ...op.brIf(0), ...op.end];
    const module = assemble({ functions: [{ name: "spin", params: 2, code }], memory: { minimum: 1, maximum: 1 } });
    const array = arrayOf(text, { "0,2": module }, options);
    const launch = (first: number, limit = {}) =>
      array.run({ ...inAndOut(Int32Array.of(first, 0, 0, 0), new Int32Array(4)), ...limit });

    // The first turns are watched by the clock on the wall, and a busy machine takes more than a short limit for them.
    for (let i = 0; i < 4; i++) await launch(0);
    const failed = await launch(1, { kernelLimitMs: 1 }).catch((error: unknown) => error);

    expect(failed).toMatchObject({
      name: "SimFault",
      fault: { kind: "kernel-endless", tile: { col: 0, row: 2 }, kernel: { name: "spin" } },
    });
    expect((failed as Error).message).toMatch(/^kernel spin on core \(0,2\): did not return: its loops/);
    array.close();
    const [frame] = (failed as SimFault).fault.kernel!.frames;
    expect([...module.subarray(frame!.byteOffset - 2, frame!.byteOffset + 2)]).toEqual([...op.loop, ...op.get(0)]);
  },
);

test("a kernel that has a budget for its loops is not ended by the clock, which goes on while a process is suspended", async () => {
  const text = coreDesign({
    ...{ input: "memref<4xi32>", output: "memref<4xi32>", inputBytes: 16, outputBytes: 16 },
    ...{ inputElements: 4, outputElements: 4, declarations: "func.func private @count(memref<4xi32>, memref<4xi32>)" },
    work: "func.call @count(%in, %out) : (memref<4xi32>, memref<4xi32>) -> ()",
  });
  // As many rounds as the first word of the input says; eight instructions each.
  const step = [...op.get(2), ...op.constant(-1), ...op.add, ...op.set(2), ...op.get(2), ...op.brIf(0)];
  const code = [...op.get(0), ...op.load, ...op.set(2), ...op.loop, ...step, ...op.end];
  const functions = [{ name: "count", params: 2, locals: 1, code }];
  const array = arrayOf(text, { "0,2": assemble({ functions, memory: { minimum: 1, maximum: 1 } }) });
  const launch = inAndOut(Int32Array.of(120_000_000, 0, 0, 0), new Int32Array(4));

  // More than a tenth of a second's work of any machine, and 96 of the 101 hundredths of its instructions.
  await array.run({ ...launch, kernelLimitMs: 1 });
});

test("Ctrl-C stops a kernel that never returns, and reaches the program's own handler", async () => {
  const { array, launch } = endlessKernel();
  let heard = 0;
  const handler = () => {
    heard++;
  };
  process.on("SIGINT", handler);
  const { spawn } = await import("node:child_process");
  const killer = spawn(process.execPath, ["-e", `setTimeout(() => process.kill(${process.pid}, "SIGINT"), 200)`]);

  const failed = await array.run(launch).catch((error: unknown) => error);

  process.off("SIGINT", handler);
  killer.kill();
  expect(failed).toMatchObject({ name: "AbortedError" });
  expect(heard).toBe(1);
});

test("Ctrl-C that came while the program was busy, just before a run, is heard before the first turn", async () => {
  const { array, launch } = endlessKernel();
  const stop = new AbortController();
  const handler = () => stop.abort();
  process.on("SIGINT", handler);
  process.kill(process.pid, "SIGINT");

  const failed = await array
    .run({ ...launch, kernelLimitMs: 50, signal: stop.signal })
    .catch((error: unknown) => error);

  process.off("SIGINT", handler);
  expect(failed).toMatchObject({ name: "AbortedError", message: "simulated run: stopped" });
});
