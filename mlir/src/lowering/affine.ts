import { DesignError } from "@aiekit/core";
import { integerAttr } from "../ir/attributes.ts";
import { Block, Operation, Region, type Value, walk } from "../ir/operation.ts";
import { index } from "../ir/types.ts";
import { type AffineExpression, parseAffineMap } from "./affine-map.ts";
import { substitute } from "./clone.ts";
import { type Device, opsNamed } from "./device-ops.ts";
import { withLocation } from "./location.ts";

/**
 * Turns the affine loops and accesses of every core into `scf`, `memref` and `arith`, before anything looks for loops.
 * Source: MLIR lower-affine.
 */
export function lowerAffine(device: Device): void {
  for (const core of opsNamed(device, "aie.core", "func.func")) {
    let isAffine = false;
    walk(core, (op) => {
      isAffine ||= op.name.startsWith("affine.");
    });
    if (!isAffine) continue;
    const replaced = new Map<Value, Value>();
    for (const region of core.regions) lowerRegion(region, replaced);
    substitute(core, replaced);
  }
}

function lowerRegion(region: Region, replaced: Map<Value, Value>): void {
  for (const block of region.blocks) {
    for (const op of [...block.ops]) {
      for (const inner of op.regions) lowerRegion(inner, replaced);
      const lower = lowerings[op.name] ?? (op.name.startsWith("affine.") ? refuse : undefined);
      if (lower) withLocation(op, () => lower(op, block, replaced));
    }
  }
}

function refuse({ name }: Operation): never {
  throw new DesignError(`${name} cannot be lowered`);
}

const lowerings: Readonly<Record<string, (op: Operation, block: Block, replaced: Map<Value, Value>) => void>> = {
  "affine.for": lowerFor,
  "affine.yield": (op, block) => replace(op, block, new Operation("scf.yield", { operands: op.operands, loc: op.loc })),
  "affine.load": (op, block, replaced) => {
    const [memory, ...dimensions] = op.operands;
    const operands = memory ? [memory, ...subscripts(op, block, dimensions)] : [];
    const load = new Operation("memref.load", {
      operands,
      results: op.results.map((r) => r.type),
      resultNames: op.results.map((r) => r.name),
      loc: op.loc,
    });
    replaced.set(op.result, load.result);
    replace(op, block, load);
  },
  "affine.store": (op, block) => {
    const [value, memory, ...dimensions] = op.operands;
    const operands = value && memory ? [value, memory, ...subscripts(op, block, dimensions)] : [];
    replace(op, block, new Operation("memref.store", { operands, loc: op.loc }));
  },
};

function lowerFor(op: Operation, block: Block, replaced: Map<Value, Value>): void {
  const emit = (made: Operation): Value => block.insertBefore(op, made).result;
  const bound = (key: string): Value => {
    const [expression] = mapOf(op, key);
    if (expression?.kind !== "constant" && expression?.kind !== "*") {
      throw new DesignError(`affine.for: expected a constant as ${key}`);
    }
    return emit(constant(constantOf(expression)));
  };
  const operands = [bound("lowerBoundMap"), bound("upperBoundMap"), emit(constant(op.int("step") ?? 1))];
  const source = op.regions[0]?.entry ?? new Block();
  const region = new Region();
  const body = region.addBlock();
  for (const arg of source.args) replaced.set(arg, body.addArg(arg.type, arg.name));
  for (const inner of [...source.ops]) {
    source.remove(inner);
    body.append(inner);
  }
  const loop = new Operation("scf.for", {
    operands: [...operands, ...op.operands],
    results: op.results.map((r) => r.type),
    resultNames: op.results.map((r) => r.name),
    regions: [region],
    loc: op.loc,
  });
  for (const [i, result] of op.results.entries()) {
    const mine = loop.results[i];
    if (mine) replaced.set(result, mine);
  }
  replace(op, block, loop);
}

/** The values that the access's map gives for `dimensions`, computed in front of it. */
function subscripts(op: Operation, block: Block, dimensions: readonly Value[]): Value[] {
  const emit = (made: Operation): Value => block.insertBefore(op, made).result;
  const value = (expression: AffineExpression): Value => {
    if (expression.kind === "constant") return emit(constant(expression.value));
    if (expression.kind === "dimension") {
      const dimension = dimensions[expression.position];
      if (dimension === undefined) throw new DesignError(`${op.name}: its map names a dimension without an operand`);
      return dimension;
    }
    const [left, right] = [value(expression.left), value(expression.right)];
    const binary = (name: string, a: Value, b: Value) =>
      emit(new Operation(name, { operands: [a, b], results: [index] }));
    if (expression.kind !== "mod") return binary(operationOf[expression.kind], left, right);
    // The remainder of an affine map is never negative, that of `arith.remsi` may be.
    return binary("arith.subi", left, binary("arith.muli", binary("arith.floordivsi", left, right), right));
  };
  return mapOf(op, "map").map(value);
}

const operationOf = {
  "+": "arith.addi",
  "-": "arith.subi",
  "*": "arith.muli",
  floordiv: "arith.floordivsi",
  ceildiv: "arith.ceildivsi",
} as const;

function mapOf(op: Operation, key: string): readonly AffineExpression[] {
  const map = op.attributes.get(key);
  if (map?.kind !== "opaque") throw new DesignError(`${op.name}: expected an affine map as ${key}`);
  return parseAffineMap(map.text);
}

/** A number, or the product that stands for a negative one. */
function constantOf(expression: AffineExpression): number {
  if (expression.kind === "constant") return expression.value;
  if (expression.kind !== "*") throw new DesignError("affine.for: expected a constant bound");
  return constantOf(expression.left) * constantOf(expression.right);
}

function constant(value: number): Operation {
  return new Operation("arith.constant", {
    results: [index],
    resultNames: [value < 0 ? `cm${-value}` : `c${value}`],
    attributes: { value: integerAttr(value, index) },
  });
}

function replace(op: Operation, block: Block, by: Operation): void {
  block.insertBefore(op, by);
  block.remove(op);
}
