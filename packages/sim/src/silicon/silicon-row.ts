import { FormatError } from "@aiekit/core";
import { deviceModel } from "@aiekit/mlir";

/** One published measurement. What is not known is absent. */
export interface SiliconRow {
  readonly id: string;
  readonly device: "npu1" | "npu2";
  /** `gemm`, `gemm-best`, `latency`, `dma`, `whisper-encoder`; others have no prediction. */
  readonly kind: string;
  readonly source: string;
  /** The other fields, as the file has them. */
  readonly fields: Readonly<Record<string, unknown>>;
  /** Fields that no prediction uses and no table shows. */
  readonly unused: readonly string[];
}

/** Units of measurements, fields by name: each also with _min and _max. */
export const measurementUnits = [
  ...(["gflops", "gops", "tflops", "tops", "s", "ms", "us", "cycles"] as const),
  ...(["words_per_cycle", "bytes_per_cycle", "gb_per_s", "mb_per_s"] as const),
] as const;
export type MeasurementUnit = (typeof measurementUnits)[number];

const measurementFields = measurementUnits.flatMap((unit) => [unit, `${unit}_min`, `${unit}_max`]);
const wholeFields = ["M", "K", "N", "cores", "columns", "channels", "context", "words", "bytes"];
const textFields = ["id", "device", "kind", "source", "part", "dtype", "what", "model", "kernels", "direction", "note"];
const knownFields = [...measurementFields, ...wholeFields, "clock_mhz", ...textFields];
const choices: Readonly<Record<string, readonly string[]>> = {
  device: ["npu1", "npu2"],
  kernels: ["tuned", "generated"],
  direction: ["MM2S", "S2MM", "both"],
};

/**
 * Rows of a file `{"rows": [{"id", "device", "kind", "source", ...}]}`, of the list alone, or of one object a line.
 * @throws FormatError naming row and field of everything that is wrong.
 */
export function parseSiliconRows(text: string, file: string): SiliconRow[] {
  const value = parsed(text, file);
  const rows = Array.isArray(value) ? value : (value as { rows?: unknown } | null)?.rows;
  if (!Array.isArray(rows)) throw new FormatError(`${file}: expected {"rows": [...]}`);
  const wrong = rows.flatMap((row: unknown, i) => problemsOf(row).map((problem) => `${nameOf(row, i)}: ${problem}`));
  if (wrong.length > 0) throw new FormatError(wrong.map((problem) => `${file}: ${problem}`).join("\n"));
  return rows.map((row) => rowOf(row as Readonly<Record<string, unknown>>));
}

function parsed(text: string, file: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    const lines = text.split("\n").flatMap((line, i) => (line.trim() === "" ? [] : [{ line, number: i + 1 }]));
    if (lines.length > 1 && lines.every(({ line }) => /^\s*\{.*\}\s*$/.test(line))) {
      return lines.map(({ line, number }) => parsedLine(line, `${file}: line ${number}`));
    }
    const hint =
      'rows are JSON: {"rows": [{"id": ..., "device": ..., "kind": ...}]}, the list alone, or one object a line';
    throw new FormatError(`${file}: not JSON: ${(cause as Error).message}`, { cause, hint });
  }
}

function parsedLine(line: string, where: string): unknown {
  try {
    return JSON.parse(line);
  } catch (cause) {
    throw new FormatError(`${where}: not JSON: ${(cause as Error).message}`, { cause });
  }
}

function rowOf(fields: Readonly<Record<string, unknown>>): SiliconRow {
  return {
    id: fields.id as string,
    kind: fields.kind as string,
    device: fields.device as SiliconRow["device"],
    source: (fields.source as string | undefined) ?? "",
    fields,
    unused: Object.keys(fields).filter((key) => !knownFields.includes(key)),
  };
}

function nameOf(row: unknown, i: number): string {
  const id = (row as { readonly id?: unknown } | null)?.id;
  return typeof id === "string" ? `row ${i} (${id})` : `row ${i}`;
}

function problemsOf(row: unknown): string[] {
  if (typeof row !== "object" || row === null || Array.isArray(row)) return ["expected an object"];
  const fields = row as Readonly<Record<string, unknown>>;
  const missing = ["id", "device", "kind"].filter((key) => fields[key] === undefined);
  const problems = [
    ...missing.map((key) => `expected text as ${key}, found nothing`),
    ...Object.entries(fields).flatMap(([key, value]) => problemOf(key, value) ?? []),
    ...measurementUnits.flatMap((unit) => rangeProblem(fields, unit) ?? []),
  ];
  return problems.length > 0 ? problems : sizeProblems(fields);
}

function problemOf(key: string, value: unknown): string | undefined {
  const found = `found ${JSON.stringify(value)}`;
  if (textFields.includes(key)) {
    if (typeof value !== "string") return `expected text as ${key}, ${found}`;
    const allowed = choices[key];
    return allowed && !allowed.includes(value) ? `expected ${key} ${allowed.join(" or ")}, ${found}` : undefined;
  }
  if (wholeFields.includes(key)) {
    return Number.isSafeInteger(value) && (value as number) >= 1
      ? undefined
      : `expected a whole number from 1 as ${key}, ${found}`;
  }
  if (knownFields.includes(key)) {
    return typeof value === "number" && Number.isFinite(value) && value > 0
      ? undefined
      : `expected a number above 0 as ${key}, ${found}`;
  }
  const plain = (name: string): string => name.toLowerCase().replace(/[^a-z0-9]/g, "");
  const meant = knownFields.find((known) => plain(known) === plain(key));
  return meant === undefined ? undefined : `no field is called ${key}: expected ${meant}`;
}

function rangeProblem(fields: Readonly<Record<string, unknown>>, unit: string): string | undefined {
  const [least, most] = [fields[`${unit}_min`], fields[`${unit}_max`]];
  if (least === undefined && most === undefined) return undefined;
  if (least === undefined || most === undefined) return `expected both ${unit}_min and ${unit}_max`;
  return (least as number) > (most as number)
    ? `expected ${unit}_min up to ${unit}_max, found ${least}, ${most}`
    : undefined;
}

/** Parts of a device that it does not have. */
function sizeProblems(fields: Readonly<Record<string, unknown>>): string[] {
  const device = fields.device as SiliconRow["device"];
  const { columns } = deviceModel(device);
  const most: Readonly<Record<string, number>> = { cores: 4 * columns, columns };
  return Object.entries(most)
    .filter(([key, limit]) => fields[key] !== undefined && (fields[key] as number) > limit)
    .map(([key, limit]) => `expected ${key} up to the ${limit} of ${device}, found ${fields[key]}`);
}

export function numberOf(row: SiliconRow, key: string): number | undefined {
  return row.fields[key] as number | undefined;
}

export function textOf(row: SiliconRow, key: string): string {
  return (row.fields[key] as string | undefined) ?? "";
}
