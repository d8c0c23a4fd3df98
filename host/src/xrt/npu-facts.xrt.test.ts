import { expect, test } from "vitest";
import { setFault } from "../emulation/fault-table.ts";
import { deviceLimits } from "../limits.ts";
import { listDevices } from "../list-devices.ts";
import { generation, loopback, machineFolder, openXrt, xrtAddonPath } from "./xrt-bench.test-support.ts";

const factsNow = async () => (await listDevices({ xrtAddon: xrtAddonPath })).find(({ kind }) => kind === "xrt")?.facts;

test("facts of the NPU: versions, columns, power mode, and the columns that an open context has until it closes", async () => {
  const device = await openXrt();
  const context = await device.createContext(await device.registerXclbin(loopback.xclbin(0)));

  const facts = await factsNow();
  await context.close();
  const afterwards = await factsNow();
  await device.close();

  expect(facts).toMatchObject({
    ...{ firmware: "0.0.0.0", columns: deviceLimits[generation].columns, powerMode: "default" },
    ...{ driver: undefined, inUse: { columns: 1, contexts: 1 } },
  });
  expect(facts?.xrt).toMatch(/^2\.\d+/);
  expect(afterwards?.inUse).toEqual({ columns: 0, contexts: 0 });
});

test("a driver that refuses every question leaves facts out and does not hide the NPU", async () => {
  setFault(machineFolder, "getInfo", { kind: "fail", errno: 95 });
  try {
    expect(await factsNow()).toMatchObject({ columns: undefined, powerMode: undefined, inUse: undefined });
  } finally {
    setFault(machineFolder, "getInfo", undefined);
  }
});
