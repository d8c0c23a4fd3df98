import { readdirSync, readFileSync } from "node:fs";
import { Worker } from "node:worker_threads";
import { afterEach, expect, test, vi } from "vitest";
import { countCalls, type FaultPlace, faultLeft, faultPlaces, setFault } from "../emulation/fault-table.ts";
import { deviceLimits } from "../limits.ts";
import { listDevices } from "../list-devices.ts";
import { generation, loopback, machineFolder, openXrt, xrtAddonPath } from "./xrt-bench.test-support.ts";
import { runProgram } from "./xrt-program.test-support.ts";

const { contexts } = deviceLimits[generation];

afterEach(() => {
  for (const place of Object.keys(faultPlaces)) setFault(machineFolder, place as FaultPlace, undefined);
});

/** The next thread is refused with EAGAIN, as where RLIMIT_NPROC or a container's limit is reached. */
const nextThreadFails = (skip = 0) =>
  setFault(machineFolder, "createThread", { kind: "fail", errno: 11, skip, times: 1 });

/** Threads and descriptors of this process. */
const held = () => ({
  threads: readdirSync("/proc/self/task").length,
  descriptors: readdirSync("/proc/self/fd").length,
});

test("a device whose thread is refused is unavailable, with what to do, and opens once there are threads again", async () => {
  nextThreadFails();

  await expect(openXrt()).rejects.toMatchObject({
    code: "device-unavailable",
    message: "device xrt: no thread could be started: Resource temporarily unavailable",
    hint: expect.stringContaining("ulimit -u"),
  });
  await (await openXrt()).close();
});

test("listing devices without a thread for it says so of the NPU, and lists the others", async () => {
  nextThreadFails();

  const found = await listDevices({ xrtAddon: xrtAddonPath });

  expect(found.map(({ kind, available }) => [kind, available])).toEqual([
    ["sim", true],
    ["sim", true],
    ["xrt", false],
    ["cpu", false],
  ]);
  expect(found[2]?.detail).toContain("no thread could be started");
});

test("contexts whose threads are refused are typed errors and are given back: all that there are can be made behind them", async () => {
  const device = await openXrt();
  try {
    const uuid = await device.registerXclbin(loopback.xclbin(0));
    const refused = { code: "device", kind: "NO_THREAD", errno: 11 };
    // XRT's own for a context, then the one here that starts its runs.
    for (const thread of [0, 1]) {
      for (let i = 0; i < contexts + 2; i++) {
        nextThreadFails(thread);
        await expect(device.createContext(uuid)).rejects.toMatchObject(refused);
      }
    }

    const made = await Promise.all(Array.from({ length: contexts }, () => device.createContext(uuid)));

    expect(made).toHaveLength(contexts);
  } finally {
    await device.close();
  }
});

test("a context is closed, and can be made again, without a thread for it", async () => {
  const device = await openXrt();
  try {
    const uuid = await device.registerXclbin(loopback.xclbin(0));
    for (let i = 0; i < contexts + 2; i++) {
      const context = await device.createContext(uuid);
      nextThreadFails();
      await context.close();
      expect(faultLeft(machineFolder, "createThread").times).toBe(0);
    }
  } finally {
    await device.close();
  }
});

test("worker threads that end while the driver makes contexts for them leave no context, thread or descriptor", async () => {
  // The process's own: threads of node's pool, files that stay open.
  for (const mode of ["run", "ask"] as const) await startWorker(mode);
  const before = await settled(held);
  const isFreed = () => {
    const now = held();
    expect(now.threads).toBeLessThanOrEqual(before.threads);
    expect(now.descriptors).toBeLessThanOrEqual(before.descriptors);
  };

  for (let i = 0; i < 4; i++) {
    expect(await startWorker("ask")).toBe("asked");
    // What a worker asked for is freed behind its end.
    await vi.waitFor(isFreed, 60_000);
  }

  await vi.waitFor(async () => {
    const device = await openXrt();
    try {
      const uuid = await device.registerXclbin(loopback.xclbin(0));
      await Promise.all(Array.from({ length: contexts }, () => device.createContext(uuid)));
    } finally {
      await device.close();
    }
  }, 60_000);
});

test("worker threads have devices of their own, and one that ends in the middle takes nothing with it", async () => {
  expect(await Promise.all([startWorker("run"), startWorker("run"), startWorker("run")])).toEqual([4711, 4711, 4711]);
  setFault(machineFolder, "execution", { kind: "hang", times: 1 });
  expect(await startWorker("leave")).toBe("in flight");
  expect(await startWorker("run")).toBe(4711);
});

test("a worker thread that had the addon alone ends while the driver lets its device wait: what comes later harms nobody", async () => {
  const end = await runProgram(`
    import { readdirSync } from "node:fs";
    import { isMainThread, Worker } from "node:worker_threads";
    const until = async (isSo) => { while (!isSo()) await new Promise((resolve) => setTimeout(resolve, 2)); };
    const threads = () => readdirSync("/proc/self/task").length;
    if (isMainThread) {
      setFault("createBo", { kind: "hang", times: 1 });
      const worker = new Worker(new URL(import.meta.url));
      await taken("createBo");
      await worker.terminate();
      const withHung = threads();
      setFault("createBo", undefined);
      await until(() => threads() < withHung);
      console.log("alive");
    } else {
      await open();
    }
  `);

  expect(end).toMatchObject({ code: 0, signal: null, stdout: "alive\n" });
});

/** What is seen once it has been the same for twenty looks, a second. */
async function settled<T>(look: () => T): Promise<T> {
  let [last, same] = [look(), 0];
  await vi.waitFor(() => {
    const now = look();
    same = JSON.stringify(now) === JSON.stringify(last) ? same + 1 : 0;
    last = now;
    expect(same).toBeGreaterThan(20);
  }, 60_000);
  return last;
}

/** Gives what it said last. It is terminated in the middle of what it does, unless that is `run`. */
function startWorker(mode: "run" | "leave" | "ask"): Promise<unknown> {
  const text = readFileSync(new URL("./xrt-worker.test-support.mjs", import.meta.url), "utf8");
  const worker = new Worker(text, {
    eval: true,
    execArgv: [],
    workerData: {
      host: new URL("../../dist/index.js", import.meta.url).href,
      addon: xrtAddonPath,
      xclbin: loopback.xclbin(0),
      insts: loopback.insts({ send: 1, fetch: 1 }),
      mode,
    },
  });
  const closed = countCalls(machineFolder, "closeHandle");
  return new Promise((resolve, reject) => {
    let answer: unknown;
    worker.on("message", async (message) => {
      answer = message;
      // The driver has made the context by then, as the worker closes a BO behind it. Its answer waits for a thread that is
      // busy: it comes while the environment ends.
      if (mode === "ask") await vi.waitFor(() => expect(closed()).toBeGreaterThan(0), 60_000);
      // Or the next run would be the one that hangs.
      if (mode === "leave") {
        await vi.waitFor(() => expect(faultLeft(machineFolder, "execution").times).toBe(0), 60_000);
      }
      if (mode !== "run") void worker.terminate();
    });
    worker.on("error", reject);
    worker.on("exit", () => resolve(answer));
  });
}
