import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { tensor } from "@aiekit/core";
import { writeInstsElf } from "@aiekit/xclbin";
import { expect, test } from "vitest";
import { setFault } from "../emulation/fault-table.ts";
import { loadKernel } from "../load-kernel.ts";
import { objectWords } from "../loopback.test-support.ts";
import { LoopbackBuild } from "../loopback-build.test-support.ts";
import { generation, loopback, machineFolder, openXrt, withBench } from "./xrt-bench.test-support.ts";
import { runProgram } from "./xrt-program.test-support.ts";

const elfOf = (send: number, fetch: number) => writeInstsElf(loopback.insts({ send, fetch }));

test("XRT writes the BOs' addresses into the ELF's stream: what is sent comes back, and nothing else is touched", () =>
  withBench(async (bench) => {
    const kernel = bench.context.moduleKernel("MLIR_AIE", elfOf(3, 3), "insts.elf");
    const { input, output } = await bench.buffers(4);
    await bench.fill(input, 1000);
    const guard = await bench.fill(output, -1);

    await kernel.run(3, 0, 0, input, output).finish();
    await output.sync("fromDevice");

    const words = 3 * loopback.objectWords;
    expect(bench.words(output).subarray(0, words)).toEqual(bench.words(input).subarray(0, words));
    expect(bench.words(output).subarray(words)).toEqual(guard.subarray(words));
  }));

test("a run that is used again with other BOs gets their addresses: XRT patches anew", () =>
  withBench(async (bench) => {
    const kernel = bench.context.moduleKernel("MLIR_AIE", elfOf(1, 1));
    const [a, b] = [await bench.buffers(1), await bench.buffers(1)];
    await bench.fill(a.input, 100);
    await bench.fill(b.input, 200);
    await bench.fill(b.output, 0);

    const seen: number[] = [];
    for (const { input, output } of [a, b, a]) {
      await kernel.run(3, 0, 0, input, output).finish();
      await output.sync("fromDevice");
      seen.push(bench.words(output)[0]!);
    }

    expect(seen).toEqual([100, 200, 100]);
  }));

test("a list of runs with instructions in ELFs is one chain, and its results are right", () =>
  withBench(async (bench) => {
    const kernel = bench.context.moduleKernel("MLIR_AIE", elfOf(1, 1));
    const buffers = await Promise.all(Array.from({ length: 30 }, () => bench.buffers(1)));
    for (const [i, { input }] of buffers.entries()) await bench.fill(input, 10 * i);
    const list = bench.context.createRunlist();
    for (const { input, output } of buffers) list.add(kernel.createRun(3, 0, 0, input, output));

    list.execute();
    expect(await list.wait()).toBe("COMPLETED");

    for (const { output } of buffers) await output.sync("fromDevice");
    expect(buffers.map(({ output }) => bench.words(output)[0])).toEqual(buffers.map((_, i) => 10 * i));
  }));

test("a run of it that fails is told, and the next one works", () =>
  withBench(async (bench) => {
    const kernel = bench.context.moduleKernel("MLIR_AIE", elfOf(1, 1));
    const { input, output } = await bench.buffers(1);
    await bench.fill(input, 5);
    setFault(machineFolder, "execution", { kind: "fail", errno: 5, times: 1 });

    const failed = kernel.run(3, 0, 0, input, output);
    expect(await failed.wait()).toBe("ERROR");
    await kernel.run(3, 0, 0, input, output).finish();
    await output.sync("fromDevice");

    expect(bench.words(output)[0]).toBe(5);
  }));

test("the driver is called for it on the context's thread: an allocation that hangs lets the event loop go on", async () => {
  const end = await runProgram(`
    const { context, input, output } = await make(await open());
    setFault("createBo", { kind: "hang", times: 1 });
    const elf = Buffer.from("${Buffer.from(elfOf(1, 1)).toString("base64")}", "base64");
    context.moduleKernel("MLIR_AIE", new Uint8Array(elf)).run(3, 0, 0, input, output);
    setInterval(() => faultLeft("createBo").times === 0 && process.exit(3), 10);
  `);
  setFault(machineFolder, "createBo", undefined);

  expect(end).toMatchObject({ code: 3, signal: null });
});

test("a build with ELFs is loaded with them, and gives the bytes that it gives without", async () => {
  const folder = await mkdtemp(join(tmpdir(), "aiekit-elf-"));
  const device = await openXrt();
  try {
    const builds = new LoopbackBuild(folder);
    const manifest = await builds.manifest([await builds.sequenceWithElf(4)], { device: `${generation}_1col` });
    const data = Int32Array.from({ length: 4 * objectWords }, (_, i) => i * 7 - 5);
    const input = tensor("i32", [4, objectWords], data);
    const outputs = [];
    for (const flow of ["auto", "insts"] as const) {
      const kernel = await loadKernel(device, manifest, { flow });
      expect(kernel.flow).toBe(flow === "auto" ? "elf" : "insts");
      outputs.push((await kernel.launch("objects_4", { in: input })).outputs.out);
      await kernel.close();
    }
    expect(outputs).toEqual([input, input]);
  } finally {
    await device.close();
    await rm(folder, { recursive: true });
  }
});

test("an ELF of another NPU, or for a kernel that is not there, never reaches XRT", () =>
  withBench(async (bench) => {
    const damaged = elfOf(1, 1);
    damaged[7] = 75;

    expect(() => bench.context.moduleKernel("MLIR_AIE", damaged, "x.elf")).toThrow(/x\.elf: EI_OSABI: .* \(AIE4\)/);
    expect(() => bench.context.moduleKernel("NOPE", elfOf(1, 1))).toThrow(/no such kernel 'NOPE'/);
  }));
