import type { Target } from "@aiekit/core";
import { buildChecks } from "./build-checks.ts";
import type { Check } from "./check.ts";
import type { DoctorEnvironment } from "./environment.ts";
import { hardwareToolChecks } from "./hardware-tool-checks.ts";
import { npuChecks } from "./npu-checks.ts";
import { optionalChecks } from "./optional-checks.ts";

/**
 * What this machine has of what builds and runs need. For target sim only the group `build` can fail; for npu1 and npu2
 * what is absent of the tools and the NPU fails too, save the tools that only `--packager tools` uses or that only look.
 */
export async function doctor(environment: DoctorEnvironment, target: Target = "sim"): Promise<readonly Check[]> {
  const groups = await Promise.all([
    buildChecks(environment),
    hardwareToolChecks(environment),
    npuChecks(environment),
    optionalChecks(environment),
  ]);
  return groups.flat().map((check) => judge(check, target));
}

const optionalTools: readonly string[] = ["bootgen", "xclbinutil", "xrt-smi"];

function judge(check: Check, target: Target): Check {
  const onlyForHardware = check.group === "hardware tools" || check.group === "npu";
  if (!onlyForHardware) return check;
  if (target === "sim") return check.status === "fail" ? { ...check, status: "warn" } : check;
  const needed = check.status === "absent" && !optionalTools.includes(check.name);
  return needed ? { ...check, status: "fail" } : check;
}
