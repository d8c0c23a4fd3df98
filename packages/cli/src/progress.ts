import type { OutputStream } from "./terminal.ts";

/** One piece of work that the user may have to wait for. */
interface ProgressTask {
  /** `doneCount` of `totalCount`, or words about what is going on, made when they are printed where they hold times. */
  update(state: { readonly doneCount: number; readonly totalCount: number } | string | (() => string)): void;
  done(): void;
}

export interface Progress {
  start(label: string): ProgressTask;
}

interface ProgressOptions {
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
      let state = (): string => "";
      let printedMs: number | undefined;
      const print = (): void => {
        const elapsedMs = nowMs() - startMs;
        if (elapsedMs < quietMs) return;
        const intervalMs = options.interactive ? rewriteIntervalMs : plainIntervalMs;
        if (printedMs !== undefined && nowMs() - printedMs < intervalMs) return;
        printedMs = nowMs();
        const words = state();
        const text = `${label}${words === "" ? "" : ` ${words}`} (${Math.round(elapsedMs / 1000)} s)`;
        stream.write(options.interactive ? `\r\u001b[2K${text.slice(0, (stream.columns || 80) - 1)}` : `${text}\n`);
      };
      const timer = setInterval(print, options.interactive ? rewriteIntervalMs : quietMs);
      timer.unref();
      return {
        update(next): void {
          state = typeof next === "function" ? next : () => (typeof next === "string" ? next : percent(next));
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

function percent({ doneCount, totalCount }: { readonly doneCount: number; readonly totalCount: number }): string {
  return `${Math.floor((100 * doneCount) / Math.max(1, totalCount))} % (${doneCount}/${totalCount})`;
}
