import { dirname } from "node:path";
import {
  type ArgSpec,
  DeviceError,
  describeShape,
  FormatError,
  type Manifest,
  padInto,
  parseManifest,
  type SequenceSpec,
  ShapeError,
  type Tensor,
  tensorBytes,
  UsageError,
} from "@aiekit/core";
import type { Bo, Device, HwContext, Kernel, Run, RunReport, WaitOptions } from "./device.ts";
import { type DeviceTensor, layoutOf, layoutProblem } from "./device-tensor.ts";
import { type ElfKernels, FullElfKernels, ModuleKernels } from "./elf-kernels.ts";
import { checkGivenOutputs, type GivenOutputs, outputOf } from "./given-outputs.ts";
import { fillGuard, unwrittenUnits, writtenRange } from "./guard-pattern.ts";
import { executeInstructions, firstDataArgIndex, instrArgIndex } from "./kernel-args.ts";
import { completeInputs, instsFor, type ParameterValues } from "./launch-parameters.ts";
import { readChecked, readFullElf, readText } from "./manifest-files.ts";
import { targetOf } from "./target-of.ts";

/** Options of one launch; `guard: false` turns off the search for output that was never written. */
export interface LaunchOptions extends WaitOptions {
  readonly guard?: boolean | undefined;
  /** Launch parameters of the sequence by name; the largest value for those left out. */
  readonly parameters?: ParameterValues | undefined;
  /**
   * Tensors that results are written into, each of exactly the manifest's shape; for those left out new ones are made. In a loop
   * it saves the time of new memory, which for small kernels is more than that of the copy.
   */
  readonly outputs?: GivenOutputs | undefined;
}

export interface LaunchReport {
  readonly sequence: string;
  readonly units: number;
  readonly run: RunReport;
}

export interface LaunchResult {
  /** One tensor for each `out` and `inout` argument, in the shape of the sequence's manifest entry: the given one, or a new one. */
  readonly outputs: Readonly<Record<string, Tensor>>;
  readonly report: LaunchReport;
}

/**
 * How runs get their instructions: `insts` from a BO; `elf` from an ELF by XRT's module flow, from the build's file or made
 * of the stream; `full-elf` from the build's full ELF, without the xclbin. `auto` is, on an NPU, what the build has ELFs for,
 * else `insts`.
 */
type InstructionFlow = "auto" | "insts" | "elf" | "full-elf";

interface LoadOptions {
  readonly flow?: InstructionFlow | undefined;
}

/**
 * Reads a manifest, checks the sha256 of the files it names, and gives a kernel that is ready to run on `device`.
 * @throws FormatError for a file that is missing or differs from the manifest; DeviceError when the device refuses the xclbin.
 */
export async function loadKernel(
  device: Device,
  manifestPath: string,
  { flow = "auto" }: LoadOptions = {},
): Promise<LoadedKernel> {
  const startMs = performance.now();
  const manifest = parseManifest(await readText(manifestPath), manifestPath);
  const folder = dirname(manifestPath);
  const target = targetOf(device);
  if (target !== manifest.target) {
    throw new DeviceError(
      `${manifestPath}: built for target ${manifest.target}, the device is ${device.kind} (${device.name})`,
      {
        hint: `build it for this device: aiekit build ${manifest.kernel} --target ${target}`,
      },
    );
  }
  const xclbin = await readChecked(folder, manifest.xclbin);
  const insts = new Map<string, Uint8Array>();
  const elfs = new Map<string, Uint8Array>();
  const usesElfs = flow === "elf" || (flow === "auto" && device.kind === "xrt");
  const usesFullElf =
    flow === "full-elf" || (flow === "auto" && device.kind === "xrt" && manifest.fullElf !== undefined);
  for (const { name, insts: stream, instsElf } of manifest.sequences) {
    insts.set(name, await readChecked(folder, stream));
    if (usesElfs && instsElf !== undefined) elfs.set(name, await readChecked(folder, instsElf));
  }

  const context = usesFullElf
    ? await device.createElfContext(...(await readFullElf(folder, manifest)))
    : await device.createContext(await device.registerXclbin(xclbin, manifest.xclbin.path));
  try {
    const kernelName = manifest.xclbinKernel;
    const elfKernels = usesFullElf
      ? new FullElfKernels({ context, kernelName, insts })
      : flow === "elf" || elfs.size > 0
        ? new ModuleKernels({ context, kernelName, elfs })
        : undefined;
    const kernel = usesFullElf ? undefined : context.kernel(kernelName);
    if (kernel !== undefined) checkArguments(manifest, kernel);
    const loadMs = performance.now() - startMs;
    return new LoadedKernel({ manifest, device, context, kernel, elfKernels, insts, loadMs });
  } catch (error) {
    await context.close();
    throw error;
  }
}

/** A kernel on a device. Its BOs are allocated at the first launch of each sequence and kept until `close`. */
export class LoadedKernel {
  readonly manifest: Manifest;
  readonly device: Device;
  /** Wall time from reading the manifest to the configured context. */
  readonly loadMs: number;
  readonly #context: HwContext;
  /** Of the xclbin; undefined for a full ELF. */
  readonly #kernel: Kernel | undefined;
  readonly #elfKernels: ElfKernels | undefined;
  readonly #insts: ReadonlyMap<string, Uint8Array>;
  readonly #bos = new Map<string, SequenceBos>();
  /** Instructions of runs on device arrays, by sequence and launch parameters. */
  readonly #instrs = new Map<string, Promise<Bo>>();
  #turn: Promise<unknown> = Promise.resolve();

  constructor(parts: LoadedKernelParts) {
    this.manifest = parts.manifest;
    this.device = parts.device;
    this.loadMs = parts.loadMs;
    this.#context = parts.context;
    this.#kernel = parts.kernel;
    this.#elfKernels = parts.elfKernels;
    this.#insts = parts.insts;
  }

  /**
   * Runs one sequence once. `inputs` has a tensor of exactly the manifest's shape for each `in` and `inout` argument, or
   * of fewer rows where a launch parameter counts them.
   * @throws ShapeError or UsageError for wrong inputs or outputs; DeviceError for a run that failed or output never written.
   */
  launch(name: string, inputs: Readonly<Record<string, Tensor>>, options: LaunchOptions = {}): Promise<LaunchResult> {
    // Launches share the BOs of their sequence, so they take turns.
    const result = this.#turn.then(() => this.#launch(name, inputs, options));
    this.#turn = result.catch(() => undefined);
    return result;
  }

  /** How its runs get their instructions. */
  get flow(): Kernel["flow"] {
    return this.#elfKernels?.flow ?? "insts";
  }

  /** Where its runs execute; runs of one runlist are of one context. */
  get context(): HwContext {
    return this.#context;
  }

  /** Instruction stream of a sequence, for these values of its launch parameters. @throws what `instsFor` throws. */
  insts(sequenceName: string, parameters: ParameterValues = {}): Uint8Array {
    const sequence = this.#sequence(sequenceName);
    return instsFor(sequence, this.#insts.get(sequence.name)!, parameters);
  }

  /** Memory group of an argument of a sequence, for `allocTensor`. */
  groupOf(sequenceName: string, argName: string): number {
    const { args } = this.#sequence(sequenceName);
    const index = args.findIndex((arg) => arg.name === argName);
    if (index >= 0) return this.#group(firstDataArgIndex + index);
    throw new UsageError(
      `${this.manifest.kernel}: ${sequenceName}: no argument named ${argName}: expected ${namesOf(args)}`,
    );
  }

  /**
   * A run of a sequence on arrays that are in device memory, not started yet. Its outputs stay there: the next run may have
   * them as inputs. The arrays stay open while it is in flight; nothing is written to or read from the host.
   * Launch parameters that are not given have their largest value. @throws UsageError for an argument that is missing or
   * unknown; ShapeError for an array that does not fit; DeviceError when there is no memory for its instructions.
   */
  async createRun(
    sequenceName: string,
    arrays: Readonly<Record<string, DeviceTensor>>,
    parameters: ParameterValues = {},
  ): Promise<Run> {
    const sequence = this.#sequence(sequenceName);
    const at = `${this.manifest.kernel}: ${sequence.name}`;
    const expected = `expected ${namesOf(sequence.args)}`;
    const unknown = Object.keys(arrays).find((name) => !sequence.args.some((arg) => arg.name === name));
    if (unknown !== undefined) throw new UsageError(`${at}: no argument named ${unknown}: ${expected}`);
    const data = sequence.args.map((arg) => {
      const array = arrays[arg.name];
      if (array === undefined) throw new UsageError(`${at}: argument ${arg.name} is missing: ${expected}`);
      const problem = layoutProblem(array, layoutOf(arg));
      if (problem === undefined) return array.bo;
      throw new ShapeError(`${at}: argument ${arg.name}: ${problem}`, {
        hint: "allocate an array that several kernels share for the one that needs most rows",
      });
    });
    if (this.#elfKernels !== undefined) {
      return this.#elfKernel(sequence, parameters).createRun(...this.#elfKernels.before, ...data);
    }
    const instr = await this.#instr(sequence.name, parameters);
    return this.#kernel!.createRun(executeInstructions, instr, instr.sizeBytes / 4, ...data);
  }

  async close(): Promise<void> {
    await this.#context.close();
    await this.#turn;
    for (const { instr, data } of this.#bos.values()) {
      instr?.close();
      for (const bo of data) bo.close();
    }
    this.#bos.clear();
    // One that the driver has not allocated yet is closed then.
    for (const instr of this.#instrs.values()) {
      instr.then(
        (bo) => bo.close(),
        () => {},
      );
    }
    this.#instrs.clear();
  }

  async #launch(name: string, inputs: Readonly<Record<string, Tensor>>, options: LaunchOptions): Promise<LaunchResult> {
    const sequence = this.#sequence(name);
    checkGivenOutputs(this.manifest.kernel, sequence, options.outputs ?? {});
    const { instr, data } = await this.#sequenceBos(sequence, options);
    const guard = options.guard ?? true;
    const complete = completeInputs(sequence, inputs, options.parameters);
    const changes = sequence.parameters !== undefined || options.parameters !== undefined;
    if (instr !== undefined && changes) {
      instr.write(instsFor(sequence, this.#insts.get(sequence.name)!, complete.parameters));
      await instr.sync("toDevice");
    }
    for (const [i, arg] of sequence.args.entries()) {
      const bo = data[i]!;
      const buffer = new Uint8Array(bo.map());
      if (arg.direction !== "out") padInto(buffer, this.#inputBytes(arg, complete.inputs[arg.name]), arg);
      else if (guard) fillGuard(buffer.subarray(...writtenRange(arg)));
      await bo.sync("toDevice");
    }

    const run =
      instr === undefined
        ? this.#elfKernel(sequence, changes ? complete.parameters : {}).run(...this.#elfKernels!.before, ...data)
        : this.#kernel!.run(executeInstructions, instr, instr.sizeBytes / 4, ...data);
    const report = await run.finish(options);

    const outputs: Record<string, Tensor> = {};
    for (const [i, arg] of sequence.args.entries()) {
      if (arg.direction === "in") continue;
      await data[i]!.sync("fromDevice");
      const bytes = new Uint8Array(data[i]!.map());
      if (guard && arg.direction === "out") this.#checkWritten(sequence, arg, bytes.subarray(...writtenRange(arg)));
      outputs[arg.name] = outputOf(bytes, arg, options.outputs?.[arg.name]);
    }
    return { outputs, report: { sequence: name, units: sequence.units, run: report } };
  }

  #sequence(name: string): SequenceSpec {
    const found = this.manifest.sequences.find((sequence) => sequence.name === name);
    if (found !== undefined) return found;
    const names = this.manifest.sequences.map((sequence) => sequence.name).join(", ");
    throw new UsageError(`${this.manifest.kernel}: no sequence named ${name}: expected one of ${names}`);
  }

  async #sequenceBos(sequence: SequenceSpec, limits: WaitOptions): Promise<SequenceBos> {
    const known = this.#bos.get(sequence.name);
    if (known !== undefined) return known;
    const { timeoutMs, signal } = limits;
    const instr =
      this.#elfKernels === undefined ? await this.#newInstr(this.#insts.get(sequence.name)!, limits) : undefined;
    const data: Bo[] = [];
    try {
      for (const [i, arg] of sequence.args.entries()) {
        const group = this.#group(firstDataArgIndex + i);
        data.push(await this.device.allocBo(arg.bytes, { flags: "hostOnly", group, timeoutMs, signal }));
      }
    } catch (error) {
      instr?.close();
      for (const bo of data) bo.close();
      throw error;
    }
    const bos = { instr, data };
    this.#bos.set(sequence.name, bos);
    return bos;
  }

  #instr(sequenceName: string, parameters: ParameterValues): Promise<Bo> {
    const key = `${sequenceName} ${JSON.stringify(Object.entries(parameters).sort())}`;
    const known = this.#instrs.get(key);
    if (known !== undefined) return known;
    const made = this.#newInstr(this.insts(sequenceName, parameters));
    this.#instrs.set(key, made);
    made.catch(() => this.#instrs.delete(key));
    return made;
  }

  /** These instructions where the device reads them. */
  async #newInstr(insts: Uint8Array, { timeoutMs, signal }: WaitOptions = {}): Promise<Bo> {
    const group = this.#group(instrArgIndex);
    const instr = await this.device.allocBo(insts.length, { flags: "cacheable", group, timeoutMs, signal });
    instr.write(insts);
    try {
      await instr.sync("toDevice");
    } catch (error) {
      instr.close();
      throw error;
    }
    return instr;
  }

  /** Memory group of an argument of the xclbin's kernel; a full ELF has one for all. */
  #group(index: number): number {
    return this.#kernel?.groupId(index) ?? 0;
  }

  #elfKernel({ name }: SequenceSpec, parameters: ParameterValues): Kernel {
    return this.#elfKernels!.kernel(name, parameters, () => this.insts(name, parameters));
  }

  #inputBytes(arg: ArgSpec, input: Tensor | undefined): Uint8Array {
    const expected = describeShape(arg.dtype, arg.shape);
    const at = `${this.manifest.kernel}: input ${arg.name}`;
    if (input === undefined) throw new UsageError(`${at} is missing: expected ${expected}`);
    const got = describeShape(input.dtype, input.shape);
    if (got !== expected) throw new ShapeError(`${at}: expected ${expected}, got ${got}`);
    return tensorBytes(input);
  }

  #checkWritten(sequence: SequenceSpec, arg: ArgSpec, bytes: Uint8Array): void {
    const unwritten = unwrittenUnits(bytes, arg);
    if (unwritten.length === 0) return;
    const what =
      arg.units === undefined ? "" : ` (${unwritten.length} of ${sequence.units} units, first ${unwritten[0]})`;
    throw new DeviceError(`${this.manifest.kernel}: ${sequence.name}: output ${arg.name} was never written${what}`, {
      hint: "the run completed, so look at what the design sends to this argument: fifo, runtime sequence, argument order",
    });
  }
}

/** @throws FormatError for a sequence with more arguments than the xclbin's kernel takes. */
function checkArguments(manifest: Manifest, kernel: Kernel): void {
  const buffers = kernel.args.length - firstDataArgIndex;
  for (const { name, args } of manifest.sequences) {
    const [beyond] = args.slice(buffers);
    if (beyond === undefined) continue;
    throw new FormatError(
      `${manifest.kernel}: sequence ${name} has ${args.length} arguments, kernel ${kernel.name} of ${manifest.xclbin.path} takes ${buffers} buffers: there is no argument ${firstDataArgIndex + buffers} for ${beyond.name}`,
      { hint: `manifest and xclbin are of different builds: aiekit build ${manifest.kernel} --force` },
    );
  }
}

const namesOf = (args: readonly ArgSpec[]): string => args.map((arg) => arg.name).join(", ");

interface LoadedKernelParts {
  readonly manifest: Manifest;
  readonly device: Device;
  readonly context: HwContext;
  readonly kernel: Kernel | undefined;
  /** Where runs get their instructions from ELFs. */
  readonly elfKernels: ElfKernels | undefined;
  readonly insts: ReadonlyMap<string, Uint8Array>;
  readonly loadMs: number;
}

interface SequenceBos {
  /** Undefined where the instructions are in ELFs. */
  readonly instr: Bo | undefined;
  /** In the order of the sequence's arguments. */
  readonly data: readonly Bo[];
}
