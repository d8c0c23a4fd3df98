import { setImmediate } from "node:timers/promises";
import { afterEach, expect, test, vi } from "vitest";
import type { Device } from "../device.ts";
import { countCalls, type FaultPlace, faultLeft, faultPlaces, setFault } from "../emulation/fault-table.ts";
import { machineFolder, openXrt, withBench } from "./xrt-bench.test-support.ts";
import { runProgram } from "./xrt-program.test-support.ts";

const clearFaults = () => {
  for (const place of Object.keys(faultPlaces)) setFault(machineFolder, place as FaultPlace, undefined);
};
afterEach(() => {
  vi.useRealTimers();
  clearFaults();
});

const hostOnly = { flags: "hostOnly", group: 0x10000 } as const;

async function withDevice(body: (device: Device) => Promise<void>): Promise<void> {
  const device = await openXrt();
  try {
    await body(device);
  } finally {
    clearFaults();
    await device.close();
  }
}

test("an allocation that hangs is given up in time with a typed error, the next is refused, and both work once the driver answers", () =>
  withDevice(async (device) => {
    setFault(machineFolder, "createBo", { kind: "hang", times: 1 });

    // Its time limit is a timer, which goes off where the event loop goes on. Here once the driver was called: what had not
    // begun by then would be left out, and the next allocation would hang in its place.
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    const late = device.allocBo(4096, { ...hostOnly, timeoutMs: 100 });
    while (faultLeft(machineFolder, "createBo").times > 0) await setImmediate();
    vi.advanceTimersByTime(100);
    vi.useRealTimers();

    await expect(late).rejects.toMatchObject({
      code: "device",
      message: "BO: 4096 bytes: allocation: not finished after 100 ms",
      hint: expect.stringContaining("the driver does not answer"),
    });
    await expect(device.allocBo(64, hostOnly)).rejects.toThrow(
      "an allocation that was given up is still in the driver",
    );

    const closed = countCalls(machineFolder, "closeHandle");
    setFault(machineFolder, "createBo", undefined);
    const bo = await vi.waitFor(() => device.allocBo(64, hostOnly), { timeout: 60_000 });

    expect(bo.map().byteLength).toBe(64);
    // Nobody has the one that came too late: it was freed.
    await vi.waitFor(() => expect(closed()).toBe(1), 60_000);
  }));

test("a signal gives up an allocation in the driver and one that waits behind it, which is never made", () =>
  withDevice(async (device) => {
    setFault(machineFolder, "createBo", { kind: "hang", times: 1 });
    const stop = new AbortController();

    const both = [4096, 8192].map((size) => device.allocBo(size, { ...hostOnly, signal: stop.signal }));
    await vi.waitFor(() => expect(faultLeft(machineFolder, "createBo").times).toBe(0), 60_000);
    stop.abort();

    for (const bo of both) await expect(bo).rejects.toMatchObject({ code: "aborted" });
    const closed = countCalls(machineFolder, "closeHandle");
    setFault(machineFolder, "createBo", undefined);
    await vi.waitFor(() => device.allocBo(64, hostOnly), { timeout: 60_000 });
    expect(closed()).toBe(1);
  }));

test("closing a buffer whose handle the driver does not close returns at once; closing the device says what hangs", async () => {
  const end = await runProgram(`
    const device = await open();
    const bo = await device.allocBo(64, { flags: "hostOnly", group: 0x10000 });
    setFault("closeHandle", { kind: "hang" });
    const view = new Uint8Array(bo.map());
    bo.close();
    console.log(view.length);
    await device.close().catch(report);
  `);

  // The program ends by itself: what hangs does not keep it.
  expect(end).toMatchObject({ code: 0, signal: null });
  expect(end.stdout).toMatch(/^0\n/);
  expect(end.stdout).toContain("close: not finished after 8000 ms");
  expect(end.stdout).toContain("the driver does not answer");
});

test("every buffer's handle is closed once: by close, by the end of the device, and by the garbage collector", async () => {
  const closed = countCalls(machineFolder, "closeHandle");
  const made = countCalls(machineFolder, "createBo");

  const end = await runProgram(`
    const options = { flags: "hostOnly", group: 0x10000 };
    const device = await open();
    for (let i = 0; i < 10; i++) (await device.allocBo(64, options)).close();
    for (let i = 0; i < 10; i++) await device.allocBo(64, options);
    await device.close();
    // Of a function that has returned: a module's variables may be kept to its end.
    await (async () => { const dropped = await open(); for (let i = 0; i < 10; i++) await dropped.allocBo(64, options); })();
    const calls = (place) => 0xffffffff - faultLeft(place).skip;
    while (calls("closeHandle") < calls("createBo")) { globalThis.gc(); await new Promise((resolve) => setTimeout(resolve, 10)); }
  `);

  expect(end).toMatchObject({ code: 0, signal: null, stderr: "" });
  expect(made()).toBeGreaterThanOrEqual(30);
  expect(closed()).toBe(made());
});

test("while the driver makes a sync the buffer is neither run nor read, and both are right once it is made", () =>
  withBench(async (bench) => {
    const { input, output } = await bench.buffers(1);
    const { instr, words } = await bench.instructions({ send: 1, fetch: 1 });
    await bench.fill(output, -1);
    bench.words(input).fill(4711);
    setFault(machineFolder, "syncBo", { kind: "hang", times: 1 });

    const synced = input.sync("toDevice");

    const run = bench.kernel.createRun(3, instr, words, input, output);
    expect(() => run.start()).toThrow(`BO of ${input.sizeBytes} bytes: run while a sync of it is under way`);
    expect(() => input.read()).toThrow("read while a sync of it is under way");
    expect(() => input.part({}).read()).toThrow("read while a sync of it is under way");
    clearFaults();
    await synced;
    await run.start().finish();
    await output.sync("fromDevice");
    expect(bench.words(output)[0]).toBe(4711);
  }));

test("with XRT's defaults a sync makes no call of the driver: SYNC_BO would hang, and the result is right", async () => {
  setFault(machineFolder, "syncBo", { kind: "hang" });

  const end = await runProgram(
    `
    const device = await open();
    const { start, result } = await make(device);
    const hostOnly = { flags: "hostOnly", group: 0x10000 };
    const [small, large] = [await device.allocBo(64 << 10, hostOnly), await device.allocBo(65 << 10, hostOnly)];
    // The device's thread is in the driver: what is flushed there waits, what is flushed at once does not.
    setFault("createBo", { kind: "hang", times: 1 });
    const held = device.allocBo(64, hostOnly);
    await taken("createBo");
    const isSynced = { small: false, large: false };
    const synced = large.sync("toDevice").then(() => { isSynced.large = true; });
    await small.sync("toDevice").then(() => { isSynced.small = true; });
    await new Promise((resolve) => setTimeout(resolve, 20));
    console.log(isSynced.small, isSynced.large);
    setFault("createBo", undefined);
    await Promise.all([held, synced]);
    console.log(await start().wait(), await result());
    process.exit(0);
  `,
    { defaults: true },
  );

  expect(end).toMatchObject({ code: 0, signal: null, stdout: "true false\nCOMPLETED 7\n" });
});

test("a program that exits while the driver answers an allocation lets it end before XRT's libraries are destroyed", async () => {
  const end = await runProgram(`
    process.once("exit", () => setFault("createBo", undefined));
    const device = await open();
    const asked = faults.countCalls(process.env.AIEKIT_EMULATED_NPU, "getBoInfo");
    process.once("exit", () => console.log(asked()));
    setFault("createBo", { kind: "hang", times: 1 });
    void device.allocBo(64, { flags: "hostOnly", group: 0x10000 });
    setInterval(() => faultLeft("createBo").times === 0 && process.exit(5), 10);
  `);

  // GET_BO_INFO is what XRT calls next.
  expect(end).toMatchObject({ code: 5, signal: null, stdout: "1\n" });
});

test("a program that exits while a run is being submitted lets that end before XRT's libraries are destroyed", async () => {
  const end = await runProgram(`
    process.once("exit", () => setFault("createBo", undefined));
    const { start } = await make(await open());
    const submitted = faults.countCalls(process.env.AIEKIT_EMULATED_NPU, "execute");
    process.once("exit", () => console.log(submitted()));
    // Of the command, which XRT allocates on the context's thread.
    setFault("createBo", { kind: "hang", times: 1 });
    start();
    await taken("createBo");
    process.exit(5);
  `);

  expect(end).toMatchObject({ code: 5, signal: null, stdout: "1\n" });
});
