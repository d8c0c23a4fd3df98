import { bytesSource, type ExecutorKind, type Placement, publishedOptions, type Transcription } from "@aiekit/pipeline";
import { Bench } from "tinybench";
import type { CommandContext } from "../command-context.ts";
import { openTranscriber } from "../transcribe/open-transcriber.ts";
import type { Precision } from "../transcribe/whisper-executors.ts";

/** A model on its way from one sound to text. */
interface RtfRequest {
  readonly folder: string;
  readonly encoder: ExecutorKind;
  readonly decoder: ExecutorKind;
  readonly threads: number | undefined;
  /** How weights are held; the executors' own where undefined. */
  readonly precision: Precision | undefined;
  readonly seconds: number;
  readonly wav: Uint8Array;
  /** Warm passes go on for so long, and are `leastPasses` or more. */
  readonly budgetMs: number;
}

export interface RtfRun {
  readonly placement: Placement;
  readonly seconds: number;
  /** Opening the model and what runs it. */
  readonly openMs: number;
  /** The first pass; graphs and kernels may be in their caches on disk. */
  readonly cold: Transcription;
  readonly warm: readonly Transcription[];
}

const leastPasses = 3;
const language = "en";

/** Opens the model anew, transcribes once cold, then again and again. Text that changes from pass to pass is no result. */
export async function rtfRun(context: CommandContext, request: RtfRequest): Promise<RtfRun> {
  const { seconds, wav, budgetMs, ...placed } = request;
  const { transcriber, placement, openMs } = await openTranscriber(context, {
    ...placed,
    npu: undefined,
    fallback: undefined,
    wrap: (executor) => executor,
  });
  const options = { ...publishedOptions, language, temperatures: [0] };
  const pass = () => transcriber.transcribe(bytesSource(wav, "the samples"), options);
  try {
    const cold = await pass();
    const warm: Transcription[] = [];
    const runner = new Bench({ iterations: leastPasses, time: budgetMs, warmup: false, throws: true });
    runner.add("pass", async () => {
      context.signal.throwIfAborted();
      warm.push(await pass());
    });
    await runner.run();
    return { placement, seconds, openMs, cold, warm };
  } finally {
    await transcriber.close();
  }
}
