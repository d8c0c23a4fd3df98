/** How a guarded piece of work ended: by itself, by its time limit, or by Ctrl-C. */
type GuardedEnd = "ended" | "limit" | "interrupted";

type Limits = { readonly limitMs: number | undefined; readonly breakOnInterrupt: boolean };

// Taken at run time, so that the same files load where there is no Node: an import of node:vm would stop them there.
const node =
  (globalThis as { readonly process?: NodeJS.Process }).process?.getBuiltinModule === undefined ? undefined : process;
const vm = node?.getBuiltinModule("node:vm");
const box: { work: () => void } = { work: () => undefined };
const context = vm?.createContext(box);
const script = vm && new vm.Script("work()");

/**
 * Runs `work` on this thread, and stops it after `limitMs`, where there is one, even inside of WebAssembly: a kernel that loops
 * for ever leaves no other way in. The time in which the process was stopped counts. What it throws is thrown. State that stopped work leaves behind is of no use.
 * `breakOnInterrupt`: Ctrl-C stops it as well. Node then takes the signal from the program's own handlers, and on a busy
 * machine one that comes while it does so is lost or ends the process; so this is for a few turns, not for every one.
 * In a browser nothing can stop work on its own thread: there it runs to its end. Kernels with a budget for their loops end by
 * themselves.
 */
export function guarded(work: () => void, { limitMs, breakOnInterrupt }: Limits): GuardedEnd {
  if (script === undefined || context === undefined) {
    work();
    return "ended";
  }
  const outer = box.work;
  box.work = work;
  try {
    const timeout = limitMs === undefined ? {} : { timeout: limitMs };
    script.runInContext(context, { ...timeout, breakOnSigint: breakOnInterrupt });
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

/**
 * A signal that has come while the program was busy waits for the event loop, and is dropped when Node takes Ctrl-C from the
 * program's handlers. `setImmediate` comes back after the loop has looked for signals; a timer may come back before. In a
 * browser there are no signals.
 */
export async function hearSignals(): Promise<void> {
  if (node !== undefined) await new Promise<void>((resolve) => setImmediate(resolve));
}

/** While work is guarded, Node keeps Ctrl-C from the program's own handlers. */
function passOnInterrupt(): void {
  if (process.listenerCount("SIGINT") > 0) process.emit("SIGINT", "SIGINT");
  else process.kill(process.pid, "SIGINT");
}
