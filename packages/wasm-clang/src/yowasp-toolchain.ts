import { type ChildProcess, fork } from "node:child_process";
import { createRequire } from "node:module";
import { AbortedError } from "@aiekit/core";
import type { Toolchain, ToolJob, ToolName, ToolRun } from "./toolchain.ts";

const childUrl = new URL("../child/compiler-child.mjs", import.meta.url);

/**
 * The compiler of the npm package @yowasp/clang in a child process: started at the first job (about 1 to 4 s until it
 * answers), one job at a time, killed when `idleMs` pass without one (it holds about 320 MB). An idle child does not
 * keep this process alive and ends with it. At `close` it waits a while for the next service that needs one.
 */
export function yowaspToolchain(options: { readonly idleMs: number; readonly jobTimeoutMs: number }): Toolchain {
  let child: CompilerChild | undefined;
  let idleTimer: NodeJS.Timeout | undefined;
  let queue: Promise<unknown> = Promise.resolve();

  const stop = (): void => {
    clearTimeout(idleTimer);
    child?.kill();
    child = undefined;
  };
  const close = (): void => {
    clearTimeout(idleTimer);
    if (child !== undefined) keepSpare(child);
    child = undefined;
  };

  const runNow = async (job: ToolJob): Promise<ToolRun> => {
    if (job.signal?.aborted) throw new AbortedError();
    clearTimeout(idleTimer);
    if (!child?.alive()) child = takeSpare() ?? startChild();
    const answer = await withLimits(child, job, options.jobTimeoutMs);
    // A tool that crashed may have left its process without memory or stack.
    if (answer.exitCode === crashExitCode) stop();
    else idleTimer = setTimeout(stop, options.idleMs).unref();
    return answer;
  };

  return {
    version: packageVersion(),
    programName: (tool) => (tool === "symbolizer" || tool === "nm" ? `llvm-${tool}` : tool),
    run: (job) => {
      const run = queue.then(() => runNow(job));
      queue = run.catch(() => undefined);
      return run;
    },
    close,
  };
}

/** As a shell reports abort(); the child says so of anything that is no exit status. */
const crashExitCode = 134;

/**
 * Children of services that were closed, for those opened next: a start and what a child compiles of itself at its first job
 * take longer than most jobs.
 */
const spares = new Map<CompilerChild, NodeJS.Timeout>();
const mostSpares = 2;
const spareMs = 10_000;

function keepSpare(child: CompilerChild): void {
  if (child.busy() || !child.alive() || spares.size >= mostSpares) {
    child.kill();
    return;
  }
  const end = (): void => {
    spares.delete(child);
    child.kill();
  };
  spares.set(child, setTimeout(end, spareMs).unref());
}

function takeSpare(): CompilerChild | undefined {
  for (const [child, timer] of spares) {
    clearTimeout(timer);
    spares.delete(child);
    if (child.alive()) return child;
  }
  return undefined;
}

interface CompilerChild {
  alive(): boolean;
  /** Whether it owes an answer. */
  busy(): boolean;
  ask(request: { tool: ToolName; args: readonly string[]; files: Tree; want: readonly string[] }): Promise<ToolRun>;
  kill(): void;
}

interface Tree {
  [name: string]: Tree | string | Uint8Array;
}

type Reply = { readonly id: number } & ToolRun;

function startChild(): CompilerChild {
  const child = fork(childUrl, [], {
    execArgv: ["--liftoff-only", "--wasm-lazy-validation"],
    serialization: "advanced",
    stdio: ["ignore", "ignore", "pipe", "ipc"],
  });
  let stderr = "";
  let running = true;
  let nextId = 0;
  let waiting: { readonly id: number; readonly settle: (run: ToolRun) => void } | undefined;
  const killWithParent = (): void => void child.kill("SIGKILL");
  process.once("exit", killWithParent);

  const settle = (run: ToolRun): void => {
    setReferenced(child, false);
    const { settle } = waiting ?? {};
    waiting = undefined;
    settle?.(run);
  };
  const ended = (how: Pick<ToolRun, "exitCode" | "signal"> & { readonly log: string }): void => {
    running = false;
    process.off("exit", killWithParent);
    settle({ ...how, files: new Map() });
  };
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    stderr = (stderr + text).slice(-20_000);
  });
  child.on("message", (message: "ready" | Reply) => {
    if (message !== "ready" && message.id === waiting?.id) settle(message);
  });
  child.on("error", (error) => ended({ exitCode: 126, log: `the compiler's process: ${error.message}` }));
  child.on("exit", (code, signal) =>
    ended({ exitCode: code ?? 128, signal: signal ?? undefined, log: `the compiler's process ended\n${stderr}` }),
  );
  setReferenced(child, false);

  return {
    alive: () => running,
    busy: () => waiting !== undefined,
    ask: (request) =>
      new Promise((resolve) => {
        const id = nextId++;
        waiting = { id, settle: resolve };
        setReferenced(child, true);
        child.send({ id, ...request });
      }),
    kill: () => {
      running = false;
      child.kill("SIGKILL");
    },
  };
}

/** Whether the child, its channel and its stderr keep this process alive: only while a job runs. */
function setReferenced(child: ChildProcess, referenced: boolean): void {
  const call = referenced ? "ref" : "unref";
  child[call]();
  child.channel?.[call]();
  (child.stderr as (NodeJS.ReadableStream & { ref?(): void; unref?(): void }) | null)?.[call]?.();
}

/** The compiler runs without yielding, so the only way to stop it is to kill its process; the next job starts another. */
async function withLimits(child: CompilerChild, job: ToolJob, timeoutMs: number): Promise<ToolRun> {
  let timedOut = false;
  const timer = setTimeout(() => {
    timedOut = true;
    child.kill();
  }, timeoutMs).unref();
  const abort = (): void => child.kill();
  job.signal?.addEventListener("abort", abort, { once: true });
  try {
    const run = await child.ask({ tool: job.tool, args: job.args, files: asTree(job.files), want: job.want });
    if (job.signal?.aborted) throw new AbortedError();
    return timedOut ? { ...run, log: `no answer within ${timeoutMs / 1000} s\n${run.log}` } : run;
  } finally {
    clearTimeout(timer);
    job.signal?.removeEventListener("abort", abort);
  }
}

function asTree(files: ToolJob["files"]): Tree {
  const root: Tree = {};
  for (const [path, content] of files) {
    const names = path.split("/").filter((name) => name !== "" && name !== ".");
    const fileName = names.pop() as string;
    let folder = root;
    for (const name of names) {
      folder[name] ??= {};
      folder = folder[name] as Tree;
    }
    folder[fileName] = content;
  }
  return root;
}

function packageVersion(): string {
  const { dependencies } = createRequire(import.meta.url)("../package.json") as {
    dependencies: Record<string, string>;
  };
  return `@yowasp/clang ${dependencies["@yowasp/clang"]}`;
}
