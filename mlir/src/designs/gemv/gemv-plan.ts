import { BudgetError, ShapeError, UsageError } from "@aiekit/core";
import { tileModels } from "../../device-model/tile-model.ts";
import { roundUp } from "../array-shape.ts";
import type { MatmulShape } from "../matmul/matmul-shapes.ts";
import type { GemvType } from "./gemv-types.ts";

interface GemvRequest {
  readonly type: GemvType;
  /** Channels of shim tiles that bring weights: two a column, each for two cores. */
  readonly channels: number;
  readonly shapes: readonly MatmulShape[];
  /** Only plans without padding behind the columns of any array: then a result can be what another kernel reads. */
  readonly whole?: boolean;
}

/** What the whole build shares. */
export interface GemvPlan {
  /** Rows of x. */
  readonly m: number;
  /** Elements of K in an object of weights, which has 8 rows. */
  readonly kc: number;
  /** Results of a unit, for each core and row of x. */
  readonly o: number;
  readonly objectWords: number;
  /** Words of a core's buffer for x, channels and residual. */
  readonly keptWords: number;
  /** Of a compute tile's data memory, stack included. */
  readonly tileBytes: number;
  readonly shapes: readonly GemvSteps[];
}

/** How one shape is cut up. A channel brings a part of the rows of w, in chapters, these in units. */
export interface GemvSteps {
  readonly shape: MatmulShape;
  /** Objects that a row's elements take, and the elements with their padding. */
  readonly chunks: number;
  readonly pitch: number;
  readonly chapters: number;
  readonly unitsOfChapter: number;
  readonly chapterRows: number;
  /** Rows of w of one channel, and of all, with padding. */
  readonly channelPart: number;
  readonly rows: number;
  /** Rows of the array of channels; 0 where there is none. */
  readonly channelRows: number;
  /** Objects before the weights of a chapter, and where in them the words of the rows lie: x is at 0. */
  readonly keptObjects: number;
  readonly channelsAt: number;
  readonly residualAt: number;
  readonly keptWords: number;
  /** Modelled: words that a channel brings, with the starts of its BDs, or what a core takes where that is more. */
  readonly cycles: number;
}

export const rowsOfObject = 8;
const lanes = 32;
export const mostRows = 8;
/** What the kernels' WebAssembly form spills; the multiplier's registers are the device's. */
export const stackBytes = 6144;
/** Read behind the last rows of a chapter: kernels/gemv/finish.h. */
const slackWords = 64;
const mostObjectBytes = 8192;
const mostUnit = 128;
const mostChapterRows = 1024;
const { iterationMax, strideMaxWords } = tileModels.shim.dma;
const { dataBytes } = tileModels.computeTile;

/** The object and the unit with the fewest modelled cycles over all shapes. @throws BudgetError where x does not fit a tile. */
export function planGemv(request: GemvRequest): GemvPlan {
  const m = rowsOfX(request.shapes);
  const units = Array.from({ length: mostUnit / rowsOfObject }, (_, i) => (i + 1) * rowsOfObject);
  const plans = partsOfK(request).flatMap((kc) => units.flatMap((o) => planOf(request, { m, kc, o }) ?? []));
  const cost = ({ shapes }: GemvPlan) => shapes.reduce((sum, { cycles }) => sum + cycles, 0);
  const [best] = plans.sort((a, b) => cost(a) - cost(b) || b.kc - a.kc);
  if (best === undefined) throw request.whole === true ? notWhole(request) : tooLarge(request, m);
  for (const steps of best.shapes) checkStrides(steps, request.type);
  return best;
}

function rowsOfX(shapes: readonly MatmulShape[]): number {
  const [{ m } = { m: 1 }] = shapes;
  const other = shapes.find((shape) => shape.m !== m);
  if (other !== undefined) {
    throw new UsageError(
      `gemv: ${shapes[0]?.name} has ${m} row(s) of x, ${other.name} ${other.m}: a build has one number`,
      {
        hint: "build them apart, or fill x up with rows of zeros",
      },
    );
  }
  if (m > mostRows) {
    throw new ShapeError(`gemv: ${m} rows of x: expected 1 to ${mostRows}`, {
      hint: "use matmul, which is not bound by its weights then",
    });
  }
  return m;
}

/** Elements of K that an object may have: whole vectors, a part of one of the shapes' rows, or of all of them. */
function partsOfK({ shapes, type, whole }: GemvRequest): readonly number[] {
  const most = mostObjectBytes / rowsOfObject / type.weights.bytes;
  if (whole === true) {
    const vectors = Array.from({ length: most / lanes }, (_, i) => (i + 1) * lanes);
    return vectors.filter((kc) => shapes.every(({ k }) => k % kc === 0));
  }
  const parts = shapes.flatMap(({ k }) => {
    const least = Math.ceil(k / most);
    // Small objects leave room for a long x.
    const counts = [least, least + 1, least + 2, least + 3, 2 * least, 4 * least];
    return counts.map((count) => roundUp(Math.ceil(k / count), lanes));
  });
  return [...new Set(parts)].filter((kc) => kc <= most);
}

function planOf(request: GemvRequest, size: Pick<GemvPlan, "m" | "kc" | "o">): GemvPlan | undefined {
  const { type, shapes } = request;
  const { m, kc, o } = size;
  const objectWords = (rowsOfObject * kc * type.weights.bytes) / 4;
  const fixed = {
    objects: 8 * objectWords,
    lanes: 512 * m,
    sums: 4 * m * roundUp(o, 16),
    // Two objects for the host and two from core to core, all of them where the first core's memory has them.
    results: 4 * m * o * type.output.bytes + 2 * m * roundUp(o, 16) * type.output.bytes,
    control: 64 + 4 * tableWordsOf(shapes),
  };
  const room = dataBytes - stackBytes - Object.values(fixed).reduce((sum, bytes) => sum + bytes, 0);
  const mostKept = Math.floor(room / 4) - slackWords;
  const steps = shapes.map((shape) => stepsOf(request, { ...size, objectWords, mostKept }, shape));
  if (!steps.every((one) => one !== undefined)) return undefined;
  const keptWords = Math.max(...steps.map((one) => one.keptWords)) + slackWords;
  return { ...size, objectWords, keptWords, tileBytes: dataBytes - room + 4 * keptWords, shapes: steps };
}

/** Words of the cores' table for each shape: see gemv-fabric.ts. */
export const controlWords = 8;

/** Words of the table: whole vectors of 64 bytes, as what lies behind it is read in such on npu2. */
export function tableWordsOf(shapes: readonly unknown[]): number {
  return roundUp(controlWords * shapes.length, 16);
}

interface Objects extends Pick<GemvPlan, "m" | "kc" | "o" | "objectWords"> {
  readonly mostKept: number;
}

/** The best division into chapters, or none that fits. */
function stepsOf({ type, channels, whole }: GemvRequest, objects: Objects, shape: MatmulShape): GemvSteps | undefined {
  const { m, kc, o, objectWords, mostKept } = objects;
  const chunks = Math.ceil(shape.k / kc);
  const pitch = chunks * kc;
  const channelRows = type.weights.name === "i8" || shape.bias ? type.channelRows : 0;
  const units = Math.ceil(shape.n / channels / (2 * o));
  const channelsAt = (m * pitch) / 2;
  const wordsOfRow = channelRows + (shape.residual ? m / 2 : 0);
  // Rows whose parts are no run in memory take the iteration dimension of a BD.
  const mostChapter = chunks === 1 ? mostChapterRows : Math.min(mostChapterRows, iterationMax * rowsOfObject);
  const steps = Array.from({ length: 4 }, (_, more): GemvSteps | undefined => {
    const chapters = Math.ceil((units * 2 * o) / Math.max(2 * o, mostChapter)) + more;
    const unitsOfChapter = Math.ceil(units / chapters);
    const chapterRows = unitsOfChapter * 2 * o;
    if (chapterRows > mostChapter) return undefined;
    const keptObjects = Math.ceil((channelsAt + wordsOfRow * chapterRows) / objectWords);
    const keptWords = keptObjects * objectWords;
    if (keptWords > mostKept) return undefined;
    const objectsOfUnit = ((2 * o) / rowsOfObject) * chunks;
    const unit = Math.max(
      objectsOfUnit * (objectWords + bdStartCycles),
      objectsOfUnit * stepCycles(type, { m, kc, chunks }) + finishCycles(shape, o),
    );
    const before = keptObjects * (objectWords + bdStartCycles) + chapterCycles;
    const last = finishCycles(shape, o) + (2 * m * o * type.output.bytes) / 4;
    const cycles = chapters * (before + unitsOfChapter * (unit + unitCycles)) + last;
    const channelPart = chapters * chapterRows;
    const residualAt = channelsAt + channelRows * chapterRows;
    const rows = channelPart * channels;
    if (whole === true && rows !== shape.n) return undefined;
    return {
      ...{ shape, chunks, pitch, chapters, unitsOfChapter, chapterRows, channelPart, rows },
      ...{ channelRows, keptObjects, channelsAt, residualAt, keptWords, cycles },
    };
  });
  const [best] = steps.filter((one) => one !== undefined).sort((a, b) => a.cycles - b.cycles);
  return best;
}

const bdStartCycles = 10;
/** Transfers of a chapter on their way through the controller, locks of a unit: guesses that only rank plans. */
const chapterCycles = 60;
const unitCycles = 4;
/** Call, locks and loop around a kernel, by the simulator's counts. */
const callCycles = 100;

/** A core's work on its half of an object, the busiest of its units: kernels/gemv/dot_rows.h. */
function stepCycles({ weights }: GemvType, { m, kc, chunks }: { m: number; kc: number; chunks: number }): number {
  const vectors = (4 * kc) / lanes;
  const rowsAtOnce = m <= 2 ? 4 : m <= 4 ? 2 : 1;
  const multiplications = vectors * 2 * m;
  const others = vectors * (weights.name === "i8" ? 3 : 0) + 4 * m + (23 * m) / chunks;
  const loads = vectors * (weights.bytes / 2 + m / rowsAtOnce) + 16 * m;
  return Math.max(multiplications, others, loads) + callCycles;
}

function finishCycles({ m, gelu }: MatmulShape, o: number): number {
  return m * Math.ceil(o / 16) * (gelu ? 55 : 16) + callCycles;
}

function notWhole({ shapes, channels }: GemvRequest): BudgetError {
  const unit = 2 * rowsOfObject * channels;
  return new BudgetError(
    `gemv ${shapes.map(({ name }) => name).join(", ")}: no plan fits a tile and leaves no padding behind the columns of any array`,
    { hint: `take K of whole ${lanes} and N of whole ${unit} (fewer columns: less), or tile=auto` },
  );
}

/** Names the rows of x and the K that would fit, tried one after the other. */
function tooLarge(request: GemvRequest, m: number): BudgetError {
  const [largest] = [...request.shapes].sort((a, b) => b.k - a.k);
  const k = largest?.k ?? 0;
  const fits = (rows: number, depth: number): boolean => {
    const shapes = request.shapes.map((shape) => ({ ...shape, m: rows, k: Math.min(shape.k, depth) }));
    const asked = { ...request, shapes };
    return partsOfK(asked).some((kc) => planOf(asked, { m: rows, kc, o: rowsOfObject }) !== undefined);
  };
  let [rows, depth] = [m - 1, Math.floor((k - 1) / lanes) * lanes];
  while (rows > 0 && !fits(rows, k)) rows -= 1;
  while (depth > lanes && !fits(m, depth)) depth -= lanes;
  const fewer = rows > 0 ? `at most ${rows} row(s) of x at a time, or ` : "";
  return new BudgetError(
    `gemv ${largest?.name}: x[${m}, ${k}] takes ${2 * m * k} B of a compute tile's ${dataBytes} B, beside ${request.type.weights.dtype} weights`,
    { hint: `${fewer}K of at most ${depth}: split K and add the parts with a residual` },
  );
}

/** @throws ShapeError for a shape whose strides a shim BD does not hold. */
function checkStrides({ shape, rows, pitch }: GemvSteps, { weights, output }: GemvType): void {
  const strides = [
    { what: "N", got: shape.n, words: shape.m > 1 || weights.name === "i8" ? rows : 0 },
    { what: "N", got: shape.n, words: shape.m > 1 ? (rows * output.bytes) / 4 : 0 },
    { what: "K", got: shape.k, words: (rowsOfObject * pitch * weights.bytes) / 4 },
  ];
  for (const { what, got, words } of strides) {
    if (words < strideMaxWords) continue;
    const most = Math.floor((got / words) * (strideMaxWords - 1));
    throw new ShapeError(
      `gemv ${shape.name}: ${what} = ${got}: expected at most about ${most}, what a shim DMA's stride reaches`,
      {
        hint: `split ${what} and ${what === "K" ? "add the parts" : "join the parts"}`,
      },
    );
  }
}
