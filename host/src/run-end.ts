import { AbortedError, DeviceError } from "@aiekit/core";
import type { WaitOptions } from "./device.ts";

interface EndOptions extends WaitOptions {
  /** Ends the run for its caller. */
  readonly giveUp: (state: "ABORT" | "TIMEOUT", error: Error) => void;
  /** What to do about a time limit that was too short. */
  readonly hint: string;
}

/** Waits until a run has ended, which it does at the latest when the time is up or the signal comes. */
export async function runEnd(
  ended: () => Promise<void>,
  { timeoutMs, signal, giveUp, hint }: EndOptions,
): Promise<void> {
  const abort = () => giveUp("ABORT", new AbortedError("run: stopped before its end"));
  const late = () => giveUp("TIMEOUT", new DeviceError(`run: not finished after ${timeoutMs} ms`, { hint }));
  const timer = timeoutMs === undefined ? undefined : setTimeout(late, timeoutMs);
  if (signal?.aborted) abort();
  else signal?.addEventListener("abort", abort, { once: true });
  try {
    await ended();
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", abort);
  }
}
