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
import { cpuSource } from "./cpu-source.ts";
import { deviceSource } from "./device-source.ts";

/** What an executor is opened with. */
export interface ExecutorRequest {
  readonly context: CommandContext;
  readonly model: WhisperModel;
  readonly trace: Tracer;
  /** Of cpu. */
  readonly threads: number | undefined;
  /** How weights are held; the executor's own when undefined. */
  readonly precision: Precision | undefined;
  /** Array that sim stands for. */
  readonly npu: "npu1" | "npu2" | undefined;
  /** cpu runs the ONNX export in the model's folder whose files end so before `.onnx`; none where undefined. */
  readonly exported?: string | undefined;
}

/** cpu has f32 and int8, sim and xrt have bf16 and int8. */
const precisions = ["f32", "bf16", "int8"] as const;
export type Precision = (typeof precisions)[number];

/** One way to run a model on this machine. */
export interface ExecutorSource {
  availability(context: CommandContext): Promise<Availability>;
  /** @throws UsageError for a precision that it does not have, and for a model that it cannot run. */
  open(request: ExecutorRequest): Promise<WhisperExecutor>;
}

export const executorSources: Readonly<Record<ExecutorKind, ExecutorSource>> = {
  reference: {
    availability: async () => ({ available: true }),
    open: ({ model }) => referenceExecutor(whisperSizes(model.config), (name) => model.tensors.read(name)),
  },
  cpu: cpuSource,
  sim: deviceSource("sim"),
  xrt: deviceSource("xrt"),
};

/** Of the kinds that are asked for; looking for one may load a library. */
export async function availabilities(
  context: CommandContext,
  asked: ReadonlySet<ExecutorKind>,
): Promise<Readonly<Record<ExecutorKind, Availability>>> {
  const found = Object.entries(executorSources).map(async ([kind, source]): Promise<[string, Availability]> => {
    const isAsked = asked.has(kind as ExecutorKind);
    return [kind, isAsked ? await source.availability(context) : { available: false, reason: "not looked for" }];
  });
  return Object.fromEntries(await Promise.all(found)) as Record<ExecutorKind, Availability>;
}
