import { expect, test } from "vitest";
import type { Bench } from "../conformance-bench.test-support.ts";
import { setFault } from "../emulation/fault-table.ts";
import { deviceLimits } from "../limits.ts";
import { generation, machineFolder, withBench } from "./xrt-bench.test-support.ts";
import { startProgram } from "./xrt-program.test-support.ts";

const { contexts } = deviceLimits[generation];

async function oneRun(bench: Bench): Promise<void> {
  const { input, output } = await bench.buffers(1);
  await bench.fill(input, 1234);
  await (await bench.run({ send: 1, fetch: 1 }, input, output)).finish();
  await output.sync("fromDevice");
  expect(bench.words(output)[0]).toBe(1234);
}

test("kill -9 while an allocation hangs leaves nothing that blocks the next program", async () => {
  const { child, end } = startProgram(`
    const device = await open();
    const made = [];
    for (let i = 0; i < ${contexts}; i++) made.push(await make(device));
    setFault("createBo", { kind: "hang", times: 1 });
    device.allocBo(1 << 20, { flags: "hostOnly", group: 0x10000 }).then(() => console.log("allocated"));
    await taken("createBo");
    console.log("in the driver");
    setInterval(() => {}, 1000);
  `);
  await Promise.race([end, new Promise((resolve) => child.stdout!.once("data", resolve))]);
  await expect(withBench(oneRun)).rejects.toMatchObject({ kind: "CONTEXT_REFUSED" });

  child.kill("SIGKILL");

  expect(await end).toMatchObject({ signal: "SIGKILL", stdout: "in the driver\n" });
  setFault(machineFolder, "createBo", undefined);
  await withBench(oneRun);
});

test("kill -9 with all contexts in use and commands in flight leaves nothing that blocks the next program", async () => {
  setFault(machineFolder, "execution", { kind: "hang", times: contexts });
  const { child, end } = startProgram(`
    const device = await open();
    for (let i = 0; i < ${contexts}; i++) (await make(device)).start();
    await taken("execution");
    console.log("in flight");
    setInterval(() => {}, 1000);
  `);
  await Promise.race([end, new Promise((resolve) => child.stdout!.once("data", resolve))]);
  await expect(withBench(oneRun)).rejects.toMatchObject({ kind: "CONTEXT_REFUSED" });

  child.kill("SIGKILL");

  expect(await end).toMatchObject({ signal: "SIGKILL", stdout: "in flight\n" });
  setFault(machineFolder, "execution", undefined);
  await withBench(oneRun);
});
