import { AbortedError } from "@aiekit/core";
import { sha256 } from "../cache/sha256.ts";
import type { StepCache } from "../cache/step-cache.ts";
import { orderSteps } from "./order-steps.ts";
import type { BuildEvent, OutputRef, Step, StepOutputs } from "./step.ts";
import { inStep } from "./step-error.ts";

export interface RunStepsOptions {
  readonly cache: StepCache;
  /** Steps that run at once. */
  readonly jobs: number;
  readonly signal?: AbortSignal | undefined;
  readonly onEvent?: ((event: BuildEvent) => void) | undefined;
  /** Sees the outputs of each step, cached ones included, as soon as they are there. */
  readonly onOutputs?: ((step: Step, outputs: StepOutputs) => Promise<void>) | undefined;
  /** Milliseconds, from any origin. */
  readonly now?: (() => number) | undefined;
}

/** Outputs of every step of a finished plan. */
export interface PlanOutputs {
  get(ref: OutputRef): Uint8Array;
}

/**
 * Runs the steps, each after those it reads from and otherwise side by side. A result that the cache holds is taken
 * from there. The first failure stops the rest; nothing runs any more when the promise settles.
 * @throws the failed step's error with the step's name in front of its message; AbortedError when `signal` asks to stop.
 */
export async function runSteps(steps: readonly Step[], options: RunStepsOptions): Promise<PlanOutputs> {
  const { cache, onEvent = () => {}, now = () => performance.now() } = options;
  const stop = new AbortController();
  const signal = options.signal ? AbortSignal.any([options.signal, stop.signal]) : stop.signal;
  const slot = limitConcurrency(options.jobs);
  const results = new Map<string, Promise<StepOutputs>>();
  let failure: { readonly error: unknown } | undefined;

  async function finish(step: Step): Promise<StepOutputs> {
    const reads = await Promise.all(step.reads.map(async (ref) => outputOf(await results.get(ref.step), ref)));
    return slot(async () => {
      signal.throwIfAborted();
      const startMs = now();
      const elapsedMs = (): number => now() - startMs;
      try {
        const key = stepKey(step, reads.map(sha256));
        const cached = await cache.load(key);
        if (cached !== undefined) {
          await options.onOutputs?.(step, cached);
          onEvent({ kind: "cached", step: step.name, durationMs: elapsedMs() });
          return cached;
        }
        onEvent({ kind: "start", step: step.name, command: step.command });
        const outputs = await step.run({ reads, signal });
        signal.throwIfAborted();
        await cache.save(key, outputs);
        await options.onOutputs?.(step, outputs);
        onEvent({ kind: "done", step: step.name, durationMs: elapsedMs() });
        return outputs;
      } catch (cause) {
        const error = inStep(step.name, cause);
        if (!signal.aborted) {
          failure = { error };
          onEvent({ kind: "failed", step: step.name, durationMs: elapsedMs(), error });
          stop.abort(error);
        }
        throw error;
      }
    });
  }

  for (const step of orderSteps(steps)) results.set(step.name, finish(step));
  await Promise.allSettled(results.values());
  if (failure !== undefined) throw failure.error;
  if (options.signal?.aborted) throw new AbortedError("build stopped", { cause: options.signal.reason });

  const done = new Map<string, StepOutputs>();
  for (const [name, outputs] of results) done.set(name, await outputs);
  return { get: (ref) => outputOf(done.get(ref.step), ref) };
}

/** Key of a step's result, from everything the result depends on. `readHashes` belong to `step.reads`, in that order. */
export function stepKey(step: Step, readHashes: readonly string[]): string {
  const inputs = Object.entries(step.inputs).sort(([a], [b]) => (a < b ? -1 : 1));
  return sha256(JSON.stringify({ kind: step.kind, version: step.version, inputs, reads: readHashes }));
}

function outputOf(outputs: StepOutputs | undefined, ref: OutputRef): Uint8Array {
  const bytes = outputs?.get(ref.output);
  if (bytes === undefined) throw new RangeError(`step ${ref.step} has no output ${ref.output}`);
  return bytes;
}

/** A function that runs tasks, at most `jobs` at once, in the order they arrive. */
function limitConcurrency(jobs: number): <T>(task: () => Promise<T>) => Promise<T> {
  let free = Math.max(1, jobs);
  const waiting: (() => void)[] = [];
  return async (task) => {
    if (free === 0) await new Promise<void>((resume) => waiting.push(resume));
    else free--;
    try {
      return await task();
    } finally {
      const next = waiting.shift();
      if (next) next();
      else free++;
    }
  };
}
