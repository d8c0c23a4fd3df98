import { FormatError } from "@aiekit/core";

/** One published measurement. What is not known is absent. */
export interface SiliconRow {
  readonly id: string;
  readonly device: "npu1" | "npu2";
  /** `gemm`, `gemm-best`, `latency`, `dma`, `whisper-encoder`; others have no prediction. */
  readonly kind: string;
  readonly source: string;
  /** The other fields, as the file has them. */
  readonly fields: Readonly<Record<string, unknown>>;
}

/** Rows of a file `{"rows": [{"id", "device", "kind", "source", ...}]}`. @throws FormatError naming the row and field. */
export function parseSiliconRows(text: string, file: string): SiliconRow[] {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new FormatError(`${file}: not JSON: ${(cause as Error).message}`, { cause });
  }
  const rows = Array.isArray(value) ? value : (value as { rows?: unknown } | null)?.rows;
  if (!Array.isArray(rows)) throw new FormatError(`${file}: expected {"rows": [...]}`);
  return rows.map((row: unknown, i) => parseRow(row, `${file}: row ${i}`));
}

function parseRow(row: unknown, where: string): SiliconRow {
  if (typeof row !== "object" || row === null) throw new FormatError(`${where}: expected an object`);
  const fields = row as Readonly<Record<string, unknown>>;
  const text = (key: string): string => {
    const found = fields[key];
    if (typeof found === "string") return found;
    throw new FormatError(`${where}: expected text as ${key}, found ${JSON.stringify(found)}`);
  };
  const device = text("device");
  if (device !== "npu1" && device !== "npu2") {
    throw new FormatError(`${where}: expected device npu1 or npu2, found ${device}`);
  }
  return {
    id: text("id"),
    kind: text("kind"),
    source: typeof fields.source === "string" ? fields.source : "",
    device,
    fields,
  };
}

export function numberOf(row: SiliconRow, key: string): number | undefined {
  const value = row.fields[key];
  return typeof value === "number" && Number.isFinite(value) ? value : undefined;
}

export function textOf(row: SiliconRow, key: string): string {
  const value = row.fields[key];
  return typeof value === "string" ? value : "";
}
