import { BudgetError } from "@aiekit/core";
import type { DeviceModel } from "../../device-model/device-model.ts";
import { tileModels } from "../../device-model/tile-model.ts";
import { type MatmulCores, type MatmulTile, stackBytes } from "./matmul-fabric.ts";
import { matmulSteps } from "./matmul-sequence.ts";
import type { MatmulShape } from "./matmul-shapes.ts";
import {
  channelObjects,
  channelRows,
  groupIssues,
  type MatmulType,
  mostChannelRows,
  storeIssues,
  takesResidual,
} from "./matmul-types.ts";

export interface MatmulPlanRequest {
  readonly device: DeviceModel;
  readonly type: MatmulType;
  readonly cores: MatmulCores;
  readonly shapes: readonly MatmulShape[];
  /**
   * Only tiles that leave no padding behind the columns of any array: then the rows of a result lie as another kernel reads
   * them, and it can stay on the device.
   */
  readonly wholeColumns?: boolean;
  /** Depths of a step that may be taken; the planner's own where left out. */
  readonly depths?: readonly number[];
}

export interface MatmulPlan {
  readonly tile: MatmulTile;
  /** Of a compute tile's data memory, stack included. */
  readonly tileBytes: number;
  readonly shapes: readonly MatmulShapePlan[];
}

/** What a launch of one shape costs. Cycles are modelled: an estimate of the simulator's cost model, not a measurement. */
export interface MatmulShapePlan {
  readonly name: string;
  readonly launches: number;
  readonly bytesToArray: number;
  readonly bytesFromArray: number;
  readonly modelledCycles: number;
  /** Multiplications that were asked for, of those that the cores can do in so many cycles. */
  readonly shareOfPeak: number;
}

/** The tile with the fewest modelled cycles over all shapes. @throws BudgetError when none fits. */
export function planMatmul(request: MatmulPlanRequest): MatmulPlan {
  const plans = candidates(request).map((tile) => planTile(request, tile));
  const cost = ({ shapes }: MatmulPlan) => shapes.reduce((sum, shape) => sum + shape.modelledCycles, 0);
  const moved = ({ shapes }: MatmulPlan) => shapes.reduce((sum, shape) => sum + shape.bytesToArray, 0);
  const [best] = plans.sort((x, y) => cost(x) - cost(y) || moved(x) - moved(y));
  if (best === undefined) {
    const whole = request.wholeColumns === true ? " and divides the columns of every array" : "";
    throw new BudgetError(`matmul: no tile fits a compute tile's memory${whole}`, {
      ...(whole !== "" && {
        hint: `take K of whole ${request.type.input.group ?? 16} and N of whole ${16 * request.cores.columns}, or tile=auto`,
      }),
    });
  }
  return best;
}

/** The plan of one tile. @throws BudgetError when it is not whole blocks or does not fit a compute tile. */
export function planTile(request: MatmulPlanRequest, tile: MatmulTile): MatmulPlan {
  const problem = tileProblem(request, tile);
  if (problem !== undefined) {
    throw new BudgetError(`matmul: tile ${tile.m}x${tile.k}x${tile.n}: ${problem}`, {
      hint: "leave tile at auto, or take a smaller one",
    });
  }
  const shapes = request.shapes.map((shape) => planShape(request, tile, shape));
  return { tile, tileBytes: tileBytes(request, tile), shapes };
}

const usualDepths = [16, 32, 64, 96, 128, 192, 256];
const sideMax = 128;

function candidates(request: MatmulPlanRequest): MatmulTile[] {
  const { type, device, depths = usualDepths } = request;
  const { r, t, blocksDown, blocksAcross } = type.input.native[device.generation];
  const sides = (step: number) => Array.from({ length: sideMax / step }, (_, i) => (i + 1) * step);
  const tiles = sides(r * blocksDown).flatMap((m) =>
    sides(t * blocksAcross).flatMap((n) => depths.map((k): MatmulTile => ({ m, k, n }))),
  );
  return tiles.filter((tile) => tileProblem(request, tile) === undefined);
}

function tileProblem(request: MatmulPlanRequest, tile: MatmulTile): string | undefined {
  const { type, cores, shapes, device } = request;
  const { m, k, n } = tile;
  const isWhole = shapes.every((shape) => shape.k % k === 0 && shape.n % (n * cores.columns) === 0);
  if (request.wholeColumns === true && !isWhole) return "expected parts of K and N";
  const { r, s, t, blocksDown, blocksAcross } = type.input.native[device.generation];
  const [mStep, nStep] = [r * blocksDown, t * blocksAcross];
  // What the kernels assert (kernels/matmul/mmul_tile.h).
  if (m % mStep !== 0 || k % s !== 0 || n % nStep !== 0) {
    return `expected multiples of ${mStep} x ${s} x ${nStep}`;
  }
  const { group } = type.input;
  if (group !== undefined && k !== group) return `expected k = ${group}, a group of weights`;
  const channelBytes = 16;
  if ((k * type.input.b.bytes) % channelBytes !== 0) return `expected k of whole ${channelBytes} B`;
  const hasResidual = shapes.some((shape) => shape.residual) && takesResidual(type);
  if (hasResidual && ((m % k !== 0 && k % m !== 0) || (cores.rows * m) % k !== 0)) {
    return "a residual needs m that is a multiple of k, or k of m, and whole objects in a column";
  }
  const bytes = tileBytes(request, tile);
  const { dataBytes } = tileModels.computeTile;
  return bytes > dataBytes ? `needs ${bytes} B of data memory, a compute tile has ${dataBytes} B` : undefined;
}

/** Two objects of a and of b, sums, one object of c, channels, words of control and of the objects' counters. */
function tileBytes({ type: { input, output }, shapes }: MatmulPlanRequest, { m, k, n }: MatmulTile): number {
  const objects = 2 * (m * k * input.bytes + k * n * input.b.bytes) + m * n * (input.sums.bytes + output.bytes);
  return stackBytes + objects + 4 * mostChannelRows(input, shapes) * n + 64;
}

/** First records of the instruction stream, until all cores are told what to do. */
const startCycles = 5_000;
const callCycles = 40;
/** Locks, choice of objects and loop of one step of a core, by the simulator's counts. */
const stepCycles = 60;
const dmaStartCycles = 10;

function planShape(request: MatmulPlanRequest, tile: MatmulTile, shape: MatmulShape): MatmulShapePlan {
  const { type, cores, device } = request;
  const { input, output } = type;
  const steps = matmulSteps(shape, { tile, cores });
  const { rowSteps, columnSteps, kSteps } = steps;
  const { m, k, n } = tile;
  const streams = Math.min(cores.columns, cores.rows);
  const words = (elements: number, bytes: number) => (elements * bytes) / 4 + dmaStartCycles;
  const aWords = words(m * k, input.bytes) * Math.ceil(cores.rows / streams);
  const bWords = words(k * n, input.b.bytes);
  const step = Math.max(stepKernel(request, tile) + callCycles + stepCycles, aWords, bWords);
  const residualObjects = shape.residual ? (cores.rows * m) / k : 0;
  const store = m * n * (storeIssues(type) + (shape.gelu ? geluIssues : 0)) + callCycles + stepCycles;
  const hasChannels = type.requantised || shape.bias;
  const rows = channelRows(input, shape.k);
  // A column step lasts as long as the busiest of core and streams; what comes on the stream of b beside b is prefetched.
  const core =
    (hasChannels ? 2 * rows * n + callCycles : 0) + rowSteps * (kSteps * step + store + residualObjects * stepCycles);
  const streamOfB =
    bWords * ((hasChannels ? channelObjects(input, k, rows) : 0) + rowSteps * (kSteps + residualObjects));
  const drain = words(cores.rows * m * n, output.bytes);
  const fill = 2 * Math.max(aWords, bWords);
  const modelledCycles = Math.round(startCycles + fill + columnSteps * Math.max(core, streamOfB) + drain);
  const macs = shape.m * shape.k * shape.n;
  const perCycle = cores.columns * cores.rows * input.macsPerCycle[device.generation];
  return {
    name: shape.name,
    launches: 1,
    bytesToArray:
      columnSteps * steps.rows * steps.depth * input.bytes +
      rowSteps * steps.depth * steps.columns * input.b.bytes +
      (shape.residual ? steps.rows * steps.columns * output.bytes : 0),
    bytesFromArray: steps.rows * steps.columns * output.bytes,
    modelledCycles,
    shareOfPeak: macs / perCycle / modelledCycles,
  };
}

/** The busiest unit of a core in one step: multiplier, loads, stores (kernels/matmul/mmul_tile.h). */
function stepKernel({ type, device }: MatmulPlanRequest, { m, k, n }: MatmulTile): number {
  const { input } = type;
  const wide = device.generation === "aie2p" ? 2 : 1;
  const { r, s, t, blocksDown, blocksAcross } = input.native[device.generation];
  const groups = (m / r / blocksDown) * (n / t / blocksAcross);
  const sums = m * n * input.sums.bytes;
  const operands = blocksDown * r * s * input.bytes + blocksAcross * s * t * input.b.bytes;
  const loads = groups * (k / s) * operands + sums;
  const issues = (m * k * n) / input.macsPerCycle[device.generation] + (m * n * groupIssues(input)) / wide;
  return Math.max(issues, loads / (64 * wide), sums / (32 * wide));
}

/** Vector issues of GELU for a value. Source: kernels/math/gelu.h. */
const geluIssues = 47 / 32;
