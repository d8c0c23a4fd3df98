export { type Environment, readEnvironment } from "./environment.ts";
export { type ExitCode, exitCodes } from "./exit-codes.ts";
export { type CliOptions, runCli } from "./main.ts";
