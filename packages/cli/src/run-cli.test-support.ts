import { type CliOptions, runCli } from "./main.ts";

export interface CliOutcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a command line in this process, without terminal and colours. */
export async function runInProcess(argv: readonly string[], options: Partial<CliOptions> = {}): Promise<CliOutcome> {
  const text = { stdout: "", stderr: "" };
  const stream = (name: keyof typeof text) => ({
    write: (chunk: string) => {
      text[name] += chunk;
    },
  });
  const code = await runCli({
    argv,
    stdout: stream("stdout"),
    stderr: stream("stderr"),
    stdin: nothing(),
    environment: { color: false, ci: true, clang: undefined, variables: {} },
    cwd: process.cwd(),
    signal: new AbortController().signal,
    ...options,
  });
  return { code, ...text };
}

async function* nothing(): AsyncGenerator<Uint8Array> {}
