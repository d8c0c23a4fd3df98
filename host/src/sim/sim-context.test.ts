import { AbortedError, DeviceError } from "@aiekit/core";
import { expect, test } from "vitest";
import type { RunArg } from "../device.ts";
import { SimBo } from "./sim-bo.ts";
import { type ConfiguredArray, SimContext } from "./sim-context.ts";

/** What the array does, and how many transfers it leaves under way. */
type Script = (launch: Parameters<ConfiguredArray["run"]>[0]) => Promise<unknown>;

type ArrayReport = Awaited<ReturnType<ConfiguredArray["run"]>>["array"];

const scalar = { kind: "scalar", flags: undefined, group: 0x1ffff } as const;
const kernels = [
  {
    name: "MLIR_AIE",
    args: [
      { index: 0, name: "opcode", type: "uint64_t", ...scalar },
      { index: 1, name: "instr", type: "char *", kind: "bo", flags: "cacheable", group: 0x10001 } as const,
      { index: 2, name: "ninstr", type: "uint32_t", ...scalar },
    ],
  },
];

/** A context whose array does what `script` says; `configured` counts how often its columns were loaded. */
async function scripted(script: Script) {
  const seen = { configured: 0, closed: 0 };
  const context = new SimContext({
    owns: () => true,
    uuid: "u",
    kernels,
    beforeRun: () => false,
    onClose: () => {},
    configure: async () => {
      seen.configured++;
      return {
        run: async (launch) => {
          const open = await script(launch);
          const openTransfers = Array.from({ length: typeof open === "number" ? open : 0 });
          return { modelled: undefined, warnings: [], array: { openTransfers } as unknown as ArrayReport };
        },
        close: () => {
          seen.closed++;
        },
      };
    },
  });
  await context.configure();
  const instr = new SimBo(64, { flags: "cacheable", group: 0x10001 }, () => {});
  const args: readonly RunArg[] = [3, instr, 16];
  return { context, seen, instr, newRun: () => context.kernel("MLIR_AIE").createRun(...args) };
}

const untilAborted: Script = ({ signal }) =>
  new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));

test("runs of a context execute one after another in the order of start", async () => {
  const log: string[] = [];
  let next = 0;
  const { newRun } = await scripted(async () => {
    const id = next++;
    log.push(`begin ${id}`);
    await new Promise((resolve) => setImmediate(resolve));
    log.push(`end ${id}`);
  });

  const runs = [newRun().start(), newRun().start(), newRun().start()];
  const states = await Promise.all(runs.map((run) => run.wait()));

  expect(states).toEqual(["COMPLETED", "COMPLETED", "COMPLETED"]);
  expect(log).toEqual(["begin 0", "end 0", "begin 1", "end 1", "begin 2", "end 2"]);
});

test("a run that is started from another's completion is not forgotten by the queue", async () => {
  const { newRun } = await scripted(async () => {});
  const first = newRun().start();
  const second = newRun();

  await first.wait();
  second.start();

  expect(await second.wait({ timeoutMs: 2000 })).toBe("COMPLETED");
});

test("start is asynchronous: the state is NEW, then QUEUED, and final after wait", async () => {
  const { newRun } = await scripted(async () => {});
  const run = newRun();

  expect(run.state).toBe("NEW");
  run.start();
  expect(run.state).toBe("QUEUED");
  await run.wait();
  expect(run.state).toBe("COMPLETED");
});

test("a failed run is ERROR with its cause, what is queued behind it ABORT, and the columns are loaded again", async () => {
  const { newRun, seen } = await scripted(async () => {
    throw new DeviceError("core (0,2) trapped");
  });
  const [first, second] = [newRun().start(), newRun().start()];

  expect(await first.wait()).toBe("ERROR");
  expect(await second.wait()).toBe("ABORT");
  expect(first.error?.message).toBe("core (0,2) trapped");
  expect(second.error?.message).toBe("run: the run before it ended as ERROR");
  await expect(first.finish()).rejects.toThrow("core (0,2) trapped");
  expect(seen).toEqual({ configured: 2, closed: 1 });
});

test("a run that exceeds timeoutMs is TIMEOUT, and the next run of the context completes", async () => {
  let hang = true;
  const { newRun } = await scripted((launch) => (hang ? untilAborted(launch) : Promise.resolve()));
  const stuck = newRun().start();

  expect(await stuck.wait({ timeoutMs: 5 })).toBe("TIMEOUT");
  expect(stuck.error?.message).toBe("run: not finished after 5 ms");
  hang = false;
  expect(await newRun().start().wait()).toBe("COMPLETED");
});

test("an abort signal ends a running and a queued run as ABORT", async () => {
  const { newRun } = await scripted(untilAborted);
  const stop = new AbortController();
  const [running, queued] = [newRun().start(), newRun().start()];
  setImmediate(() => setImmediate(() => stop.abort()));

  expect(await queued.wait({ signal: stop.signal })).toBe("ABORT");
  expect(await running.wait({ signal: stop.signal })).toBe("ABORT");
  expect(running.error).toBeInstanceOf(AbortedError);
});

test("closing a context ends its runs as ABORT, once; later calls are refused", async () => {
  const { context, newRun, seen } = await scripted(untilAborted);
  const [running, queued, unstarted] = [newRun().start(), newRun().start(), newRun()];
  await new Promise((resolve) => setTimeout(resolve, 1));

  await context.close();
  await context.close();

  expect([running.state, queued.state]).toEqual(["ABORT", "ABORT"]);
  expect(seen).toEqual({ configured: 1, closed: 1 });
  expect(() => unstarted.start()).toThrow("context: run after close");
  expect(() => context.kernel("MLIR_AIE")).toThrow("context: kernel after close");
});

test("instructions are handed over as the device sees them: unsynced bytes are not the host's, and ninstr cuts the BO", async () => {
  const handed: Uint8Array[] = [];
  const { context, instr } = await scripted(async ({ insts }) => {
    handed.push(insts);
  });
  instr.write(new Uint8Array(64).fill(7));

  await context.kernel("MLIR_AIE").run(3, instr, 4).wait();
  await instr.sync("toDevice");
  await context.kernel("MLIR_AIE").run(3, instr, 4).wait();

  expect(handed.map((bytes) => bytes.length)).toEqual([16, 16]);
  expect([...handed[0]!]).not.toEqual(new Array(16).fill(7));
  expect([...handed[1]!]).toEqual(new Array(16).fill(7));
});

test("a completed run can be started again, one in flight cannot", async () => {
  const { newRun } = await scripted(async () => {});
  const run = newRun().start();

  expect(() => run.start()).toThrow("start while it is in flight");
  await run.wait();
  expect(await run.start().wait()).toBe("COMPLETED");
});

test("a BO closed between createRun and start is refused and leaves the other BOs free", async () => {
  const { newRun, instr } = await scripted(async () => {});
  const run = newRun();
  instr.close();

  expect(() => run.start()).toThrow("BO of 64 bytes: run after close");
  expect(run.state).toBe("NEW");
});

test("a run is charged a launch, and a change of contexts where another one held its columns", async () => {
  const answers = [false, true];
  const context = new SimContext({
    uuid: "u",
    kernels,
    owns: () => true,
    beforeRun: () => answers.shift()!,
    onClose: () => {},
    configure: async () => ({
      run: async () => ({ modelled: { cycles: 2048, clockHz: 1.024e9, seconds: 2e-6 }, warnings: [] }),
      close: () => {},
    }),
  });
  await context.configure();
  const instr = new SimBo(64, { flags: "cacheable", group: 0x10001 }, () => {});
  const runs = [0, 1].map(() => context.kernel("MLIR_AIE").createRun(3, instr, 16).start());

  for (const run of runs) await run.wait();

  const time = { cycles: 2048, clockHz: 1.024e9, seconds: 2e-6, launchSeconds: 68.9e-6 };
  expect(runs.map((run) => run.report?.modelled)).toEqual([
    { ...time, switchSeconds: 0 },
    { ...time, switchSeconds: 1.45e-3 },
  ]);
});

test.each([
  [0, true],
  [1, false],
])("memory of a run that left %i transfers under way may be moved: %s", async (open, isFree) => {
  const { newRun, instr } = await scripted(async () => open);
  const run = newRun().start();
  expect(instr.moveOut()).toBe(false);

  await run.finish();

  expect(instr.moveOut()).toBe(isFree);
});
