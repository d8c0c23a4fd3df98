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
  /** All of them, for `doctor`, which looks for tools along PATH and in the variables of each tool. */
  readonly variables: Readonly<Record<string, string | undefined>>;
}

export function readEnvironment(variables: NodeJS.ProcessEnv = process.env): Environment {
  const { NO_COLOR, FORCE_COLOR, CI, AIEKIT_CLANG, AIEKIT_XRT_ADDON } = variables;
  const noColor = NO_COLOR !== undefined && NO_COLOR !== "";
  const forceColor = FORCE_COLOR !== undefined && FORCE_COLOR !== "" && FORCE_COLOR !== "0";
  return {
    color: noColor ? false : forceColor ? true : undefined,
    ci: CI !== undefined && CI !== "" && CI !== "false",
    clang: AIEKIT_CLANG || undefined,
    xrtAddon: AIEKIT_XRT_ADDON || undefined,
    variables,
  };
}
