import { checkAddon } from "./addon-check.ts";
import type { Check } from "./check.ts";
import { checkMismatches } from "./check-mismatches.ts";
import type { DoctorEnvironment } from "./environment.ts";
import { checkEmulationMode, checkLockedMemory, checkNode } from "./npu-access-checks.ts";
import { checkPci, findNpu } from "./npu-device.ts";
import { checkDriver, checkFirmware, checkIommu } from "./npu-driver-checks.ts";
import { checkXrtLibraries, checkXrtSeesNpu } from "./xrt-checks.ts";

/** An NPU on this machine and what a program needs to reach it, in the order in which things depend on each other. */
export async function npuChecks(environment: DoctorEnvironment): Promise<readonly Check[]> {
  const npu = await findNpu(environment);
  const checks = await Promise.all([
    checkPci(environment, npu),
    checkIommu(environment, npu),
    checkDriver(environment, npu),
    checkFirmware(environment, npu),
    checkNode(environment, npu),
    checkLockedMemory(environment, npu),
    checkXrtLibraries(environment),
    checkEmulationMode(environment),
    checkXrtSeesNpu(environment, npu),
    checkAddon(environment),
  ]);
  return [...checks, ...(await checkMismatches(environment, npu))];
}
