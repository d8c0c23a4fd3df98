// Options of the scripts beside this one: `--help` prints the comment that a script begins with, and an option that there
// is not ends it with one line and exit code 2.
import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { parseArgs as parse } from "node:util";

/** What `parseArgs` of node:util gives. */
export function parseArgs(config) {
  const script = process.argv[1];
  if (process.argv.slice(2).some((word) => word === "--help" || word === "-h")) {
    process.stdout.write(headOf(script));
    process.exit(0);
  }
  try {
    return parse(config);
  } catch (error) {
    if (!String(error?.code).startsWith("ERR_PARSE_ARGS")) throw error;
    process.stderr.write(
      `error: ${error.message.split(". To specify")[0]}\n(see node scripts/${basename(script)} --help)\n`,
    );
    process.exit(2);
  }
}

function headOf(script) {
  const lines = readFileSync(script, "utf8").split("\n");
  const end = lines.findIndex((line) => !line.startsWith("//"));
  return lines
    .slice(0, end)
    .map((line) => `${line.replace(/^\/\/ ?/, "")}\n`)
    .join("");
}
