import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { tensor } from "@aiekit/core";
import { afterEach, expect, test, vi } from "vitest";
import { Bench } from "../conformance-bench.test-support.ts";
import { countCalls, type FaultPlace, faultLeft, faultPlaces, setFault } from "../emulation/fault-table.ts";
import { deviceLimits } from "../limits.ts";
import { loadKernel } from "../load-kernel.ts";
import { loopbackXclbin, objectWords } from "../loopback.test-support.ts";
import { LoopbackBuild } from "../loopback-build.test-support.ts";
import { loadAddon } from "./native-addon.ts";
import { generation, loopback, machineFolder, openXrt, withBench, xrtAddonPath } from "./xrt-bench.test-support.ts";
import { runProgram } from "./xrt-program.test-support.ts";

const { contexts } = deviceLimits[generation];

afterEach(() => {
  for (const place of Object.keys(faultPlaces)) setFault(machineFolder, place as FaultPlace, undefined);
});

const ertState = { completed: 4, error: 5, abort: 6, timeout: 8 } as const;

/** The next command ends in this state without having been executed. */
const nextCommandEnds = (state: number) =>
  setFault(machineFolder, "execution", { kind: "fail", errno: state, times: 1 });
const nextCommandHangs = () => setFault(machineFolder, "execution", { kind: "hang", times: 1 });

test("a program that gave up a command that never ends exits with its own code, not by a signal", async () => {
  nextCommandHangs();

  const end = await runProgram(`
    const device = await open();
    let { start } = await make(device);
    let run = start();
    await taken("execution");
    console.log(await run.wait({ timeoutMs: 50 }));
    start = run = undefined;
    globalThis.gc(); globalThis.gc();
    process.exit(7);
  `);

  expect(end).toMatchObject({ code: 7, signal: null, stdout: "TIMEOUT\n" });
});

test("a program that drops a run in flight, and all else, is not ended by XRT", async () => {
  nextCommandHangs();

  const end = await runProgram(`
    { const { start } = await make(await open()); start(); }
    await taken("execution");
    for (let i = 0; i < 5; i++) { globalThis.gc(); await new Promise((resolve) => setTimeout(resolve, 10)); }
    console.log("alive");
    process.exit(0);
  `);

  expect(end).toMatchObject({ code: 0, signal: null, stdout: "alive\n" });
});

test("five contexts with hung commands leave files readable: waits take no thread of libuv's pool", async () => {
  setFault(machineFolder, "execution", { kind: "hang", times: 5 });
  const hung = await runProgram(`
    const { readFile } = await import("node:fs/promises");
    const device = await open();
    const runs = [];
    for (let i = 0; i < 5; i++) runs.push((await make(device)).start());
    await taken("execution");
    const bytes = await readFile(xclbin);
    console.log(bytes.length > 0, runs.map((run) => run.state).join(" "));
    process.exit(0);
  `);
  expect(hung).toMatchObject({ code: 0, stdout: "true QUEUED QUEUED QUEUED QUEUED QUEUED\n" });
});

test("states of a command that failed: ERROR and ABORT and TIMEOUT with XRT's words and a cure, and the next run works", () =>
  withBench(async (bench) => {
    const { input, output } = await bench.buffers(1);
    await bench.fill(input, 1);
    for (const state of ["error", "abort", "timeout"] as const) {
      nextCommandEnds(ertState[state]);

      const run = await bench.run({ send: 1, fetch: 1 }, input, output);

      expect(await run.wait()).toBe(state.toUpperCase());
      expect(run.error).toMatchObject({
        name: "XrtError",
        kind: "RUN_FAILED",
        message: expect.stringContaining(`ended as ${state.toUpperCase()}: `),
        xrtText: expect.stringContaining(`ERT_CMD_STATE_${state.toUpperCase()}`),
        hint: expect.any(String),
      });
      expect(await (await bench.run({ send: 1, fetch: 1 }, input, output)).wait()).toBe("COMPLETED");
    }
  }));

test("a command that is COMPLETED and wrote nothing is found by the guard pattern, on by default", async () => {
  const folder = await mkdtemp(join(tmpdir(), "aiekit-xrt-"));
  const device = await openXrt();
  try {
    const build = new LoopbackBuild(folder);
    const loaded = await loadKernel(
      device,
      await build.manifest([await build.sequence(3)], { device: `${generation}_1col` }),
    );
    const input = tensor("i32", [3, objectWords], new Int32Array(3 * objectWords).fill(5));
    const { outputs } = await loaded.launch("objects_3", { in: input });
    expect(outputs.out).toEqual(input);

    nextCommandEnds(ertState.completed);
    await expect(loaded.launch("objects_3", { in: input })).rejects.toThrow(
      "output out was never written (3 of 3 units, first 0)",
    );
  } finally {
    await device.close();
    await rm(folder, { recursive: true });
  }
});

test("a wait that the kernel interrupts is taken up again, however often, and the result is right", () =>
  withBench(async (bench) => {
    const { input, output } = await bench.buffers(1);
    await bench.fill(input, 900);
    setFault(machineFolder, "wait", { kind: "interrupt", times: 20 });

    await (await bench.run({ send: 1, fetch: 1 }, input, output)).finish();
    await output.sync("fromDevice");

    expect(bench.words(output)[0]).toBe(900);
  }));

test("a submission that is interrupted is made again, and executes once", () =>
  withBench(async (bench) => {
    const { input, output } = await bench.buffers(2);
    await bench.fill(input, 40);
    setFault(machineFolder, "execute", { kind: "interrupt", times: 3 });

    // Two sends of one object each: executed twice, a third would not fit into the array and hang.
    await (await bench.run({ send: 1, fetch: 0 }, input, output)).finish();
    await (await bench.run({ send: 1, fetch: 2 }, input, output)).finish();
    await output.sync("fromDevice");

    expect(bench.words(output)[objectWords]).toBe(40);
  }));

test("a submission that the driver refuses ends the run as ERROR with errno, and the next one works", () =>
  withBench(async (bench) => {
    const { input, output } = await bench.buffers(1);
    await bench.fill(input, 1);
    setFault(machineFolder, "execute", { kind: "fail", errno: 5, times: 1 });

    const run = await bench.run({ send: 1, fetch: 1 }, input, output);

    expect(await run.wait()).toBe("ERROR");
    expect(run.error).toMatchObject({ name: "XrtError", errno: 5, message: expect.stringContaining("EXEC_CMD") });
    expect(await (await bench.run({ send: 1, fetch: 1 }, input, output)).wait()).toBe("COMPLETED");
  }));

test("two contexts more than there are, asked for at once: two errors that say so; closed, the same again", async () => {
  const device = await openXrt();
  try {
    const uuid = await device.registerXclbin(loopback.xclbin(0));

    for (let round = 0; round < 3; round++) {
      const asked = Array.from({ length: contexts + 2 }, () => device.createContext(uuid));
      const made = await Promise.allSettled(asked);

      const refused = made.filter((result) => result.status === "rejected");
      expect(refused.length).toBe(2);
      for (const { reason } of refused) {
        expect(reason).toMatchObject({
          kind: "CONTEXT_REFUSED",
          errno: 22,
          message: expect.stringContaining(
            `${generation} has ${contexts} contexts, all are in use: DRM_IOCTL_AMDXDNA_CREATE_HWCTX`,
          ),
        });
      }
      for (const result of made) if (result.status === "fulfilled") await result.value.close();
    }
  } finally {
    await device.close();
  }
});

test("a context is opened, used and closed 40 times on one device, and all that it had is given back each time", async () => {
  const device = await openXrt();
  try {
    const uuid = await device.registerXclbin(loopback.xclbin(0));
    const calls = { made: countCalls(machineFolder, "createBo"), closed: countCalls(machineFolder, "closeHandle") };
    const marker = await device.allocBo(64, { flags: "hostOnly", group: 0x10000 });
    let first: number | undefined;
    for (let i = 0; i < 40; i++) {
      const context = await device.createContext(uuid);
      const bench = new Bench(device, context, loopback);
      const { input, output } = await bench.buffers(1);
      await bench.fill(input, i);

      await (await bench.run({ send: 1, fetch: 1 }, input, output)).finish();
      await output.sync("fromDevice");

      expect(bench.words(output)[0]).toBe(i);
      for (const bo of [input, output]) bo.close();
      await context.close();
      // On the device's thread, behind the run that `close` left it to free, then behind the BOs that the run had.
      for (let turn = 0; turn < 2; turn++) await marker.sync("toDevice");
      const open = calls.made() - calls.closed();
      // Instructions stay open, a buffer for each round.
      first ??= open;
      expect(open).toBe(first + i);
    }
  } finally {
    await device.close();
  }
});

test("a context that ran is free for others once it is closed, also while the driver lets its device's thread wait", async () => {
  const [device, other] = [await openXrt(), await openXrt()];
  try {
    const context = await device.createContext(await device.registerXclbin(loopback.xclbin(0)));
    const bench = new Bench(device, context, loopback);
    const { input, output } = await bench.buffers(1);
    await (await bench.run({ send: 1, fetch: 1 }, input, output)).finish();
    setFault(machineFolder, "createBo", { kind: "hang", times: 1 });
    const late = device.allocBo(64, { flags: "hostOnly", group: 0x10000 });
    await vi.waitFor(() => expect(faultLeft(machineFolder, "createBo").times).toBe(0), 60_000);

    await context.close();

    const uuid = await other.registerXclbin(loopback.xclbin(0));
    const made = await Promise.allSettled(Array.from({ length: contexts }, () => other.createContext(uuid)));
    setFault(machineFolder, "createBo", undefined);
    await late;
    expect(made.filter(({ status }) => status === "rejected")).toEqual([]);
  } finally {
    setFault(machineFolder, "createBo", undefined);
    for (const opened of [device, other]) await opened.close();
  }
});

test("a context that is refused although this program has none says that others may have them", async () => {
  const device = await openXrt();
  try {
    const uuid = await device.registerXclbin(loopback.xclbin(0));
    setFault(machineFolder, "createContext", { kind: "fail", errno: 22, times: 1 });

    await expect(device.createContext(uuid)).rejects.toMatchObject({
      message: expect.stringContaining(`refused, with 0 of ${generation}'s ${contexts} contexts in use by this device`),
      hint: expect.stringContaining("xrt-smi examine -r aie-partitions"),
    });
    await (await device.createContext(uuid)).close();
  } finally {
    await device.close();
  }
});

test("too little lockable memory is told from other failures, with the limit to raise", async () => {
  setFault(machineFolder, "lockedMap", { kind: "fail", errno: 11 });

  const end = await runProgram("try { await make(await open()); } catch (error) { report(error); }");

  expect(end).toMatchObject({ code: 0, signal: null });
  expect(end.stdout).toContain("mmap(");
  expect(end.stdout).toContain("limits.d/99-amdxdna.conf");
});

test("a device node without permission is unavailable, and the group is named", async () => {
  setFault(machineFolder, "open", { kind: "fail", errno: 13 });

  const end = await runProgram("try { await make(await open()); } catch (error) { report(error); }");

  expect(end.stdout).toContain("Permission denied");
  expect(end.stdout).toContain("usermod -aG render");
});

test("a folder, text, a design for the other generation, arguments of 2023 and a PDI for hardware are refused by what they are", async () => {
  const npu = await openXrt();
  const [device, other] = [`${generation}_1col`, generation === "npu1" ? "npu2" : "npu1"];
  try {
    await expect(npu.registerXclbin(tmpdir())).rejects.toMatchObject({ code: "format" });
    await expect(npu.registerXclbin(new TextEncoder().encode("hello"))).rejects.toMatchObject({ code: "format" });
    const uuid = await npu.registerXclbin(loopbackXclbin({ device: `${other}_1col` }));
    await expect(npu.createContext(uuid)).rejects.toThrow(`design is for ${other}_1col, the device is ${generation}`);
    const old = await npu.registerXclbin(
      loopbackXclbin({ device, oldArguments: true, uuid: "00000000-0000-0000-0000-0000000000aa" }),
    );
    await expect(npu.createContext(old)).rejects.toThrow("got (instr, ninstr, bo0, bo1)");
    const hardware = new Uint8Array(64);
    hardware.set([0xdd, 0, 0, 0, 0x44, 0x33, 0x22, 0x11]);
    const pdi = await npu.registerXclbin(loopbackXclbin({ device, pdi: hardware }));
    await expect(npu.createContext(pdi)).rejects.toThrow("its PDI is for");
  } finally {
    await npu.close();
  }
});

test("the addon itself refuses a BO past the last argument, which crashes XRT, and a BO that is none", () =>
  withBench(async (bench) => {
    const loaded = loadAddon(xrtAddonPath);
    if (!("addon" in loaded)) throw new Error(loaded.reason);
    const native = new loaded.addon.Device();
    await native.open(0);
    const uuid = await native.register(loopback.xclbin(1));
    const context = await native.createContext(uuid, [bench.kernel.name]);
    const bo = await native.allocBo(64, false, bench.kernel.groupId(3)).promise;

    expect(() => context.createRun(0, [3, bo, 1, bo, bo, bo])).toThrow("more arguments than the kernel has");
    expect(() => context.createRun(0, [3, {} as typeof bo])).toThrow("expected a BO of this addon");
    expect(() => context.createRun(9, [])).toThrow("no such kernel");
    bo.close();
    expect(() => context.createRun(0, [3, bo])).toThrow("the BO is closed");
    await context.close();
    await native.close().promise;
  }));
