import { testDeviceConformance } from "../device-conformance.test-support.ts";
import { loopback, openXrt } from "./xrt-bench.test-support.ts";

testDeviceConformance({ open: openXrt, design: loopback, contextLimit: 6, hangLimitMs: 5000 });
