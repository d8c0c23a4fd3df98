import { DesignError } from "@aiekit/core";
import { integerAttr } from "../ir/attributes.ts";
import { Block, Operation, Region, type Value, walk } from "../ir/operation.ts";
import { index } from "../ir/types.ts";
import { cloneOperation, substitute } from "./clone.ts";
import { withLocation } from "./location.ts";

/** Depth of the fifo that an acquire takes from. */
type DepthOf = (acquire: Operation) => number;

/**
 * Unrolls every `scf.for` that holds acquires directly, so that each acquire always meets the same object: by the least
 * common multiple of the fifos' depths, what is left of the rounds behind the loop. Inner loops go first; one that is
 * gone after that leaves its acquires to the loop around it. Loops without acquires stay as they are.
 * Source: AIEObjectFifoStatefulTransform unrollForLoops; measured.
 * @throws DesignError when such a loop's bounds are not constants.
 */
export function unrollFifoLoops(core: Operation, depthOf: DepthOf): void {
  const replaced = new Map<Value, Value>();
  const constants = new Constants(core);
  for (const region of core.regions) unrollRegion(region, { depthOf, constants, replaced });
  substitute(core, replaced);
  constants.removeUnused();
}

interface Unrolling {
  readonly depthOf: DepthOf;
  readonly constants: Constants;
  /** Results of loops that are gone. */
  readonly replaced: Map<Value, Value>;
}

/** Index constants at the top of a core, one of each. */
class Constants {
  readonly #core: Operation;
  readonly #entry: Block;
  readonly #known = new Map<bigint, Value>();

  constructor(core: Operation) {
    this.#core = core;
    this.#entry = core.regions[0]?.entry ?? new Block();
    for (const op of this.#entry.ops) {
      const value = constantOf(op.results[0]);
      if (value !== undefined && op.results[0]?.type.kind === "index") this.#known.set(value, op.result);
    }
  }

  get(value: bigint): Value {
    const known = this.#known.get(value);
    if (known) return known;
    const op = new Operation("arith.constant", {
      results: [index],
      resultNames: [`c${value}`],
      attributes: { value: integerAttr(value, index) },
    });
    const [first] = this.#entry.ops;
    if (first) this.#entry.insertBefore(first, op);
    else this.#entry.append(op);
    this.#known.set(value, op.result);
    return op.result;
  }

  /** Bounds of loops that are gone. */
  removeUnused(): void {
    const used = new Set<Value>();
    walk(this.#core, (op) => {
      for (const operand of op.operands) used.add(operand);
      for (const successor of op.successors) for (const arg of successor.args) used.add(arg);
    });
    for (const op of [...this.#entry.ops]) {
      if (op.name === "arith.constant" && op.results[0]?.type.kind === "index" && !used.has(op.result)) {
        this.#entry.remove(op);
      }
    }
  }
}

function unrollRegion(region: Region, state: Unrolling): void {
  for (const block of region.blocks) {
    for (const op of [...block.ops]) {
      for (const inner of op.regions) unrollRegion(inner, state);
      if (op.name === "scf.for") withLocation(op, () => unrollLoop(op, block, state));
    }
  }
}

function unrollLoop(loop: Operation, block: Block, state: Unrolling): void {
  const body = loop.regions[0]?.entry;
  const acquires = body?.ops.filter((op) => op.name === "aie.objectfifo.acquire") ?? [];
  if (body === undefined || acquires.length === 0) return;
  const factor = BigInt(
    acquires
      .map(state.depthOf)
      .filter((d) => d > 0)
      .reduce(leastCommonMultiple, 1),
  );
  const [lower, upper, step] = [0, 1, 2].map((i) => constantOf(resolve(loop.operands[i], state.replaced)));
  if (lower === undefined || upper === undefined || step === undefined || step <= 0n) {
    throw new DesignError(
      "scf.for: a loop with acquires needs constant bounds: could not be unrolled, check loop boundaries",
      { hint: "use a constant trip count, or {dynamic_objfifo_lowering = true} on the core" },
    );
  }
  const rounds = upper > lower ? (upper - lower + step - 1n) / step : 0n;
  const unrolledRounds = rounds - (rounds % factor);
  if (factor === 1n && rounds !== 1n) return;

  let carried: readonly Value[] = loop.operands.slice(3);
  const emit = (op: Operation): void => {
    block.insertBefore(loop, op);
  };
  const round = (at: bigint): void => {
    carried = copyBody(body, state.constants.get(lower + at * step), carried, emit);
  };
  if (unrolledRounds === factor) for (let i = 0n; i < factor; i++) round(i);
  else if (unrolledRounds > 0n) {
    const end = lower + unrolledRounds * step;
    carried = emitUnrolled(loop, { factor, step, lower, end, carried }, { emit, constants: state.constants });
  }
  for (let i = unrolledRounds; i < rounds; i++) round(i);
  for (const [i, result] of loop.results.entries()) {
    const value = carried[i];
    if (value) state.replaced.set(result, value);
  }
  block.remove(loop);
}

/** The loop with `factor` copies of its body and a step `factor` times as long. */
function emitUnrolled(
  loop: Operation,
  shape: {
    readonly factor: bigint;
    readonly step: bigint;
    readonly lower: bigint;
    readonly end: bigint;
    readonly carried: readonly Value[];
  },
  out: { readonly emit: (op: Operation) => void; readonly constants: Constants },
): readonly Value[] {
  const { factor, step, lower, end } = shape;
  const source = loop.regions[0]?.entry as Block;
  const body = new Block();
  const induction = body.addArg(index, source.args[0]?.name);
  let inside: readonly Value[] = source.args.slice(1).map((arg) => body.addArg(arg.type, arg.name));
  for (let i = 0n; i < factor; i++) {
    let at: Value = induction;
    if (i > 0n && uses(source, source.args[0])) {
      const add = new Operation("arith.addi", { operands: [induction, out.constants.get(i * step)], results: [index] });
      body.append(add);
      at = add.result;
    }
    inside = copyBody(source, at, inside, (op) => body.append(op));
  }
  body.append(new Operation("scf.yield", { operands: inside }));
  const region = new Region();
  region.addBlock(body);
  const unrolled = new Operation("scf.for", {
    operands: [out.constants.get(lower), out.constants.get(end), out.constants.get(step * factor), ...shape.carried],
    results: loop.results.map((r) => r.type),
    resultNames: loop.results.map((r) => r.name),
    attributes: Object.fromEntries(loop.attributes),
    regions: [region],
    loc: loop.loc,
  });
  out.emit(unrolled);
  return unrolled.results;
}

/** Emits one round of a loop body; gives the values that the next round starts with. */
function copyBody(
  body: Block,
  induction: Value,
  carried: readonly Value[],
  emit: (op: Operation) => void,
): readonly Value[] {
  const values = new Map<Value, Value>();
  for (const [i, arg] of body.args.entries()) {
    const value = i === 0 ? induction : carried[i - 1];
    if (value) values.set(arg, value);
  }
  for (const op of body.ops) {
    if (op.name === "scf.yield") return op.operands.map((v) => values.get(v) ?? v);
    emit(cloneOperation(op, values));
  }
  return [];
}

function uses(block: Block, value: Value | undefined): boolean {
  if (value === undefined) return false;
  const inside = (op: Operation): boolean =>
    op.operands.includes(value) || op.regions.some((r) => r.blocks.some((b) => b.ops.some(inside)));
  return block.ops.some(inside);
}

function resolve(value: Value | undefined, replaced: ReadonlyMap<Value, Value>): Value | undefined {
  return value && (replaced.get(value) ?? value);
}

function constantOf(value: Value | undefined): bigint | undefined {
  const attr = value?.definingOp?.name === "arith.constant" ? value.definingOp.attributes.get("value") : undefined;
  return attr?.kind === "integer" ? attr.value : undefined;
}

function leastCommonMultiple(a: number, b: number): number {
  const gcd = (x: number, y: number): number => (y === 0 ? x : gcd(y, x % y));
  return (a / gcd(a, b)) * b;
}
