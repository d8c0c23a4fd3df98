import { type NoPrediction, predictRow, type RowPrediction } from "./predict-row.ts";
import { type ConstantName, constantNames, type SiliconModel, siliconBounds } from "./silicon-model.ts";
import type { SiliconRow } from "./silicon-row.ts";

/**
 * Weight of a constant's pull to the middle of its bounds, beside rows of weight 1: it decides what no row decides, and moves
 * what one row decides by less than a thousandth.
 */
const pull = 1e-4;
/** Errors beyond this count by their size, not its square: a row that the model's form cannot meet moves no constant far. */
const smallError = 0.05;
/** Points of the grid in which a constant is looked for before it is bracketed, and sweeps that do so. */
const gridPoints = 24;
const gridSweeps = 3;
const mostSweeps = 60;
/** Logarithms within which a constant is known. */
const closeEnough = 1e-4;

/**
 * Constants with the least sum of errors over the rows, as logarithms of modelled over published, within their bounds. One
 * constant after the other, on a grid and by golden section, until none moves: the same rows give the same model.
 */
export function fitSilicon(rows: readonly SiliconRow[]): SiliconModel {
  let model = middleOfBounds();
  const readers = ofEach((name) => rows.filter((row) => reads(row, model).has(name)));
  for (let sweep = 0; sweep < mostSweeps; sweep++) {
    const before = model;
    for (const name of constantNames) {
      model = { ...model, [name]: bestOf(name, { model, rows: readers[name], onGrid: sweep < gridSweeps }) };
    }
    const isStill = constantNames.every((name) => Math.abs(Math.log(model[name] / before[name])) < closeEnough);
    if (isStill && sweep >= gridSweeps) break;
  }
  return model;
}

function middleOfBounds(): SiliconModel {
  return ofEach((name) => Math.sqrt(siliconBounds[name].least * siliconBounds[name].most));
}

/** Constants that the prediction of a row looks at. */
function reads(row: SiliconRow, model: SiliconModel): ReadonlySet<string | symbol> {
  const names = new Set<string | symbol>();
  const get = (target: SiliconModel, name: string | symbol) => {
    names.add(name);
    return target[name as ConstantName];
  };
  predictRow(row, new Proxy(model, { get }));
  return names;
}

interface Search {
  readonly model: SiliconModel;
  /** Those that the constant matters to. */
  readonly rows: readonly SiliconRow[];
  readonly onGrid: boolean;
}

function bestOf(name: ConstantName, { model, rows, onGrid }: Search): number {
  const [from, to] = [Math.log(siliconBounds[name].least), Math.log(siliconBounds[name].most)];
  const lossAt = (x: number): number => {
    const away = (2 * (x - from)) / (to - from) - 1;
    return loss({ ...model, [name]: Math.exp(x) }, rows) + pull * away * away;
  };
  const step = (to - from) / gridPoints;
  let near = Math.log(model[name]);
  if (onGrid) {
    const grid = Array.from({ length: gridPoints + 1 }, (_, i) => from + i * step);
    const losses = grid.map(lossAt);
    near = grid[losses.indexOf(Math.min(...losses))]!;
  }
  return Math.exp(goldenSection(lossAt, Math.max(from, near - step), Math.min(to, near + step)));
}

function loss(model: SiliconModel, rows: readonly SiliconRow[]): number {
  let sum = 0;
  for (const row of rows) {
    const one = predictRow(row, model);
    if ("error" in one) sum += Math.hypot(Math.log1p(one.error), smallError);
  }
  return sum;
}

function goldenSection(f: (x: number) => number, least: number, most: number): number {
  const part = (Math.sqrt(5) - 1) / 2;
  let [a, b] = [least, most];
  let [left, right] = [b - part * (b - a), a + part * (b - a)];
  let [fLeft, fRight] = [f(left), f(right)];
  while (b - a > closeEnough / 4) {
    if (fLeft <= fRight) {
      [b, right, fRight] = [right, left, fLeft];
      left = b - part * (b - a);
      fLeft = f(left);
    } else {
      [a, left, fLeft] = [left, right, fRight];
      right = a + part * (b - a);
      fRight = f(right);
    }
  }
  return (a + b) / 2;
}

export type LeaveOutBy = "row" | "source";

export interface LeftOut {
  /** In the order of the rows. */
  readonly predictions: readonly (RowPrediction | NoPrediction)[];
  /** True for rows that a constant enters; others rest on sourced rates alone, and leaving them out says nothing. */
  readonly isFitted: readonly boolean[];
  /** Fitted to all rows. */
  readonly model: SiliconModel;
  /** By constant: rows whose prediction moves with it, by a hundredth of its own move or more. */
  readonly movedBy: Readonly<Record<ConstantName, readonly string[]>>;
  /** By constant: least and most of the fits that each leave something out. */
  readonly range: Readonly<Record<ConstantName, readonly [number, number]>>;
}

/** Each row as a model predicts it that was fitted to the rows without it, or without all of its source. */
export function leaveOut(rows: readonly SiliconRow[], by: LeaveOutBy): LeftOut {
  const groupOf = (row: SiliconRow, i: number): string => (by === "row" ? String(i) : sourceOf(row));
  const groups = [...new Set(rows.map(groupOf))];
  const fits = new Map(groups.map((group) => [group, fitSilicon(rows.filter((row, i) => groupOf(row, i) !== group))]));
  const model = fitSilicon(rows);
  return {
    predictions: rows.map((row, i) => predictRow(row, fits.get(groupOf(row, i))!)),
    isFitted: rows.map((row) => reads(row, model).size > 0),
    model,
    movedBy: ofEach((name) => rows.filter((row) => moves(name, row, model)).map(({ id }) => id)),
    range: ofEach((name) => {
      const values = [...fits.values()].map((fit) => fit[name]);
      return [Math.min(...values), Math.max(...values)] as const;
    }),
  };
}

/** Who published a row: the first word of its source, or two where that is a series. */
export function sourceOf({ source }: SiliconRow): string {
  return /^(arXiv \S+|\S+)/.exec(source)?.[1] ?? "";
}

function ofEach<T>(value: (name: ConstantName) => T): Readonly<Record<ConstantName, T>> {
  return Object.fromEntries(constantNames.map((name) => [name, value(name)])) as Record<ConstantName, T>;
}

function moves(name: ConstantName, row: SiliconRow, model: SiliconModel): boolean {
  const at = (factor: number): number => {
    const one = predictRow(row, { ...model, [name]: model[name] * factor });
    return "error" in one ? Math.log(one.modelled) : 0;
  };
  // Both ways, since the slowest of several is all that is seen.
  return [1.05, 1 / 1.05].some((factor) => Math.abs((at(factor) - at(1)) / Math.log(factor)) >= 0.01);
}
