import { AbortedError, UsageError } from "@aiekit/core";
import type { OnnxRuntime, OrtSession } from "./onnx-runtime.ts";

/** Sessions over graphs, opened when they are first asked for. */
export interface GraphSessions {
  readonly runtime: OnnxRuntime;
  /** @throws AbortedError after a stop, UsageError after `close`. */
  open(path: string): Promise<OrtSession>;
  close(): Promise<void>;
}

export interface SessionOptions {
  /** Threads of one product; as many as the machine has cores where left out. */
  readonly threads?: number | undefined;
  /** Looked at between runs; one run is not stopped. */
  readonly signal?: AbortSignal | undefined;
}

export function graphSessions(runtime: OnnxRuntime, { threads, signal }: SessionOptions): GraphSessions {
  if (threads !== undefined && !(Number.isSafeInteger(threads) && threads >= 1)) {
    throw new UsageError(`cpu: threads: expected a positive integer, got ${threads}`);
  }
  const sessions = new Map<string, Promise<OrtSession>>();
  let closed = false;
  return {
    runtime,
    async open(path) {
      if (closed) throw new UsageError("cpu: the executor is closed");
      if (signal?.aborted) throw new AbortedError();
      const session = sessions.get(path) ?? runtime.InferenceSession.create(path, runtimeOptions(threads));
      sessions.set(path, session);
      return session;
    },
    async close() {
      closed = true;
      const opened = [...sessions.values()];
      sessions.clear();
      for (const session of await Promise.allSettled(opened)) {
        if (session.status === "fulfilled") await session.value.release();
      }
    },
  };
}

function runtimeOptions(threads: number | undefined): Readonly<Record<string, unknown>> {
  return {
    executionProviders: ["cpu"],
    graphOptimizationLevel: "all",
    executionMode: "sequential",
    interOpNumThreads: 1,
    // Errors only: what is thrown says what is wrong.
    logSeverityLevel: 3,
    ...(threads !== undefined && { intraOpNumThreads: threads }),
  };
}
