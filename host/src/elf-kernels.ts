import { UsageError } from "@aiekit/core";
import { writeInstsElf } from "@aiekit/xclbin";
import type { HwContext, Kernel } from "./device.ts";
import { executeInstructions } from "./kernel-args.ts";
import type { ParameterValues } from "./launch-parameters.ts";

/** A loaded kernel's sequences as kernels whose instructions are in ELFs. */
export interface ElfKernels {
  readonly flow: "elf" | "full-elf";
  /** What a run passes before its buffers. */
  readonly before: readonly number[];
  /** `insts` gives the sequence's stream for these parameters. */
  kernel(sequence: string, parameters: ParameterValues, insts: () => Uint8Array): Kernel;
}

interface ModuleKernelsSource {
  readonly context: HwContext;
  readonly kernelName: string;
  /** ELFs of a build, by sequence; made of the stream where one is missing. */
  readonly elfs: ReadonlyMap<string, Uint8Array>;
}

/** One kernel of XRT's module flow for each sequence and choice of launch parameters, kept with their context. */
export class ModuleKernels implements ElfKernels {
  readonly flow = "elf";
  /** The opcode, no BO of instructions, no length. */
  readonly before = [executeInstructions, 0, 0];
  readonly #source: ModuleKernelsSource;
  readonly #kernels = new Map<string, Kernel>();

  constructor(source: ModuleKernelsSource) {
    this.#source = source;
  }

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

interface FullElfKernelsSource {
  readonly context: HwContext;
  readonly kernelName: string;
  /** Streams of the build, by sequence: those that are in the ELF. */
  readonly insts: ReadonlyMap<string, Uint8Array>;
}

/** The instances of a full ELF's kernel, one for each sequence. */
export class FullElfKernels implements ElfKernels {
  readonly flow = "full-elf";
  readonly before: readonly number[] = [];
  readonly #source: FullElfKernelsSource;
  readonly #kernels = new Map<string, Kernel>();

  constructor(source: FullElfKernelsSource) {
    this.#source = source;
  }

  /** @throws UsageError for launch parameters that ask for another stream than the ELF has. */
  kernel(sequence: string, _parameters: ParameterValues, insts: () => Uint8Array): Kernel {
    const { context, kernelName, insts: built } = this.#source;
    if (insts() !== built.get(sequence)) {
      throw new UsageError(
        `${sequence}: launch parameters other than the largest need another stream than the full ELF has`,
        {
          hint: 'load the kernel with { flow: "elf" } or { flow: "insts" }',
        },
      );
    }
    const known = this.#kernels.get(sequence) ?? context.kernel(`${kernelName}:${sequence}`);
    this.#kernels.set(sequence, known);
    return known;
  }
}
