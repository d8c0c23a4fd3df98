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
    await bench.fill(input, 1234);
    await bench.fill(output, -1);
    await (await bench.run({ send: 1, fetch: 1 }, input, output)).finish();
    await output.sync("fromDevice");
    word = bench.words(output)[0]!;
    for (const bo of [input, output]) bo.close();
  });
  return word;
}

// Not GET_BO_INFO: XRT 2.25 closes the BO's handle twice then, which may be another BO's by that time.
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
  "createThread",
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

/** Does everything that calls the driver; ends with code 3, and what it did last, once a call hangs at `place`. */
const untilHang = (place: FaultPlace) => `
  let last = "open";
  setInterval(() => {
    if (faultLeft("${place}").times > 0) return;
    console.log(last);
    process.exit(3);
  }, 10);
  const device = await open();
  last = "make";
  const { context, start, input, result } = await make(device);
  last = "run";
  await start().wait();
  last = "result";
  await result();
  last = "close";
  input.close();
  await context.close();
  await device.close();
  await new Promise(() => {});
`;

const hangs: readonly (readonly [place: FaultPlace, skip: number, where: string])[] = [
  ["open", 0, "open"],
  ["getInfo", 0, "make"],
  ["createContext", 0, "make"],
  ["configureContext", 0, "make"],
  ["execute", 0, "run"],
  ["wait", 0, "run"],
  // XRT's own, three of them; instructions, input and output; the result.
  ["syncBo", 0, "make"],
  ["syncBo", 3, "make"],
  ["syncBo", 6, "result"],
  ["destroyContext", 0, "close"],
  // The heap; the PDI; instructions; the command.
  ["createBo", 0, "open"],
  ["createBo", 1, "make"],
  ["createBo", 2, "make"],
  ["createBo", 5, "run"],
  ["getBoInfo", 2, "make"],
  ["lockedMap", 2, "make"],
  // Of what `close` let go.
  ["closeHandle", 0, "close"],
  ["closeHandle", 3, "close"],
];

test.each(hangs)("%s hangs at call %i: the event loop goes on, and the program can end", async (place, skip, where) => {
  // XRT makes no call to wait for a command that has ended by then, so this one does not end.
  if (place === "wait") setFault(machineFolder, "execution", { kind: "hang", times: 1 });
  setFault(machineFolder, place, { kind: "hang", skip, times: 1 });

  const end = await runProgram(untilHang(place));

  expect(end).toMatchObject({ code: 3, signal: null, stdout: `${where}\n` });
});

// Programs of their own: XRT closes the handle of such a BO twice, and what it does afterwards is its own.
test.each([0, 2, 3, 5])("GET_BO_INFO fails at call %i: an error like all others, or XRT's own crash", async (skip) => {
  setFault(machineFolder, "getBoInfo", { kind: "fail", errno: 5, skip, times: 1 });

  const end = await runProgram(`
    try {
      const { start } = await make(await open());
      const run = start();
      if ((await run.wait()) !== "COMPLETED") throw run.error;
    } catch (error) {
      report(error);
    }
  `);

  if (end.signal === null) expect(end.stdout).toMatch(/"code":"device(-unavailable)?"/);
  else expect(end.signal).toBe("SIGSEGV");
});
