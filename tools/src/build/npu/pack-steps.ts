import { aieTranslate } from "../../drivers/aie-translate.ts";
import { checkConfiguration } from "../../packaging/check-configuration.ts";
import type { Packager } from "../../packaging/packager.ts";
import { packagingSteps } from "../../packaging/packaging-steps.ts";
import type { OutputRef, Step } from "../../plan/step.ts";
import { minimumBuffers, xclbinInstanceName, xclbinKernelName } from "../xclbin-kernel.ts";
import { cdoRefs, coreListRef, elfRef, pdiRef, targetRef, withElfsRef, xclbinRef } from "./outputs.ts";
import { type CorePlace, deviceSymbol } from "./pass-pipelines.ts";
import { type ToolStepContext, toolStep } from "./tool-step.ts";

interface PackStepsSource {
  readonly device: string;
  readonly cores: readonly CorePlace[];
  /** Host buffers of the sequence that has most. */
  readonly bufferCount: number;
  readonly packager: Packager;
}

/** The module and all ELFs -> three CDO files -> PDI -> xclbin. */
export function packSteps(source: PackStepsSource, context: ToolStepContext): readonly Step[] {
  const { packager, device, bufferCount } = source;
  const [elfs, init, enable] = cdoRefs as readonly [OutputRef, OutputRef, OutputRef];
  const request = packageRequest(device, Math.max(minimumBuffers, bufferCount));
  const packing = { packager, request, cdo: { elfs, init, enable }, pdi: pdiRef, xclbin: xclbinRef };
  return [cdoStep(source, context), ...packagingSteps(packing)];
}

/** What every xclbin of a build is asked to hold besides its PDI. */
export function packageRequest(device: string, bufferCount: number) {
  const names = { kernelName: xclbinKernelName, instanceName: xclbinInstanceName };
  return { deviceSymbol, device, bufferCount, ...names };
}

function cdoStep({ cores }: PackStepsSource, context: ToolStepContext): Step {
  const names = cdoRefs.map(({ output }) => output);
  return toolStep(
    {
      name: "cdo",
      kind: "cdo",
      command: () => aieTranslate({ kind: "cdo", device: deviceSymbol, workDir: ".", input: withElfsRef.output }),
      reads: [withElfsRef, ...cores.map(elfRef)],
      after: [targetRef, coreListRef],
      writes: names,
      check: (made) => {
        const [elfs, init, enable] = names.map((name) => made.get(name));
        if (elfs && init && enable) checkConfiguration(deviceSymbol, { elfs, init, enable }, cores);
      },
    },
    context,
  );
}
