import { writeInstsElf } from "@aiekit/xclbin";
import { expect } from "vitest";
import { Bench } from "./conformance-bench.test-support.ts";
import { type ConformanceOptions, deviceTest, testContextConformance } from "./context-conformance.test-support.ts";
import { openDevice } from "./open-device.ts";

/** Registers the tests that every device must pass, whatever runs behind it. */
export function testDeviceConformance(options: ConformanceOptions): void {
  const { design } = options;
  const fact = deviceTest(options);
  const withKernel = (body: (bench: Bench) => Promise<void>) => async (): Promise<void> => {
    const device = await options.open();
    try {
      const context = await device.createContext(await device.registerXclbin(design.xclbin(0)));
      await body(new Bench(device, context, design));
    } finally {
      await device.close();
    }
  };

  fact(
    "what is sent comes back unchanged, and not one word behind it is touched",
    withKernel(async (bench) => {
      const { input, output } = await bench.buffers(4);
      await bench.fill(input, 1000);
      const guard = await bench.fill(output, -1);

      await (await bench.run({ send: 3, fetch: 3 }, input, output)).finish();
      await output.sync("fromDevice");

      const words = 3 * design.objectWords;
      expect(bench.words(output).subarray(0, words)).toEqual(bench.words(input).subarray(0, words));
      expect(bench.words(output).subarray(words)).toEqual(guard.subarray(words));
    }),
  );

  fact(
    "instructions from an ELF do what they do from a BO, and what is missing is told before a run",
    withKernel(async (bench) => {
      const elf = writeInstsElf(design.insts({ send: 2, fetch: 2 }));
      const kernel = bench.context.moduleKernel(design.kernelName, elf, "insts.elf");
      const { input, output } = await bench.buffers(2);
      await bench.fill(input, 300);
      await bench.fill(output, 0);
      const { instr } = await bench.instructions({ send: 2, fetch: 2 });

      await kernel.run(3, 0, 0, input, output).finish();
      await output.sync("fromDevice");

      expect(bench.words(output)).toEqual(bench.words(input));
      expect([bench.kernel.flow, kernel.flow]).toEqual(["insts", "elf"]);
      expect(() => kernel.createRun(3, 0, 0, input)).toThrow(/use arguments 3, 4, the run has 4 arguments/);
      expect(() => kernel.createRun(3, instr, 0, input, output)).toThrow(/argument 1 .*: expected 0, the instructions/);
      expect(() => kernel.createRun(3, 0, 9, input, output)).toThrow(/argument 2 .*: expected 0, the instructions/);
      expect(() => bench.kernel.createRun(3, 0, 0, input, output)).toThrow(/argument 1 .*: expected a BO/);
      expect(() => bench.context.moduleKernel(design.kernelName, elf.subarray(0, 200))).toThrow(/section header/);
    }),
  );

  fact(
    "a sync is a promise, rejected for a range outside of the BO and after close",
    withKernel(async (bench) => {
      const { input } = await bench.buffers(1);

      expect(await input.sync("fromDevice", { offsetBytes: input.sizeBytes - 64 })).toBeUndefined();
      await expect(input.sync("toDevice", { sizeBytes: input.sizeBytes + 1 })).rejects.toThrow(
        "expected a range within",
      );
      input.close();
      await expect(input.sync("toDevice")).rejects.toThrow("sync after close");
    }),
  );

  fact(
    "data written without sync toDevice does not reach the device",
    withKernel(async (bench) => {
      const { input, output } = await bench.buffers(1);
      await bench.fill(input, 1000);
      bench.words(input).fill(77);

      await (await bench.run({ send: 1, fetch: 1 }, input, output)).finish();
      await output.sync("fromDevice");

      expect(bench.words(output)[0]).toBe(1000);
    }),
  );

  fact(
    "results are not seen by the host without sync fromDevice",
    withKernel(async (bench) => {
      const { input, output } = await bench.buffers(1);
      await bench.fill(input, 1000);
      await bench.fill(output, -1);

      await (await bench.run({ send: 1, fetch: 1 }, input, output)).finish();
      const before = bench.words(output)[0];
      await output.sync("fromDevice");

      expect([before, bench.words(output)[0]]).toEqual([-1, 1000]);
    }),
  );

  fact(
    "the array keeps its state: what one run sends, the next one fetches",
    withKernel(async (bench) => {
      const { input, output } = await bench.buffers(1);
      await bench.fill(input, 4711);

      await (await bench.run({ send: 1, fetch: 0 }, input, output)).finish();
      await (await bench.run({ send: 0, fetch: 1 }, input, output)).finish();
      await output.sync("fromDevice");

      expect(bench.words(output)[0]).toBe(4711);
    }),
  );

  fact(
    "runs started together execute in order: the last writer of a buffer wins",
    withKernel(async (bench) => {
      const { output } = await bench.buffers(1);
      const runs = [];
      for (const start of [1, 2, 3]) {
        const { input } = await bench.buffers(1);
        await bench.fill(input, start * 1000);
        runs.push(await bench.createRun({ send: 1, fetch: 1 }, input, output));
      }

      for (const run of runs) run.start();
      for (const run of runs) await run.finish();
      await output.sync("fromDevice");

      expect(bench.words(output)[0]).toBe(3000);
    }),
  );

  fact(
    "a runlist executes its runs in order and ends as COMPLETED",
    withKernel(async (bench) => {
      const { input, output } = await bench.buffers(2);
      await bench.fill(input, 5);
      const list = bench.context.createRunlist();
      list.add(await bench.createRun({ send: 2, fetch: 0 }, input, output));
      list.add(await bench.createRun({ send: 0, fetch: 2 }, input, output));

      list.execute();

      expect(await list.wait()).toBe("COMPLETED");
      expect(list.failed).toBeUndefined();
      await output.sync("fromDevice");
      expect(bench.words(output)).toEqual(bench.words(input));
    }),
  );

  fact(
    "a run that waits for data that never comes is TIMEOUT, those behind it ABORT, and the context works again",
    withKernel(async (bench) => {
      const { input, output } = await bench.buffers(1);
      await bench.fill(input, 6);

      const stuck = await bench.createRun({ send: 0, fetch: 1 }, input, output);
      const behind = await bench.createRun({ send: 1, fetch: 1 }, input, output);
      for (const run of [stuck, behind]) run.start();

      expect(await stuck.wait({ timeoutMs: options.hangLimitMs })).toBe("TIMEOUT");
      expect(await behind.wait()).toBe("ABORT");
      expect(stuck.error).toBeInstanceOf(Error);
      await expect(stuck.finish()).rejects.toBe(stuck.error);
      expect(await (await bench.run({ send: 1, fetch: 1 }, input, output)).wait()).toBe("COMPLETED");
    }),
  );

  fact(
    "a runlist stops at the run that fails and names it",
    withKernel(async (bench) => {
      const { input, output } = await bench.buffers(1);
      const list = bench.context.createRunlist();
      const stuck = await bench.createRun({ send: 0, fetch: 1 }, input, output);
      const behind = await bench.createRun({ send: 1, fetch: 1 }, input, output);
      list.add(stuck);
      list.add(behind);

      list.execute();

      expect(await list.wait({ timeoutMs: options.hangLimitMs })).toBe("TIMEOUT");
      expect(list.failed).toBe(stuck);
      expect(behind.state).toBe("ABORT");
    }),
  );

  fact(
    "a signal that is already aborted ends the run as ABORT",
    withKernel(async (bench) => {
      const { input, output } = await bench.buffers(1);
      const run = await bench.run({ send: 1, fetch: 1 }, input, output);

      expect(await run.wait({ signal: AbortSignal.abort() })).toBe("ABORT");
    }),
  );

  fact(
    "instructions that patch bo1 are refused when only bo0 is given",
    withKernel(async (bench) => {
      const { input, output } = await bench.buffers(1);
      const { instr, words } = await bench.instructions({ send: 1, fetch: 1 });

      const run = bench.kernel.run(3, instr, words, input);

      expect(await run.wait({ timeoutMs: options.hangLimitMs })).not.toBe("COMPLETED");
      expect(run.error?.message).toContain("bo1");
      expect(await (await bench.run({ send: 1, fetch: 1 }, input, output)).wait()).toBe("COMPLETED");
    }),
  );

  fact(
    "instructions that were never synced end the run with an error, not with silence",
    withKernel(async (bench) => {
      const { input, output } = await bench.buffers(1);
      const bytes = design.insts({ send: 1, fetch: 1 });
      const instr = await bench.device.allocBo(bytes.length, { flags: "cacheable", group: bench.kernel.groupId(1) });
      instr.write(bytes);

      const run = bench.kernel.run(3, instr, bytes.length / 4, input, output);

      expect(await run.wait({ timeoutMs: options.hangLimitMs })).not.toBe("COMPLETED");
      expect(run.error).toMatchObject({ code: "device", hint: expect.stringContaining('sync("toDevice")') });
    }),
  );

  fact(
    "wrong arguments are refused before anything is started",
    withKernel(async (bench) => {
      const { input, output } = await bench.buffers(1);
      const { instr, words } = await bench.instructions({ send: 1, fetch: 1 });

      expect(() => bench.kernel.run(3, instr, words, input, output, input)).toThrow("at most 5 arguments, got 6");
      expect(() => bench.kernel.run(3, instr, words, 5)).toThrow(
        "argument 3 (bo0): expected a BO (void*), got the number 5",
      );
      expect(() => bench.kernel.run(3, input, words, input)).toThrow("argument 1 (instr): expected a cacheable BO");
    }),
  );

  fact(
    "a BO of the group of a scalar, of an argument that is not there, or of another device is refused by its argument",
    withKernel(async (bench) => {
      const { kernel, device } = bench;
      const { input, output } = await bench.buffers(1);
      const { instr, words } = await bench.instructions({ send: 1, fetch: 1 });
      const other = await openDevice("sim");
      const foreign = await other.allocBo(input.sizeBytes, { flags: "hostOnly", group: kernel.groupId(3) });

      await expect(device.allocBo(64, { flags: "hostOnly", group: kernel.groupId(0) })).rejects.toThrow(
        `group 0x${kernel.groupId(0).toString(16)} has no memory: it is that of scalars and of arguments that a kernel does not have`,
      );
      expect(() => kernel.groupId(kernel.args.length)).toThrow(
        `groupId(${kernel.args.length}): it has no such argument, expected 0 to ${kernel.args.length - 1}`,
      );
      expect(() => kernel.createRun(3, instr, words, foreign, output)).toThrow(
        `argument 3 (bo0): the BO of ${input.sizeBytes} bytes is of another device`,
      );
      expect(() => kernel.createRun(3, instr, words, foreign.part({ sizeBytes: 64 }), output)).toThrow(
        "argument 3 (bo0): the BO of 64 bytes is of another device",
      );
      const elf = writeInstsElf(design.insts({ send: 1, fetch: 1 }));
      expect(() => bench.context.moduleKernel(kernel.name, elf).createRun(3, 0, 0, foreign, output)).toThrow(
        `argument 3 (bo0): the BO of ${input.sizeBytes} bytes is of another device`,
      );
      await other.close();
      expect(await kernel.run(3, instr, words, input.part({}), output).wait()).toBe("COMPLETED");
    }),
  );

  fact(
    "map gives the same buffer each time; close detaches it",
    withKernel(async (bench) => {
      const { input } = await bench.buffers(1);
      const mapped = input.map();

      expect(input.map()).toBe(mapped);
      input.close();
      input.close();
      expect(mapped.byteLength).toBe(0);
      expect(() => input.map()).toThrow("after close");
    }),
  );

  fact(
    "a part of a BO is the BO's memory on both sides: a run with parts reads and writes there and nowhere else",
    withKernel(async (bench) => {
      const { input, output } = await bench.buffers(4);
      const objectBytes = design.objectWords * 4;
      const sent = await bench.fill(input, 1000);
      const guard = await bench.fill(output, -1);
      const from = input.part({ offsetBytes: 3 * objectBytes });
      const to = output.part({ offsetBytes: objectBytes, sizeBytes: objectBytes });

      await (await bench.run({ send: 1, fetch: 1 }, from, to)).finish();
      await to.sync("fromDevice");

      const expected = guard.slice();
      expected.set(sent.subarray(3 * design.objectWords), design.objectWords);
      expect(bench.words(output)).toEqual(expected);
      expect(new Int32Array(to.read().buffer)).toEqual(sent.subarray(3 * design.objectWords));
    }),
  );

  fact(
    "a part is refused outside its BO, off a cache line, as a mapping, and keeps its BO from being closed",
    withKernel(async (bench) => {
      const { input } = await bench.buffers(1);

      expect(() => input.part({ offsetBytes: input.sizeBytes - 64, sizeBytes: 128 })).toThrow(
        "expected a range within",
      );
      expect(() => input.part({ offsetBytes: 32 })).toThrow("expected an offset of whole 64 bytes, got 32");
      const part = input.part({ offsetBytes: 64 });
      expect(() => part.map()).toThrow("no mapping of its own");
      expect(() => input.close()).toThrow("close while 1 part(s) of it are open");
      part.close();
      input.close();
      expect(() => part.read()).toThrow("after close");
    }),
  );

  testContextConformance(options);
}
