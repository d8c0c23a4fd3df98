/** Lines that a message keeps; the whole output is in the log. */
const keptLines = 16;
const keptColumns = 240;

/**
 * What a tool printed, cut to what matters: without the operation that MLIR prints after an error, stack dumps, calls to
 * report a bug and usage texts; of a long rest, the part from the first error on.
 */
export function cutToolMessage(output: string): string {
  const lines = output.split("\n").map((line) => line.trimEnd());
  const useful: string[] = [];
  let skipping = false;
  for (const line of lines) {
    if (isDiagnostic(line)) skipping = startsDump(line);
    else if (startsDump(line)) skipping = true;
    if (!skipping && line !== "" && !noise.test(line)) useful.push(shorten(line));
  }
  const kept = useful.length > 0 ? useful : lines.filter((line) => line !== "").map(shorten);
  if (kept.length <= keptLines) return kept.join("\n");
  const firstError = Math.max(
    0,
    kept.findIndex((line) => errorLine.test(line)),
  );
  const from = Math.min(firstError, kept.length - keptLines);
  const part = kept.slice(from, from + keptLines);
  const left = kept.length - part.length;
  return [...part, `... ${left} more lines in the log`].join("\n");
}

const errorLine = /\b(?:error|fatal|failed|unable|cannot|could not|assertion)\b/i;
const noise =
  /PLEASE submit a bug report|^\s*#\d+ 0x|^\s*\d+\.\s+(?:Program arguments|Running pass)|^USAGE:|^OPTIONS:|^\*{4,}/;

/** `file:line:column: error: ...`, `error: ...`, `ld.lld: error: ...` */
function isDiagnostic(line: string): boolean {
  return /^(?:\S+:\d+(?::\d+)?: |[\w./<>-]+: )?(?:fatal )?(?:error|warning|note|remark): /.test(line);
}

function startsDump(line: string): boolean {
  return /see current operation: |^Stack dump:|^ *Stack dump without symbol names/.test(line);
}

function shorten(line: string): string {
  return line.length <= keptColumns ? line : `${line.slice(0, keptColumns - 1)}…`;
}
