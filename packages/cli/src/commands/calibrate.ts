import { medianError, type NoPrediction, parseSiliconRows, predictRow, type RowPrediction } from "@aiekit/host";
import type { Command } from "../command-context.ts";
import { exitCodes } from "../exit-codes.ts";
import { printValue } from "../print-value.ts";
import { readInput } from "../read-input.ts";
import { formatTable } from "../table.ts";

export interface CalibrateOptions {
  readonly rows: string;
}

/** `aiekit calibrate`: what the cost model says of published measurements, with the error of each. */
export const calibrate: Command<CalibrateOptions> = async (context, { rows: file }) => {
  const rows = parseSiliconRows(new TextDecoder().decode(await readInput(file, context.cwd)), file);
  const found = rows.map((row) => predictRow(row));
  const predictions = found.filter((one): one is RowPrediction => "error" in one);
  const others = found.filter((one): one is NoPrediction => "reason" in one);
  const [all, fresh] = [medianError(predictions), medianError(predictions.filter(({ fitted }) => !fitted))];
  printValue(context, { rows: found.map(record), medianError: all ?? null, medianErrorNotFitted: fresh ?? null }, [
    formatTable(columns, predictions.map(cells)),
    ...others.map(({ row, reason }) => `${row.id}: no prediction: ${reason}`),
    `median error ${percent(all)}, of rows that the model was not fitted to ${percent(fresh)}; ${predictions.length} of ${rows.length} rows`,
    "modelled: computed by the cost model, not measured; published: by others, see the sources of the rows",
  ]);
  return exitCodes.ok;
};

const columns = [
  { title: "row" },
  { title: "device" },
  { title: "published", align: "right" },
  { title: "modelled", align: "right" },
  { title: "unit" },
  { title: "error", align: "right" },
  { title: "" },
  { title: "source" },
] as const;

function cells({ row, measured, modelled, unit, error, fitted }: RowPrediction): string[] {
  const digits = (value: number): string => String(Number(value.toPrecision(4)));
  const note = fitted ? "fitted" : "";
  return [row.id, row.device, digits(measured), digits(modelled), unit, percent(error), note, row.source];
}

function record(one: RowPrediction | NoPrediction): unknown {
  const { id, device, kind, source } = one.row;
  if ("reason" in one) return { id, device, kind, source, modelled: null, reason: one.reason };
  const { measured, modelled, unit, error, fitted } = one;
  return { id, device, kind, source, unit, published: measured, modelled, error, fitted };
}

function percent(error: number | undefined): string {
  return error === undefined ? "not known" : `${(100 * error).toFixed(1)} %`;
}
