import type { OutputStream } from "./terminal.ts";

/** One piece of work that the user may have to wait for. */
export interface ProgressTask {
  /** `doneCount` of `totalCount`, or a word about what is going on. */
  update(state: { readonly doneCount: number; readonly totalCount: number } | string): void;
  done(): void;
}

export interface Progress {
  start(label: string): ProgressTask;
}

export interface ProgressOptions {
  readonly stream: OutputStream;
  /** A terminal line that is rewritten; otherwise plain lines, and fewer of them. */
  readonly interactive: boolean;
  readonly nowMs: () => number;
}

// What ends sooner prints nothing.
const quietMs = 1000;
const plainIntervalMs = 5000;
const rewriteIntervalMs = 100;

/** Progress lines for work that takes longer than a second, on stderr. */
export function createProgress(options: ProgressOptions): Progress {
  const { stream, nowMs } = options;
  return {
    start(label: string): ProgressTask {
      const startMs = nowMs();
      let state = "";
      let printedMs: number | undefined;
      const print = (): void => {
        const elapsedMs = nowMs() - startMs;
        if (elapsedMs < quietMs) return;
        const intervalMs = options.interactive ? rewriteIntervalMs : plainIntervalMs;
        if (printedMs !== undefined && nowMs() - printedMs < intervalMs) return;
        printedMs = nowMs();
        const text = `${label}${state === "" ? "" : ` ${state}`} (${Math.round(elapsedMs / 1000)} s)`;
        stream.write(options.interactive ? `\r\u001b[2K${text.slice(0, (stream.columns || 80) - 1)}` : `${text}\n`);
      };
      const timer = setInterval(print, options.interactive ? rewriteIntervalMs : quietMs);
      timer.unref();
      return {
        update(next): void {
          state =
            typeof next === "string"
              ? next
              : `${Math.floor((100 * next.doneCount) / Math.max(1, next.totalCount))} % (${next.doneCount}/${next.totalCount})`;
          print();
        },
        done(): void {
          clearInterval(timer);
          if (options.interactive && printedMs !== undefined) stream.write("\r\u001b[2K");
        },
      };
    },
  };
}
