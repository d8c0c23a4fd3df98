import { readFileSync } from "node:fs";

/** Of the command-line package, as `--version` prints it. */
export function packageVersion(): string {
  const text = readFileSync(new URL("../package.json", import.meta.url), "utf8");
  return (JSON.parse(text) as { version: string }).version;
}
