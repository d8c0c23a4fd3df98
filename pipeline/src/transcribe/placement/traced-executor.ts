import { AbortedError, type Tensor } from "@aiekit/core";
import type { ClockMs } from "../../features.ts";
import type { DecoderSession, WhisperExecutor } from "../../whisper/executor.ts";
import type { Tracer } from "../trace.ts";

export interface TracedOptions {
  readonly trace: Tracer;
  readonly clockMs: ClockMs;
  /** Looked at before every window and every token. */
  readonly signal?: AbortSignal | undefined;
}

/** An executor whose windows and tokens are told and timed. @throws AbortedError from its calls when the signal says so. */
export function tracedExecutor(executor: WhisperExecutor, options: TracedOptions): WhisperExecutor {
  const { trace, clockMs, signal } = options;
  const { name } = executor;
  const timed = async <T>(work: () => Promise<T>, told: (ms: number) => void): Promise<T> => {
    if (signal?.aborted) throw new AbortedError("transcription: stopped");
    const startMs = clockMs();
    const result = await work();
    told(clockMs() - startMs);
    return result;
  };
  const fed = <T>(tokens: number, work: () => Promise<T>) =>
    timed(work, (ms) => trace({ kind: "tokens", part: "decoder", executor: name, tokens, ms }));
  return {
    name,
    config: executor.config,
    ...(executor.melFeatures === undefined
      ? {}
      : {
          melFeatures: (pcm: Tensor<"i16">) =>
            timed(
              () => executor.melFeatures!(pcm),
              () => {},
            ),
        }),
    encode: (features) =>
      timed(
        () => executor.encode(features),
        (ms) => trace({ kind: "window", part: "encoder", executor: name, ms }),
      ),
    // What a session computes when it is opened, keys and values of the window, is the decoder's time, without a token.
    decode: async (state, decoderOptions) =>
      tracedSession(await fed(0, () => executor.decode(state, decoderOptions)), fed),
    close: () => executor.close(),
  };
}

type Fed = <T>(tokens: number, work: () => Promise<T>) => Promise<T>;

function tracedSession(session: DecoderSession, fed: Fed): DecoderSession {
  return {
    get rows() {
      return session.rows;
    },
    get length() {
      return session.length;
    },
    prefill: (tokens, at) => fed(tokens.length, () => session.prefill(tokens, at)),
    step: (tokens) => fed(tokens.length, () => session.step(tokens)),
    reorder: (sources) => session.reorder(sources),
    crossAttention: (row) => session.crossAttention(row),
    close: () => session.close(),
  };
}
