import { UsageError } from "@aiekit/core";

/** Everything the CLI takes from environment variables; read here and nowhere else. */
export interface Environment {
  /** NO_COLOR (any value) turns colours off, FORCE_COLOR on; undefined leaves it to the terminal. */
  readonly color: boolean | undefined;
  /** CI is set: no progress lines that rewrite themselves. */
  readonly ci: boolean;
  /** AIEKIT_CLANG: a system clang with the wasm32 target, used in place of the one from npm. */
  readonly clang: string | undefined;
  /** AIEKIT_XRT_ADDON: the addon over XRT, where it is not where scripts/build-xrt-addon.mjs puts it. */
  readonly xrtAddon?: string | undefined;
  /** AIEKIT_SIM_THREADS: threads in which the simulator runs kernels; 1 when undefined. */
  readonly simThreads?: number | undefined;
  /** All of them, for `doctor`, which looks for tools along PATH and in the variables of each tool. */
  readonly variables: Readonly<Record<string, string | undefined>>;
}

/** @throws UsageError for a variable that no command can use. */
export function checkEnvironment({ simThreads, variables }: Environment): void {
  if (simThreads === undefined || (Number.isSafeInteger(simThreads) && simThreads >= 1)) return;
  const found = JSON.stringify(variables.AIEKIT_SIM_THREADS ?? String(simThreads));
  throw new UsageError(`AIEKIT_SIM_THREADS: expected a positive integer, got ${found}`, {
    hint: "unset it: the simulator then runs kernels in one thread",
  });
}

export function readEnvironment(variables: NodeJS.ProcessEnv = process.env): Environment {
  const { NO_COLOR, FORCE_COLOR, CI, AIEKIT_CLANG, AIEKIT_XRT_ADDON, AIEKIT_SIM_THREADS } = variables;
  const noColor = NO_COLOR !== undefined && NO_COLOR !== "";
  const forceColor = FORCE_COLOR !== undefined && FORCE_COLOR !== "" && FORCE_COLOR !== "0";
  return {
    color: noColor ? false : forceColor ? true : undefined,
    ci: CI !== undefined && CI !== "" && CI !== "false",
    clang: AIEKIT_CLANG || undefined,
    xrtAddon: AIEKIT_XRT_ADDON || undefined,
    simThreads: AIEKIT_SIM_THREADS ? Number(AIEKIT_SIM_THREADS) : undefined,
    variables,
  };
}
