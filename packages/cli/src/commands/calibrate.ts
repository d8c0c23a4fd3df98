import {
  constantNames,
  type LeaveOutBy,
  type LeftOut,
  leaveOut,
  medianError,
  type NoPrediction,
  parseSiliconRows,
  predictRow,
  type RowPrediction,
  siliconBounds,
} from "@aiekit/host";
import type { Command } from "../command-context.ts";
import { exitCodes } from "../exit-codes.ts";
import { printValue } from "../print-value.ts";
import { readInput } from "../read-input.ts";
import { formatTable } from "../table.ts";

export interface CalibrateOptions {
  readonly rows: string;
  readonly leaveOut?: LeaveOutBy | undefined;
}

type Found = RowPrediction | NoPrediction;

/** `aiekit calibrate`: what the cost model says of published measurements, with the error of each. */
export const calibrate: Command<CalibrateOptions> = async (context, { rows: file, leaveOut: by }) => {
  const rows = parseSiliconRows(new TextDecoder().decode(await readInput(file, context.cwd)), file);
  const found: readonly Found[] = rows.map((row) => predictRow(row));
  const out = by === undefined ? undefined : leaveOut(rows, by);
  const predictions = found.filter(isPrediction);
  const fresh = predictions.filter(({ fitted }) => !fitted);
  const outPredictions = out?.predictions.filter((_, i) => out.isFitted[i]).filter(isPrediction);
  const value = {
    rows: found.map((one, i) => ({ ...record(one), ...leftOutRecord(out?.predictions[i]) })),
    medianError: medianError(predictions) ?? null,
    medianErrorNotFitted: medianError(fresh) ?? null,
    ...(out && { leftOut: { by, ...summary(outPredictions ?? []), constants: constantRecords(out) } }),
  };
  printValue(context, value, [
    formatTable(
      columnsOf(by),
      found.flatMap((one, i) => (isPrediction(one) ? [cells(one, out?.predictions[i])] : [])),
    ),
    ...found.flatMap((one) => (isPrediction(one) ? [] : `${one.row.id}: no prediction: ${one.reason}`)),
    `modelled, ${predictions.length} of ${rows.length} rows: ${summaryText(predictions)}`,
    `${fresh.length} of them rows that the model was not fitted to: ${summaryText(fresh)}`,
    ...(outPredictions
      ? [`each of ${outPredictions.length} rows, its ${by} left out of the fit: ${summaryText(outPredictions)}`]
      : []),
    ...(out?.isFitted.includes(false) ? ["rows without a fitted constant do not count there"] : []),
    ...(out ? ["", "constants of the fit to these rows, modelled; they stay within bounds", constantTable(out)] : []),
    ...(fresh.length < predictions.length && by === undefined
      ? ["the error of a fitted row says little: --leave-out row, or source, fits again without it"]
      : []),
    "modelled: computed by the cost model, not measured; published: by others, see the sources of the rows",
  ]);
  return exitCodes.ok;
};

function isPrediction(one: Found): one is RowPrediction {
  return "error" in one;
}

function columnsOf(by: LeaveOutBy | undefined) {
  return [
    { title: "row" },
    { title: "device" },
    { title: "published", align: "right" },
    { title: "modelled", align: "right" },
    { title: "unit" },
    { title: "error", align: "right" },
    { title: "" },
    ...(by === undefined
      ? []
      : ([
          { title: `without its ${by}`, align: "right" },
          { title: "error", align: "right" },
        ] as const)),
    { title: "taken as given" },
    { title: "source" },
  ] as const;
}

function cells(
  { row, measured, modelled, unit, error, fitted, notes }: RowPrediction,
  out: Found | undefined,
): string[] {
  return [
    row.id,
    row.device,
    digits(measured),
    digits(modelled),
    unit,
    percent(error),
    fitted ? "fitted" : "not fitted",
    ...(out && isPrediction(out) ? [digits(out.modelled), percent(out.error)] : []),
    notes.join("; "),
    row.source,
  ];
}

function record(one: Found) {
  const { id, device, kind, source } = one.row;
  if (!isPrediction(one)) return { id, device, kind, source, modelled: null, reason: one.reason };
  const { measured, modelled, unit, error, fitted, notes } = one;
  return { id, device, kind, source, unit, published: measured, modelled, error, fitted, notes };
}

function leftOutRecord(out: Found | undefined) {
  if (out === undefined || !isPrediction(out)) return {};
  return { leftOut: { modelled: out.modelled, error: out.error } };
}

/** Sizes of errors. */
function summary(predictions: readonly RowPrediction[]) {
  const worst = Math.max(...predictions.map(({ error }) => Math.abs(error)));
  return { medianError: medianError(predictions) ?? null, worstError: predictions.length > 0 ? worst : null };
}

function summaryText(predictions: readonly RowPrediction[]): string {
  const { medianError: median, worstError } = summary(predictions);
  return median === null || worstError === null
    ? "no error is known"
    : `median error ${percent(median)}, worst ${percent(worstError)}`;
}

function constantRecords({ model, range, movedBy }: LeftOut) {
  return constantNames.map((name) => {
    const { least, most, because } = siliconBounds[name];
    return { name, modelled: model[name], bounds: [least, most], because, range: range[name], rows: movedBy[name] };
  });
}

function constantTable(out: LeftOut): string {
  return formatTable(
    [
      { title: "constant" },
      { title: "value", align: "right" },
      { title: "fits that leave out", align: "right" },
      { title: "bounds", align: "right" },
      { title: "from rows" },
    ],
    constantRecords(out).map(({ name, modelled, bounds, range, rows }) => [
      name,
      digits(modelled),
      range.map(digits).join(" to "),
      bounds.map(digits).join(" to "),
      rows.length > 0 ? rows.join(", ") : "none: the middle of its bounds",
    ]),
  );
}

function digits(value: number): string {
  return String(Number(value.toPrecision(4)));
}

function percent(error: number): string {
  return `${(100 * error).toFixed(1)} %`;
}
