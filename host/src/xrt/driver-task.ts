import { AbortedError, DeviceError } from "@aiekit/core";
import type { WaitOptions } from "../device.ts";
import type { NativeTask } from "./native-addon.ts";

export interface TaskOptions extends WaitOptions {
  /** What it does, for messages: `BO: 64 bytes`. */
  readonly what: string;
  /** What follows when the driver does not answer in time. */
  readonly hint: string;
  /** It was given up; its promise is rejected when the driver has answered. */
  readonly onGivenUp?: () => void;
}

/**
 * Waits for something that the driver does. When the time is over or the signal comes it is given up: what hangs stays in
 * memory until the driver answers, and is freed then.
 * @throws DeviceError when the time is over, AbortedError for the signal; otherwise what the task throws.
 */
export async function taskEnd<T>(
  task: NativeTask<T>,
  { timeoutMs, signal, what, hint, onGivenUp }: TaskOptions,
): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  let abort = () => {};
  const over = new Promise<never>((_, reject) => {
    const giveUp = (error: Error) => {
      task.giveUp();
      onGivenUp?.();
      reject(error);
    };
    abort = () => giveUp(new AbortedError(`${what}: stopped before its end`));
    const late = () => giveUp(new DeviceError(`${what}: not finished after ${timeoutMs} ms`, { hint }));
    if (timeoutMs !== undefined) timer = setTimeout(late, timeoutMs);
    if (signal?.aborted) abort();
    else signal?.addEventListener("abort", abort, { once: true });
  });
  try {
    return await Promise.race([task.promise, over]);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", abort);
  }
}
