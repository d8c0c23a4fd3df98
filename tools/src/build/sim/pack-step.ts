import { deviceModel } from "@aiekit/mlir";
import { buildXclbin, encodeSimImage, npuKernelArgs } from "@aiekit/xclbin";
import { sha256 } from "../../cache/sha256.ts";
import type { Step } from "../../plan/step.ts";
import type { CoreProgram } from "../core-programs.ts";
import { startColumns } from "../start-columns.ts";
import { minimumBuffers, xclbinInstanceName, xclbinKernelName } from "../xclbin-kernel.ts";
import { loweredRef, moduleRef, xclbinRef } from "./outputs.ts";

interface PackSource {
  readonly device: string;
  readonly programs: readonly CoreProgram[];
  /** Host buffers of the sequence that has most. */
  readonly bufferCount: number;
  /** Version of the code that packs. */
  readonly codeVersion: string;
}

/** Puts the lowered design and the cores' modules where hardware has its PDI. Equal modules are stored once. */
export function packStep({ device, programs, bufferCount, codeVersion }: PackSource): Step {
  const buffers = Math.max(minimumBuffers, bufferCount);
  return {
    name: xclbinRef.step,
    kind: "pack",
    version: codeVersion,
    inputs: { device, buffers: String(buffers), cores: programs.map(({ col, row }) => `${col},${row}`).join(" ") },
    reads: [loweredRef, ...programs.map(moduleRef)],
    command: `pack lowered.mlir ${programs.map(({ col, row }) => `core-${col}-${row}.wasm`).join(" ")} -o KERNEL.xclbin`,
    run: ({ reads: [lowered, ...linked] }) => {
      const modules: Uint8Array[] = [];
      const indexByHash = new Map<string, number>();
      const cores = programs.map(({ col, row }, i) => {
        const bytes = linked[i] ?? new Uint8Array();
        const hash = sha256(bytes);
        const module = indexByHash.get(hash) ?? modules.push(bytes) - 1;
        indexByHash.set(hash, module);
        return { col, row, module };
      });
      const model = deviceModel(device);
      const xclbin = buildXclbin({
        kernelName: xclbinKernelName,
        instanceName: xclbinInstanceName,
        columns: model.columns,
        startColumns: startColumns(model),
        args: npuKernelArgs(buffers),
        pdi: encodeSimImage({ loweredMlir: new TextDecoder().decode(lowered), device, cores, modules }),
      });
      return new Map([[xclbinRef.output, xclbin]]);
    },
  };
}
