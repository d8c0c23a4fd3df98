import { testDeviceConformance } from "./device-conformance.test-support.ts";
import { loopbackInsts, loopbackXclbin, objectWords } from "./loopback.test-support.ts";
import { openDevice } from "./open-device.ts";

testDeviceConformance({
  open: () => openDevice("sim", { generation: "npu1" }),
  design: {
    kernelName: "MLIR_AIE",
    objectWords,
    xclbin: (variant) => loopbackXclbin({ uuid: `00000000-0000-0000-0000-00000000000${variant + 1}` }),
    insts: loopbackInsts,
  },
  contextLimit: 6,
  hangLimitMs: 5000,
});
