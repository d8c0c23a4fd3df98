import { deviceModel } from "@aiekit/mlir";
import { buildPdi, buildXclbin, npuKernelArgs } from "@aiekit/xclbin";
import { aieTranslate } from "../../drivers/aie-translate.ts";
import type { Step } from "../../plan/step.ts";
import { minimumBuffers, xclbinInstanceName, xclbinKernelName } from "../sim/pack-step.ts";
import { startColumns } from "../start-columns.ts";
import { checkCdo } from "./output-checks.ts";
import { cdoRefs, coreListRef, elfRef, pdiRef, targetRef, withElfsRef, xclbinRef } from "./outputs.ts";
import { type CorePlace, deviceSymbol } from "./pass-pipelines.ts";
import { type ToolStepContext, toolStep } from "./tool-step.ts";

export interface PackStepsSource {
  readonly device: string;
  readonly cores: readonly CorePlace[];
  /** Host buffers of the sequence that has most. */
  readonly bufferCount: number;
  readonly codeVersion: string;
}

/** The module and all ELFs -> three CDO files -> PDI -> xclbin. */
export function packSteps(source: PackStepsSource, context: ToolStepContext): readonly Step[] {
  return [cdoStep(source, context), pdiStep(source), xclbinStep(source)];
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
      check: (made, read) => {
        const [elfs, init, enable] = names.map((name) => made.get(name) ?? new Uint8Array());
        const module = new TextDecoder().decode(read.get(withElfsRef.output));
        const routed = /\baie\.(?:connect<|masterset\(|flow\()/.test(module);
        if (elfs && init && enable) checkCdo({ elfs, init, enable }, { cores, routed });
      },
    },
    context,
  );
}

function pdiStep({ codeVersion }: PackStepsSource): Step {
  const names = cdoRefs.map(({ output }) => output);
  return {
    name: pdiRef.step,
    kind: "pdi",
    version: codeVersion,
    inputs: {},
    reads: cdoRefs,
    command: `step pdi ${names.join(" ")} -o ${pdiRef.output}`,
    run: ({ reads }) => new Map([[pdiRef.output, packPdi(reads)]]),
  };
}

function xclbinStep({ device, bufferCount, codeVersion }: PackStepsSource): Step {
  const buffers = Math.max(minimumBuffers, bufferCount);
  return {
    name: xclbinRef.step,
    kind: "pack",
    version: codeVersion,
    inputs: { device, buffers: String(buffers) },
    reads: [pdiRef],
    command: `step xclbin ${pdiRef.output} ${device} ${buffers} -o ${xclbinRef.output}`,
    run: ({ reads: [pdi = new Uint8Array()] }) => new Map([[xclbinRef.output, packXclbin(pdi, device, buffers)]]),
  };
}

/** Packs the CDO files, in the order of `cdoRefs`. */
export function packPdi(cdoFiles: readonly Uint8Array[]): Uint8Array {
  return buildPdi(cdoRefs.map(({ output }, i) => ({ name: output, bytes: cdoFiles[i] ?? new Uint8Array() })));
}

export function packXclbin(pdi: Uint8Array, device: string, buffers: number): Uint8Array {
  const model = deviceModel(device);
  return buildXclbin({
    kernelName: xclbinKernelName,
    instanceName: xclbinInstanceName,
    columns: model.columns,
    startColumns: startColumns(model),
    args: npuKernelArgs(buffers),
    pdi,
  });
}
