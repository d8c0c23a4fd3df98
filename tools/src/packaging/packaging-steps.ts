import type { ToolMissingError } from "@aiekit/core";
import type { MissingTool, OutputRef, Step, StepOutputs } from "../plan/step.ts";
import type { Packager, ToolInputs, XclbinRequest } from "./packager.ts";

export interface PackagingStepsSource {
  readonly packager: Packager;
  readonly request: Omit<XclbinRequest, "pdi">;
  /** The CDO files, made by other steps. */
  readonly cdo: { readonly elfs: OutputRef; readonly init: OutputRef; readonly enable: OutputRef };
  readonly pdi: OutputRef;
  readonly xclbin: OutputRef;
}

/** CDO files -> PDI -> xclbin, as two steps of a build. */
export function packagingSteps({ packager, request, cdo, pdi, xclbin }: PackagingStepsSource): readonly Step[] {
  const { deviceSymbol, device, kernelName, instanceName, bufferCount, dpuKernelId } = request;
  const commands = packager.commands(request);
  const none = new Uint8Array();
  return [
    {
      name: pdi.step,
      kind: "pdi",
      version: packager.versions.pdi,
      inputs: { packager: packager.name, deviceSymbol },
      reads: [cdo.elfs, cdo.init, cdo.enable],
      command: commands.pdi,
      missing: missingTool("bootgen", packager.missing.pdi),
      run: async ({ reads: [elfs = none, init = none, enable = none], signal }) => {
        const files = { elfs, init, enable };
        const packed = await packager.packPdi({ deviceSymbol, cdo: files }, signal);
        return outputsOf(pdi, packed, packager.toolInputs.pdi(request));
      },
    },
    {
      name: xclbin.step,
      kind: "xclbin",
      version: packager.versions.xclbin,
      inputs: {
        packager: packager.name,
        ...{ deviceSymbol, device, kernelName, instanceName },
        ...{ buffers: String(bufferCount), kernelId: String(dpuKernelId ?? "default") },
      },
      reads: [pdi],
      command: commands.xclbin,
      missing: missingTool("xclbinutil", packager.missing.xclbin),
      run: async ({ reads: [bytes = none], signal }) => {
        const packed = await packager.packXclbin({ ...request, pdi: bytes }, signal);
        return outputsOf(xclbin, packed, packager.toolInputs.xclbin({ ...request, pdi: bytes }));
      },
    },
  ];
}

/** The inputs are outputs too, so that whoever keeps them can run the tool again. */
function outputsOf({ output }: OutputRef, made: Uint8Array, inputs: ToolInputs): StepOutputs {
  const texts = Object.entries(inputs).map(([name, text]) => [name, new TextEncoder().encode(text)] as const);
  return new Map([[output, made], ...texts]);
}

function missingTool(tool: string, error: ToolMissingError | undefined): MissingTool | undefined {
  return (
    error && { tool, reason: error.message.replace(`${tool}: `, ""), cure: error.hint ?? `get a ${tool} that works` }
  );
}
