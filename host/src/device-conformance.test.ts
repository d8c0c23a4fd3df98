import { testDeviceConformance } from "./device-conformance.test-support.ts";
import { simLoopback } from "./loopback.test-support.ts";
import { openDevice } from "./open-device.ts";

testDeviceConformance({
  open: () => openDevice("sim", { generation: "npu1" }),
  design: simLoopback,
  contextLimit: 6,
  hangLimitMs: 5000,
});
