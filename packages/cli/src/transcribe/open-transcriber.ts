import { UsageError } from "@aiekit/core";
import {
  choosePlacement,
  type ExecutorKind,
  openWhisperModel,
  type Placement,
  type PlacementRequest,
  placedExecutor,
  recoveringExecutor,
  TraceLog,
  Transcriber,
  tracedExecutor,
  type WhisperExecutor,
} from "@aiekit/pipeline";
import type { CommandContext } from "../command-context.ts";
import { availabilities, executorSources, type Precision } from "./whisper-executors.ts";

interface TranscriberRequest extends PlacementRequest {
  readonly folder: string;
  /** What goes on after a fault of a device; none where undefined. */
  readonly fallback: ExecutorKind | undefined;
  readonly threads: number | undefined;
  readonly precision: Precision | undefined;
  readonly npu: "npu1" | "npu2" | undefined;
  /** cpu runs the ONNX export in the model's folder whose files end so before `.onnx`; none where undefined. */
  readonly exported?: string | undefined;
  /** Seen from outside of everything else; for dumps. */
  readonly wrap: (executor: WhisperExecutor) => WhisperExecutor;
}

export interface OpenTranscriber {
  readonly transcriber: Transcriber;
  readonly placement: Placement;
  /** Wall time of opening the model and what runs it. */
  readonly openMs: number;
}

/**
 * Opens a model where it is to run; a fall-back is opened when it is needed.
 * @throws ModelFolderError, DeviceUnavailableError, and what the executors throw.
 */
export async function openTranscriber(context: CommandContext, request: TranscriberRequest): Promise<OpenTranscriber> {
  const clockMs = () => performance.now();
  const { fallback, wrap, folder, device, encoder, decoder } = request;
  const available = await availabilities(context, askedFor(request));
  const placement = choosePlacement({ device, encoder, decoder }, available);
  if (fallback !== undefined) choosePlacement({ device: fallback }, available);
  const startMs = clockMs();
  const model = await openWhisperModel(folder, { withoutWeights: request.exported !== undefined });
  const log = new TraceLog();
  const open = async (kind: ExecutorKind): Promise<WhisperExecutor> => {
    if (kind !== "cpu" && model.tensors.places.size === 0) {
      throw new UsageError(`--exported: ${kind} needs model.safetensors, which ${folder} does not have`, {
        hint: "--device cpu runs the export",
      });
    }
    const executor = await executorSources[kind].open({ ...request, context, model, trace: log.record });
    return tracedExecutor(executor, { trace: log.record, clockMs, signal: context.signal });
  };
  try {
    const first = await open(placement.encoder);
    const second = placement.decoder === placement.encoder ? first : await open(placement.decoder);
    const placed = placedExecutor({ encoder: first, decoder: second });
    const executor =
      fallback === undefined
        ? placed
        : recoveringExecutor(placed, {
            open: () => open(fallback),
            onFallback: (event) => {
              log.record({ kind: "fallback", ...event });
              context.stderr.write(`${event.from} failed: ${event.reason}\ngoing on with ${event.to}\n`);
            },
          });
    const parts = { model, executor: wrap(executor), trace: log, clockMs, signal: context.signal };
    return { transcriber: new Transcriber(parts), placement, openMs: clockMs() - startMs };
  } catch (error) {
    await model.close();
    throw error;
  }
}

function askedFor({ device = "auto", encoder = device, decoder = device, fallback }: TranscriberRequest) {
  const named = [encoder, decoder, ...(fallback === undefined ? [] : [fallback])];
  // auto tries these, and always has the reference.
  return new Set(named.flatMap((kind): ExecutorKind[] => (kind === "auto" ? ["xrt", "cpu", "reference"] : [kind])));
}
