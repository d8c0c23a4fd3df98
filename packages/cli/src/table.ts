import { visibleWidth } from "./terminal.ts";

interface Column {
  readonly title: string;
  readonly align?: "left" | "right";
}

/** Lines of a table with aligned columns, two spaces apart; the first line holds the titles. */
export function formatTable(columns: readonly Column[], rows: readonly (readonly string[])[]): string {
  const lines = [columns.map((column) => column.title), ...rows];
  const widths = columns.map((_, i) => Math.max(...lines.map((line) => visibleWidth(line[i] ?? ""))));
  return lines
    .map((line) =>
      columns
        .map((column, i) => {
          const cell = line[i] ?? "";
          const fill = " ".repeat(widths[i]! - visibleWidth(cell));
          return column.align === "right" ? fill + cell : cell + fill;
        })
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

/** `1.2 MB`, `640 B`; powers of 1000. */
export function formatBytes(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`;
  const units = ["kB", "MB", "GB"];
  let value = bytes / 1000;
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${value.toFixed(value < 10 ? 2 : 1)} ${units[unit]}`;
}

/** `850 us`, `12.3 ms`, `1.25 s`. */
export function formatMs(ms: number): string {
  const us = ms * 1000;
  if (ms < 1) return `${us.toFixed(us > 0 && us < 10 ? 2 : 0)} us`;
  if (ms < 1000) return `${ms.toFixed(ms < 10 ? 2 : 1)} ms`;
  return `${(ms / 1000).toFixed(2)} s`;
}
