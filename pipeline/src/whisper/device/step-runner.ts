import { AbortedError, DeviceError, type Tensor, UsageError } from "@aiekit/core";
import {
  type ArrayLayout,
  allocTensor,
  type ChainStep,
  type DeviceTensor,
  type LoadedKernel,
  layoutOf,
  planChain,
  type Run,
} from "@aiekit/host";
import type { DeviceBuild } from "./device-builds.ts";
import type { KernelPool } from "./kernel-pool.ts";
import type { DevicePart, DeviceTracer } from "./launch-trace.ts";

/** Arrays on the device by the names that steps use. */
export type DeviceArrays = Map<string, DeviceTensor>;

/** Launches that feed each other, of one part of the model. */
interface StepsOfPart {
  readonly part: DevicePart;
  readonly steps: readonly ChainStep[];
}

interface RunnerOptions {
  readonly pool: KernelPool;
  /** By the names that steps use for kernels. */
  readonly builds: ReadonlyMap<string, DeviceBuild>;
  readonly tracer?: DeviceTracer | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Shape of an array with its buffer, and where its memory has to be. */
export interface ArraySpace {
  readonly layout: ArrayLayout;
  readonly group: number;
}

/** What an array holds before the first launch. */
export interface ArrayContent {
  readonly name: string;
  readonly space: ArraySpace;
  readonly content: Tensor;
}

interface Traffic {
  readonly bytesToArray: number;
  readonly bytesFromArray: number;
}

/** Runs steps on arrays that the caller holds. Neighbours of one kernel are one runlist, since that belongs to one context. */
export class StepRunner {
  readonly #options: RunnerOptions;
  readonly #traffic = new Map<string, Traffic>();
  #turn: Promise<unknown> = Promise.resolve();

  constructor(options: RunnerOptions) {
    this.#options = options;
  }

  /** What the arrays of these steps have to be, by name: as many rows as the step that needs most. */
  spaces(steps: readonly ChainStep[]): Promise<ReadonlyMap<string, ArraySpace>> {
    return this.#inTurn(() => this.#spaces(steps));
  }

  /** An array of zeros. @throws DeviceError where there is no memory for it. */
  async alloc({ layout, group }: ArraySpace): Promise<DeviceTensor> {
    return allocTensor(this.#options.pool.device, layout, group);
  }

  /** Adds arrays with these contents, those that are not there yet: users of the same weights may ask at the same time. */
  load(arrays: DeviceArrays, contents: readonly ArrayContent[]): Promise<void> {
    return this.#inTurn(async () => {
      for (const { name, space, content } of contents) {
        if (arrays.has(name)) continue;
        const array = await this.alloc(space);
        arrays.set(name, array);
        await array.write(content);
      }
    });
  }

  /** @throws DeviceError that names the step that failed; ShapeError for an array that does not fit its argument. */
  run(steps: StepsOfPart, array: (name: string) => DeviceTensor): Promise<void> {
    return this.#inTurn(() => this.#run(steps, array));
  }

  /** Who comes second must not have the context of who runs handed back. */
  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#turn.then(work);
    this.#turn = result.catch(() => undefined);
    return result;
  }

  async #spaces(steps: readonly ChainStep[]): Promise<ReadonlyMap<string, ArraySpace>> {
    const spaces = new Map<string, ArraySpace>();
    for (const [at, step] of steps.entries()) {
      const kernel = await this.#kernel(step.kernel, steps.slice(at));
      for (const arg of sequenceOf(kernel, step).args) {
        const name = step.args[arg.name]!;
        const [known, layout] = [spaces.get(name), layoutOf(arg)];
        const group = known?.group ?? kernel.groupOf(step.sequence, arg.name);
        spaces.set(name, { layout: known === undefined ? layout : withRows(known.layout, layout), group });
      }
    }
    return spaces;
  }

  async #run({ part, steps }: StepsOfPart, array: (name: string) => DeviceTensor): Promise<void> {
    const { signal, tracer } = this.#options;
    let done = 0;
    for (const group of neighbours(steps)) {
      signal?.throwIfAborted();
      const kernel = await this.#kernel(group[0]!.kernel, steps.slice(done));
      done += group.length;
      const runs: Run[] = [];
      for (const { sequence, args, parameters } of group) {
        const given = Object.entries(args).map(([arg, name]) => [arg, array(name)] as const);
        runs.push(await kernel.createRun(sequence, Object.fromEntries(given), parameters));
      }
      const list = kernel.context.createRunlist();
      for (const run of runs) list.add(run);
      list.execute();
      if ((await list.wait({ signal })) !== "COMPLETED") fail(group, runs);
      if (tracer?.onLaunch === undefined) continue;
      for (const [i, step] of group.entries()) this.#heard(part, step, { kernel, run: runs[i]! });
    }
  }

  /** `next`: steps that will run in this order. */
  #kernel(name: string, next: readonly ChainStep[]): Promise<LoadedKernel> {
    const build = this.#options.builds.get(name);
    if (build !== undefined) return this.#options.pool.get(name, build, new Set(next.map(({ kernel }) => kernel)));
    throw new UsageError(`device: no build ${name}: expected ${[...this.#options.builds.keys()].join(", ")}`);
  }

  #heard(part: DevicePart, step: ChainStep, { kernel, run }: { kernel: LoadedKernel; run: Run }): void {
    const { name, sequence, parameters = {} } = step;
    const { wallMs, modelled = null } = run.report!;
    const { bytesToArray, bytesFromArray } = this.#trafficOf(step, kernel);
    this.#options.tracer?.onLaunch?.({
      part,
      step: name,
      kernel: kernel.manifest.kernel,
      sequence,
      parameters,
      bytesToArray,
      bytesFromArray,
      wallMs,
      modelled,
    });
  }

  #trafficOf(step: ChainStep, kernel: LoadedKernel): Traffic {
    const key = JSON.stringify([step.kernel, step.sequence, step.parameters]);
    const known = this.#traffic.get(key);
    if (known !== undefined) return known;
    const kernels = new Map([[step.kernel, kernel]]);
    const { generation } = this.#options.pool.device;
    const { bytesToArray, bytesFromArray } = planChain({ steps: [step], kernels, generation }).steps[0]!;
    this.#traffic.set(key, { bytesToArray, bytesFromArray });
    return { bytesToArray, bytesFromArray };
  }
}

function sequenceOf({ manifest }: LoadedKernel, { name, kernel, sequence }: ChainStep) {
  const found = manifest.sequences.find((one) => one.name === sequence);
  if (found !== undefined) return found;
  throw new UsageError(`device: step ${name}: ${kernel} has no sequence ${sequence}`);
}

/** The layout with the rows of the larger one. */
function withRows(one: ArrayLayout, other: ArrayLayout): ArrayLayout {
  const rows = Math.max(one.padded[0] ?? 1, other.padded[0] ?? 1);
  return { ...one, padded: [rows, ...one.padded.slice(1)] };
}

function neighbours(steps: readonly ChainStep[]): ChainStep[][] {
  const groups: ChainStep[][] = [];
  for (const step of steps) {
    const last = groups.at(-1);
    if (last?.[0]?.kernel === step.kernel) last.push(step);
    else groups.push([step]);
  }
  return groups;
}

function fail(steps: readonly ChainStep[], runs: readonly Run[]): never {
  const at = runs.findIndex(({ state }) => state !== "COMPLETED");
  const { error, state } = runs[at]!;
  if (error instanceof AbortedError) throw error;
  const { name, kernel, sequence } = steps[at]!;
  const what = `device: ${name} (${kernel}, ${sequence}) ended as ${state}: ${error?.message ?? "no reason given"}`;
  throw new DeviceError(what, { cause: error });
}

/** Closes arrays; those of the same memory as another one belong behind it. */
export function closeArrays(arrays: DeviceArrays): void {
  for (const array of arrays.values()) array.close();
  arrays.clear();
}
