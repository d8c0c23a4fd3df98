import { AbortedError, type ArgSpec, DeviceError, type Tensor, UsageError } from "@aiekit/core";
import type { Device, Run, Runlist, WaitOptions } from "../device.ts";
import { allocTensor, type DeviceTensor, layoutOf } from "../device-tensor.ts";
import { fillGuard, unwrittenUnits, writtenRange } from "../guard-pattern.ts";
import type { LoadedKernel } from "../load-kernel.ts";
import { type ChainPlan, type ChainStep, type PlannedStep, planChain } from "./chain-plan.ts";
import { type ChainReport, chainReport } from "./chain-report.ts";

export interface ChainOptions {
  readonly device: Device;
  /** By the keys that the steps use. The chain does not close them. */
  readonly kernels: ReadonlyMap<string, LoadedKernel>;
  readonly steps: readonly ChainStep[];
}

export interface ChainRunOptions extends WaitOptions {
  /** Look for rows of outputs that were never written: costs a copy of every output there and back. Off unless set. */
  readonly guard?: boolean | undefined;
}

/**
 * Launches that feed each other through device memory. Arrays are allocated once and keep what they hold from pass to pass:
 * weights are written once, and only what the caller reads comes back to the host. Neighbouring launches of one kernel are
 * submitted as one runlist; launches of different kernels cannot be, since a runlist belongs to one hardware context.
 */
export class LaunchChain {
  readonly plan: ChainPlan;
  readonly #arrays: Map<string, DeviceTensor>;
  readonly #written = new Set<string>();
  readonly #runs: readonly Run[];
  readonly #lists: readonly { readonly list: Runlist; readonly runs: readonly Run[] }[];

  /** Allocates the arrays. @throws what `planChain` throws; DeviceError when there is no memory for them. */
  static async open({ device, kernels, steps }: ChainOptions): Promise<LaunchChain> {
    const plan = planChain({ steps, kernels, generation: device.generation });
    const arrays = new Map<string, DeviceTensor>();
    const runs: Run[] = [];
    try {
      for (const array of plan.arrays) {
        const { kernel, sequence, arg } = array.firstUse;
        arrays.set(array.name, await allocTensor(device, array, kernels.get(kernel)!.groupOf(sequence, arg)));
      }
      for (const { kernel, sequence, args, parameters } of steps) {
        const given = Object.entries(args).map(([arg, name]) => [arg, arrays.get(name)!] as const);
        runs.push(await kernels.get(kernel)!.createRun(sequence, Object.fromEntries(given), parameters));
      }
    } catch (error) {
      for (const array of arrays.values()) array.close();
      throw error;
    }
    return new LaunchChain({ plan, arrays, runs, kernels });
  }

  private constructor({ plan, arrays, runs: all, kernels }: ChainParts) {
    this.plan = plan;
    this.#arrays = arrays;
    this.#runs = all;
    let first = 0;
    this.#lists = plan.runlists.map(({ kernel, steps: members }) => {
      const runs = all.slice(first, first + members.length);
      first += members.length;
      const list = kernels.get(kernel)!.context.createRunlist();
      for (const run of runs) list.add(run);
      return { list, runs };
    });
  }

  /** Gives an array its contents; they stay until a step overwrites them. @throws UsageError, ShapeError. */
  async write(name: string, array: Tensor): Promise<void> {
    await this.#array(name).write(array);
    this.#written.add(name);
  }

  /** The same with the bytes of its whole buffer, for weights that were packed once and kept. @throws UsageError, ShapeError. */
  async writeBuffer(name: string, bytes: Uint8Array): Promise<void> {
    await this.#array(name).writeBuffer(bytes);
    this.#written.add(name);
  }

  /** A copy of an array as it is on the device. */
  async read(name: string): Promise<Tensor> {
    return this.#array(name).read();
  }

  /** The array itself, for another chain or a run of one's own; the chain closes it. */
  array(name: string): DeviceTensor {
    return this.#array(name);
  }

  /**
   * One pass over all steps.
   * @throws UsageError when an input was never written; DeviceError that names the step that failed or left output unwritten.
   */
  async run(options: ChainRunOptions = {}): Promise<ChainReport> {
    const empty = this.plan.arrays.find(({ name, isInput }) => isInput && !this.#written.has(name));
    if (empty !== undefined) {
      throw new UsageError(`chain: nothing was written to the input ${empty.name}`, {
        hint: `chain.write(${JSON.stringify(empty.name)}, array) before the first run`,
      });
    }
    if (options.guard === true) for (const step of this.plan.steps) await this.#fillGuards(step);
    const startMs = performance.now();
    for (const { list, runs } of this.#lists) {
      options.signal?.throwIfAborted();
      list.execute();
      const state = await list.wait(options);
      if (state !== "COMPLETED") this.#fail(runs);
    }
    const wallMs = performance.now() - startMs;
    if (options.guard === true) for (const step of this.plan.steps) await this.#checkWritten(step);
    const runs = this.#runs.map((run) => run.report!);
    return chainReport({ plan: this.plan, runs, wallMs });
  }

  /** Closes the arrays. @throws DeviceError while a pass is under way. */
  close(): void {
    for (const array of this.#arrays.values()) array.close();
    this.#arrays.clear();
  }

  #array(name: string): DeviceTensor {
    const array = this.#arrays.get(name);
    if (array !== undefined) return array;
    throw new UsageError(`chain: no array named ${name}: expected one of ${[...this.#arrays.keys()].join(", ")}`);
  }

  #fail(runs: readonly Run[]): never {
    const run = runs.find(({ state }) => state !== "COMPLETED")!;
    const { step } = this.plan.steps[this.#runs.indexOf(run)]!;
    const what = `chain: step ${step.name} (${step.kernel}, ${step.sequence}) ended as ${run.state}`;
    if (run.error instanceof AbortedError) throw run.error;
    throw new DeviceError(`${what}: ${run.error?.message ?? "no reason given"}`, { cause: run.error });
  }

  async #fillGuards({ step, sequence }: PlannedStep): Promise<void> {
    for (const arg of sequence.args) {
      if (arg.direction !== "out") continue;
      const { bo } = this.#array(step.args[arg.name]!);
      const [start, end] = writtenRange(arg);
      fillGuard(new Uint8Array(bo.map()).subarray(start, end));
      await bo.sync("toDevice", { offsetBytes: start, sizeBytes: end - start });
    }
  }

  async #checkWritten({ step, sequence }: PlannedStep): Promise<void> {
    for (const arg of sequence.args) {
      if (arg.direction !== "out") continue;
      const { bo } = this.#array(step.args[arg.name]!);
      const [start, end] = writtenRange(arg);
      const range = { offsetBytes: start, sizeBytes: end - start };
      await bo.sync("fromDevice", range);
      const judged = byRows(arg);
      const unwritten = unwrittenUnits(bo.read(range), judged);
      if (unwritten.length === 0) continue;
      const rows = judged.shape[0];
      throw new DeviceError(
        `chain: step ${step.name}: output ${arg.name} (${step.args[arg.name]}): ${unwritten.length} of ${rows} rows were never written, first ${unwritten[0]}`,
        { hint: "the run completed, so look at what the design sends to this argument" },
      );
    }
  }
}

interface ChainParts extends Pick<ChainOptions, "kernels"> {
  readonly plan: ChainPlan;
  readonly arrays: Map<string, DeviceTensor>;
  /** One for each step. */
  readonly runs: readonly Run[];
}

/** What a launch may write of an argument's buffer, judged row by row. */
function byRows(arg: ArgSpec): ArgSpec {
  const units = { axis: 0, hop: 1, window: 1 };
  const [rows = 1, ...rest] = layoutOf(arg).padded;
  const shape = [arg.margin === undefined ? rows : (arg.shape[0] ?? 1), ...rest];
  return { ...arg, shape, units: arg.units ?? units };
}
