import { expect, test } from "vitest";
import { testDeviceConformance } from "../device-conformance.test-support.ts";
import { deviceLimits } from "../limits.ts";
import { generation, loopback, openXrt } from "./xrt-bench.test-support.ts";

const contextLimit = deviceLimits[generation].contexts;

testDeviceConformance({ open: openXrt, design: loopback, contextLimit, hangLimitMs: 60_000 });

test(`the device says that it is ${generation}, that nothing of it is real, and which builds it executes`, async () => {
  const device = await openXrt();

  const { kind, name, target } = device;
  expect({ kind, name, target, generation: device.generation }).toEqual({
    kind: "xrt",
    name: `${generation} (emulated driver, simulated array)`,
    target: "sim",
    generation,
  });
  await device.close();
});
