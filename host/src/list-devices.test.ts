import { expect, test } from "vitest";
import { listDevices } from "./list-devices.ts";

test("a machine without the XRT addon has both simulators, and is told what it lacks for the rest", async () => {
  const devices = await listDevices({ xrtAddon: "/nowhere/aiekit_xrt.node" });

  expect(devices.filter(({ available }) => available).map(({ name }) => name)).toEqual([
    "npu1 (simulated)",
    "npu2 (simulated)",
  ]);
  expect(devices.find(({ kind }) => kind === "xrt")).toMatchObject({
    detail: "the XRT addon is not built (/nowhere/aiekit_xrt.node)",
    hint: expect.stringContaining("build-xrt-addon.mjs"),
  });
});
