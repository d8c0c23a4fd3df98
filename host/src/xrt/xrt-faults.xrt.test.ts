import { afterEach, expect, test } from "vitest";
import { type FaultPlace, faultPlaces, setFault } from "../emulation/fault-table.ts";
import { machineFolder, withBench } from "./xrt-bench.test-support.ts";
import { runProgram } from "./xrt-program.test-support.ts";

const clearFaults = () => {
  for (const place of Object.keys(faultPlaces)) setFault(machineFolder, place as FaultPlace, undefined);
};
afterEach(clearFaults);

/** Opens, configures, runs and closes; gives the word that came back. */
async function wholeCycle(): Promise<number> {
  let word = 0;
  await withBench(async (bench) => {
    const { input, output } = await bench.buffers(1);
    bench.fill(input, 1234);
    bench.fill(output, -1);
    await (await bench.run({ send: 1, fetch: 1 }, input, output)).finish({ timeoutMs: 5000 });
    output.sync("fromDevice");
    word = bench.words(output)[0]!;
    for (const bo of [input, output]) bo.close();
  });
  return word;
}

// Not GET_BO_INFO: XRT 2.25 closes the BO's handle twice then, and may end with SIGSEGV at a later call.
const calls: readonly FaultPlace[] = [
  "getInfo",
  "createSyncobj",
  "createBo",
  "lockedMap",
  "createContext",
  "configureContext",
  "syncBo",
  "execute",
  "wait",
  "destroyContext",
  "closeHandle",
];

/** Calls that the addon makes again when a signal interrupted them; those in the middle of others XRT gives up. */
const isMadeAgain = (place: FaultPlace) => ["createContext", "execute", "wait"].includes(place);

test.each(calls)(
  "%s fails with EIO, at one of three calls: right result or an error, and afterwards all is well",
  async (place) => {
    for (const skip of [0, 1, 2]) {
      setFault(machineFolder, place, { kind: "fail", errno: 5, skip, times: 1 });

      const outcome = await wholeCycle().catch((error: unknown) => error);
      clearFaults();

      if (outcome instanceof Error) expect(outcome).toMatchObject({ code: expect.stringMatching(/^device/) });
      else expect(outcome).toBe(1234);
      expect(await wholeCycle()).toBe(1234);
    }
  },
);

test.each(calls)("%s is interrupted: right result or an error, and afterwards all is well", async (place) => {
  setFault(machineFolder, place, { kind: "interrupt", times: 2 });

  const outcome = await wholeCycle().catch((error: unknown) => error);
  clearFaults();

  if (isMadeAgain(place)) expect(outcome).toBe(1234);
  else if (outcome instanceof Error) expect(outcome).toMatchObject({ code: expect.stringMatching(/^device/) });
  else expect(outcome).toBe(1234);
  expect(await wholeCycle()).toBe(1234);
});

// XRT looks at its devices once in a process, so this one is on its own.
test.each(["fail", "interrupt"] as const)(
  "the device node does not open (%s): the device is unavailable, and nothing else",
  async (kind) => {
    setFault(machineFolder, "open", { kind, errno: 5 });

    const end = await runProgram("try { await make(await open()); } catch (error) { report(error); }");

    expect(end).toMatchObject({ code: 0, signal: null, stdout: expect.stringContaining("device-unavailable") });
  },
);

// CREATE_BO, SYNC_BO and their like are called on the JS thread: the driver answers them without waiting for anything.
const waitingCalls = [
  "open",
  "getInfo",
  "createContext",
  "configureContext",
  "execute",
  "wait",
  "destroyContext",
] as const;

test.each(waitingCalls)("%s hangs: the event loop goes on, and the program can end", async (place) => {
  setFault(machineFolder, place, { kind: "hang" });

  const end = await runProgram(`
    setTimeout(() => { console.log("alive"); process.exit(3); }, 100);
    const device = await open();
    const { context, start } = await make(device);
    await start().wait();
    await context.close();
    await new Promise(() => {});
  `);

  expect(end).toMatchObject({ code: 3, signal: null, stdout: "alive\n" });
});
