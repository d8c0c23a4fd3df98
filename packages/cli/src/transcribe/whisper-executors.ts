import {
  type Availability,
  type ExecutorKind,
  referenceExecutor,
  type Tracer,
  type WhisperExecutor,
  type WhisperModel,
  whisperSizes,
} from "@aiekit/pipeline";
import type { CommandContext } from "../command-context.ts";

/** What an executor is opened with. */
export interface ExecutorRequest {
  readonly context: CommandContext;
  readonly model: WhisperModel;
  readonly trace: Tracer;
  readonly threads: number | undefined;
}

/** One way to run a model on this machine. */
export interface ExecutorSource {
  availability(): Promise<Availability>;
  open(request: ExecutorRequest): Promise<WhisperExecutor>;
}

export const executorSources: Readonly<Record<ExecutorKind, ExecutorSource>> = {
  reference: {
    availability: async () => ({ available: true }),
    open: ({ model }) => referenceExecutor(whisperSizes(model.config), (name) => model.tensors.read(name)),
  },
  cpu: missing("onnxruntime is not in this build"),
  sim: missing("the kernels of a whole model are not in this build"),
  xrt: missing("no NPU: the xrt device is not in this build"),
};

/** Of every kind, looked up once. */
export async function availabilities(): Promise<Readonly<Record<ExecutorKind, Availability>>> {
  const found = Object.entries(executorSources).map(async ([kind, source]) => [kind, await source.availability()]);
  return Object.fromEntries(await Promise.all(found)) as Record<ExecutorKind, Availability>;
}

function missing(reason: string): ExecutorSource {
  return {
    availability: async () => ({ available: false, reason }),
    open: () => Promise.reject(new Error(reason)),
  };
}
