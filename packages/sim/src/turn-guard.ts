import { createContext, Script } from "node:vm";

/** How a guarded piece of work ended: by itself, by its time limit, or by Ctrl-C. */
export type GuardedEnd = "ended" | "limit" | "interrupted";

const box: { work: () => void } = { work: () => undefined };
const context = createContext(box);
const script = new Script("work()");

/**
 * Runs `work` on this thread, and stops it after `limitMs` even where it is inside of WebAssembly: a kernel that loops for
 * ever leaves no other way in. What it throws is thrown. State that stopped work leaves behind is of no use.
 * `breakOnInterrupt`: Ctrl-C stops it as well. Node then takes the signal from the program's own handlers, and on a busy
 * machine one that comes while it does so is lost or ends the process; so this is for a few turns, not for every one.
 */
export function guarded(
  work: () => void,
  { limitMs, breakOnInterrupt }: { readonly limitMs: number; readonly breakOnInterrupt: boolean },
): GuardedEnd {
  const outer = box.work;
  box.work = work;
  try {
    script.runInContext(context, { timeout: limitMs, breakOnSigint: breakOnInterrupt });
    return "ended";
  } catch (error) {
    // The error is of the context's own realm: instanceof does not know it.
    const code = typeof error === "object" && error !== null && "code" in error ? error.code : undefined;
    if (code === "ERR_SCRIPT_EXECUTION_TIMEOUT") return "limit";
    if (code !== "ERR_SCRIPT_EXECUTION_INTERRUPTED") throw error;
    passOnInterrupt();
    return "interrupted";
  } finally {
    box.work = outer;
  }
}

/** While work is guarded, Node keeps Ctrl-C from the program's own handlers. */
function passOnInterrupt(): void {
  if (process.listenerCount("SIGINT") > 0) process.emit("SIGINT", "SIGINT");
  else process.kill(process.pid, "SIGINT");
}
