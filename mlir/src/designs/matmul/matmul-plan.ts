import { BudgetError } from "@aiekit/core";
import type { DeviceModel } from "../../device-model/device-model.ts";
import { budgetProblem, type MatmulBudgetRequest, memtileBytes, tileBytes } from "./matmul-budget.ts";
import { leastMatmulCycles, type MatmulCyclesRequest, matmulCycles } from "./matmul-cycles.ts";
import type { MatmulCores, MatmulStationary, MatmulTile } from "./matmul-fabric.ts";
import { matmulSteps, type ReachProblem, reachError, reachProblem } from "./matmul-sequence.ts";
import type { MatmulShape } from "./matmul-shapes.ts";
import { activatesFirst, channelObjectsOf, type MatmulType, mostChannelRows, takesResidual } from "./matmul-types.ts";

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
  /** What the cores keep; whichever costs less when undefined. */
  readonly stationary?: MatmulStationary | undefined;
  /** How a size is refused that no tile makes small enough; as matmul's where left out. */
  readonly reachError?: (problem: ReachProblem) => Error;
}

export interface MatmulPlan {
  readonly stationary: MatmulStationary;
  readonly tile: MatmulTile;
  /** Of a compute tile's data memory, stack included. */
  readonly tileBytes: number;
  /** Of the busiest memtile's. */
  readonly memtileBytes: number;
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

/**
 * What stays in the cores, and the tile, with the fewest modelled cycles over all shapes; of those as good, with the fewest
 * bytes. @throws BudgetError when nothing fits.
 */
export function planMatmul(request: MatmulPlanRequest): MatmulPlan {
  const ways = reachable(request, candidates(request)).map((way) => ({ way, least: leastCycles(request, way) }));
  const plans: MatmulPlan[] = [];
  let best = Number.POSITIVE_INFINITY;
  for (const { way, least } of ways.sort((x, y) => x.least - y.least)) {
    if (least > best * asGood) break;
    const plan = planWay(request, way);
    plans.push(plan);
    best = Math.min(best, cyclesOf(plan));
  }
  const [chosen] = plans.filter((plan) => cyclesOf(plan) <= best * asGood).sort((x, y) => bytesOf(x) - bytesOf(y));
  if (chosen !== undefined) return chosen;
  const whole = request.wholeColumns === true ? " and divides the columns of every array" : "";
  throw new BudgetError(`matmul: no tile fits a compute tile's memory${whole}`, {
    ...(whole !== "" && {
      hint: `take K of whole ${request.type.input.group ?? 16} and N of whole ${16 * request.cores.columns}, or tile=auto`,
    }),
  });
}

/** Plans of so many times the fewest cycles are as good: the model is no finer. */
const asGood = 1.01;

const cyclesOf = ({ shapes }: MatmulPlan): number => shapes.reduce((sum, shape) => sum + shape.modelledCycles, 0);
const bytesOf = ({ shapes }: MatmulPlan): number => shapes.reduce((sum, shape) => sum + shape.bytesToArray, 0);

/** The plan of one tile. @throws BudgetError when it is not whole blocks or does not fit a compute tile. */
export function planTile(request: MatmulPlanRequest, tile: MatmulTile): MatmulPlan {
  const way = { tile, stationary: request.stationary ?? "outputs" };
  const problem = problemOf(request, way);
  if (problem !== undefined) {
    throw new BudgetError(`matmul: tile ${tile.m}x${tile.k}x${tile.n}: ${problem}`, {
      hint: "leave tile at auto, or take a smaller one",
    });
  }
  return planWay(request, way);
}

/** What stays in the cores, and the sizes of a step. */
interface Way {
  readonly stationary: MatmulStationary;
  readonly tile: MatmulTile;
}

function planWay(request: MatmulPlanRequest, way: Way): MatmulPlan {
  const shapes = request.shapes.map((shape) => planShape(request, way, shape));
  const budget = budgetOf(request, way);
  return { ...way, tileBytes: tileBytes(budget), memtileBytes: memtileBytes(budget), shapes };
}

const usualDepths = [16, 32, 64, 96, 128, 192, 256];
const sideMax = 128;

function candidates(request: MatmulPlanRequest): Way[] {
  const { type, device, shapes, stationary, depths = usualDepths } = request;
  const { r, t, blocksDown, blocksAcross } = type.input.native[device.generation];
  const sides = (step: number) => Array.from({ length: sideMax / step }, (_, i) => (i + 1) * step);
  const ways = (what: MatmulStationary, ks: readonly number[]): Way[] =>
    sides(r * blocksDown).flatMap((m) =>
      sides(t * blocksAcross).flatMap((n) => ks.map((k) => ({ stationary: what, tile: { m, k, n } }))),
    );
  const depthStep = type.input.group ?? 16;
  const wholeDepth = depthStep * Math.ceil(Math.max(...shapes.map((shape) => shape.k)) / depthStep);
  const weightDepths = [wholeDepth].filter((depth) => request.depths?.includes(depth) ?? true);
  return [
    ...(stationary === "weights" ? [] : ways("outputs", depths)),
    ...(stationary === "outputs" ? [] : ways("weights", weightDepths)),
  ].filter((way) => problemOf(request, way) === undefined);
}

/** Those with which shim DMAs reach all parts of all arrays. @throws ShapeError when there are some, but none of these. */
function reachable(request: MatmulPlanRequest, ways: readonly Way[]): readonly Way[] {
  const { shapes, type, cores } = request;
  let nearest: ReachProblem | undefined;
  const found = ways.filter(({ tile }) => {
    const problem = shapes.map((shape) => reachProblem(shape, { type, tile, cores })).find((p) => p !== undefined);
    if (problem && (nearest === undefined || problem.most > nearest.most)) nearest = problem;
    return problem === undefined;
  });
  if (found.length === 0 && nearest !== undefined) throw (request.reachError ?? reachError)(nearest);
  return found;
}

function problemOf(request: MatmulPlanRequest, { stationary, tile }: Way): string | undefined {
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
  if (stationary === "weights") {
    const deepest = Math.max(...shapes.map((shape) => shape.k));
    if (deepest > k) return `expected k of ${deepest} or more: weights that stay are as deep as K`;
    if (hasResidual) return "a residual comes on the stream of b, which stands still while weights stay";
  }
  return budgetProblem(budgetOf(request, { stationary, tile }));
}

function budgetOf({ type, cores, shapes }: MatmulPlanRequest, way: Way): MatmulBudgetRequest {
  return { type, cores, ...way, channelRows: mostChannelRows(type.input, shapes) };
}

function planShape(request: MatmulPlanRequest, way: Way, shape: MatmulShape): MatmulShapePlan {
  const { stationary, tile } = way;
  const { type, cores, device } = request;
  const { input, output } = type;
  const { rowSteps, columnSteps, rows, depth, columns } = matmulSteps(shape, { tile, cores });
  const modelledCycles = matmulCycles(cyclesRequest(request, way, shape));
  const macs = shape.m * shape.k * shape.n;
  const perCycle = cores.columns * cores.rows * input.macsPerCycle[device.generation];
  return {
    name: shape.name,
    launches: 1,
    bytesToArray:
      columnSteps * rows * depth * input.bytes +
      (stationary === "weights" ? 1 : rowSteps) * depth * columns * input.b.bytes +
      channelObjectsOf(type, tile, shape) * columns * tile.k * input.b.bytes +
      (shape.residual ? rows * columns * output.bytes : 0),
    bytesFromArray: rows * columns * output.bytes,
    modelledCycles,
    shareOfPeak: macs / perCycle / modelledCycles,
  };
}

function leastCycles(request: MatmulPlanRequest, way: Way): number {
  return request.shapes.reduce((sum, shape) => sum + leastMatmulCycles(cyclesRequest(request, way, shape)), 0);
}

function cyclesRequest(request: MatmulPlanRequest, way: Way, shape: MatmulShape): MatmulCyclesRequest {
  const { type, cores, device, shapes } = request;
  const built = {
    residual: shapes.some((s) => s.residual),
    activates: activatesFirst(type, shapes),
    channelRows: mostChannelRows(type.input, shapes),
  };
  return { type, cores, ...way, shape, generation: device.generation, built };
}
