import { writeInstsElf } from "@aiekit/xclbin";
import type { HwContext, Kernel } from "./device.ts";
import { executeInstructions } from "./kernel-args.ts";
import type { ParameterValues } from "./launch-parameters.ts";

/** What a run passes before its buffers when its instructions are in an ELF: the opcode, no BO of instructions, no length. */
export const moduleArgs = [executeInstructions, 0, 0] as const;

export interface ModuleKernelsSource {
  readonly context: HwContext;
  readonly kernelName: string;
  /** ELFs of a build, by sequence; made of the stream where one is missing. */
  readonly elfs: ReadonlyMap<string, Uint8Array>;
}

/** Kernels with instructions in ELFs: one for each sequence and choice of launch parameters, kept with their context. */
export class ModuleKernels {
  readonly #source: ModuleKernelsSource;
  readonly #kernels = new Map<string, Kernel>();

  constructor(source: ModuleKernelsSource) {
    this.#source = source;
  }

  /** `insts` gives the sequence's stream for these parameters, of which an ELF is made where the build has none for them. */
  kernel(sequence: string, parameters: ParameterValues, insts: () => Uint8Array): Kernel {
    const chosen = Object.entries(parameters).sort();
    const key = `${sequence} ${JSON.stringify(chosen)}`;
    const known = this.#kernels.get(key);
    if (known !== undefined) return known;
    const { context, kernelName, elfs } = this.#source;
    const built = chosen.length === 0 ? elfs.get(sequence) : undefined;
    const name = `ELF of ${sequence}`;
    const made = context.moduleKernel(kernelName, built ?? writeInstsElf(insts(), name), name);
    this.#kernels.set(key, made);
    return made;
  }
}
