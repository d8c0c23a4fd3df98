import { testDeviceConformance } from "./device-conformance.test-support.ts";
import { simLoopback } from "./loopback.test-support.ts";
import { openDevice } from "./open-device.ts";

// The same tests as those of sim and xrt. They run as soon as there is a device `cpu`; until then each is skipped, and counted.
const skipReason = await openDevice("cpu").then(
  async (device) => {
    await device.close();
    return undefined;
  },
  (error: Error) => error.message,
);

testDeviceConformance({
  open: () => openDevice("cpu"),
  design: simLoopback,
  contextLimit: 6,
  hangLimitMs: 5000,
  skipReason,
});
