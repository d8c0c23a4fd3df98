import { bitWidth, type Operation, type Type, type VectorType } from "@aiekit/mlir";
import { type CoreEmitter, unsupported, valueKind } from "./core-emitter.ts";
import { badOp } from "./ir-read.ts";

/** Name of the variable that counts elements in the code of a vector operation. */
const elementIndex = "e";

/**
 * Emits operations on vectors that touch no memory. A vector is a typed array that nobody changes once it is made, in
 * row-major order. False when there is no such operation here.
 */
export function emitVector(op: Operation, emitter: CoreEmitter): boolean {
  const emit = vectorOps[op.name];
  if (emit === undefined) return false;
  emit(op, emitter);
  emitter.cost(1);
  return true;
}

/** A new vector for the result of `op`, each of its elements set to `element`, an expression over `elementIndex`. */
export function eachElement(op: Operation, emitter: CoreEmitter, element: string): void {
  const name = emitter.variable(op.result);
  emitter.line(`${name} = ${newVector(op, op.result.type)};`);
  emitter.line(
    `for (let ${elementIndex} = 0; ${elementIndex} < ${name}.length; ${elementIndex}++) ${name}[${elementIndex}] = ${element};`,
  );
}

/** Expression of an operand's element: of a scalar, the scalar itself. */
export function elementOf(op: Operation, emitter: CoreEmitter, index: number): string {
  const name = emitter.use(op, index);
  return op.operands[index]!.type.kind === "vector" ? `${name}[${elementIndex}]` : name;
}

/** Expression of a vector of zeros. */
export function newVector(op: Operation, type: Type): string {
  const vector = vectorType(op, type);
  return `new ${arrayName(op, vector.element)}(${elements(vector)})`;
}

/** Kind of typed array that holds elements of a type as core bodies keep them. */
export function arrayName(op: Operation, element: Type): string {
  const kind = valueKind(op, element);
  if (kind === "int") return "Int32Array";
  if (kind === "long") return "BigInt64Array";
  if (kind === "index") return "Float64Array";
  if (element.kind === "float") return element.name === "f64" ? "Float64Array" : "Float32Array";
  throw unsupported(op, `vector of ${element.kind}`);
}

export function vectorType(op: Operation, type: Type): VectorType {
  if (type.kind !== "vector") throw badOp(op, `expected a vector, got ${type.kind}`);
  return type;
}

type VectorEmit = (op: Operation, emitter: CoreEmitter) => void;

const vectorOps: Readonly<Record<string, VectorEmit>> = {
  "vector.broadcast": broadcast,
  "vector.splat": broadcast,
  "vector.fma": fma,
  "vector.shape_cast": (op, emitter) => emitter.define(op.result, emitter.use(op, 0)),
  "vector.extract": extract,
  "vector.insert": insert,
  "vector.reduction": reduction,
  "vector.extract_strided_slice": slice,
  "aievec.broadcast_scalar": broadcast,
  "aievec.ups": upshift,
  "aievec.srs": shiftRoundSaturate,
  "aievec.ext_elem": (op, emitter) => emitter.set(op.result, `${emitter.use(op, 0)}[${emitter.use(op, 1)}]`),
};

/** The source again and again: MLIR repeats along new leading dimensions only, or along ones of size 1. */
function broadcast(op: Operation, emitter: CoreEmitter): void {
  const from = op.operands[0]!.type;
  if (from.kind !== "vector") {
    eachElement(op, emitter, emitter.use(op, 0));
    return;
  }
  const to = vectorType(op, op.result.type);
  const trailing = to.shape.slice(to.shape.length - from.shape.length);
  if (from.shape.some((size, i) => size !== trailing[i]))
    throw unsupported(op, "vector whose dimensions are stretched");
  eachElement(op, emitter, `${emitter.use(op, 0)}[${elementIndex} % ${elements(from)}]`);
}

/** f32 products and sums in double: the product is exact, the sum is rounded once more than hardware's only in rare ties. */
function fma(op: Operation, emitter: CoreEmitter): void {
  const { element } = vectorType(op, op.result.type);
  if (element.kind !== "float" || element.name !== "f32") throw unsupported(op, "vector other than of f32");
  const [a, b, c] = [0, 1, 2].map((i) => elementOf(op, emitter, i));
  eachElement(op, emitter, `Math.fround(${a} * ${b} + ${c})`);
}

function extract(op: Operation, emitter: CoreEmitter): void {
  const from = vectorType(op, op.operands[0]!.type);
  const first = position(op, emitter, { shape: from.shape, firstOperand: 1 });
  const source = emitter.use(op, 0);
  if (op.result.type.kind !== "vector") emitter.set(op.result, `${source}[${first.offset}]`);
  else emitter.set(op.result, `${source}.slice(${first.offset}, ${first.offset} + ${first.count})`);
}

function insert(op: Operation, emitter: CoreEmitter): void {
  const into = vectorType(op, op.operands[1]!.type);
  const { offset } = position(op, emitter, { shape: into.shape, firstOperand: 2 });
  const name = emitter.variable(op.result);
  const value = emitter.use(op, 0);
  emitter.line(`${name} = ${emitter.use(op, 1)}.slice();`);
  if (op.operands[0]!.type.kind === "vector") emitter.line(`${name}.set(${value}, ${offset});`);
  else emitter.line(`${name}[${offset}] = ${value};`);
}

/** MLIR marks an entry that an operand gives with the smallest 64-bit number. */
const dynamicMark = -(2n ** 63n);

/** Offset of the element or part at a position, and elements of that part. */
function position(
  op: Operation,
  emitter: CoreEmitter,
  { shape, firstOperand }: { readonly shape: readonly number[]; readonly firstOperand: number },
): { readonly offset: string; readonly count: number } {
  const attr = op.attributes.get("static_position");
  if (attr?.kind !== "dense-array") throw badOp(op, "expected attribute static_position");
  let next = firstOperand;
  const terms = attr.values.map((value, dimension) => {
    const inside = shape.slice(dimension + 1).reduce((n, size) => n * size, 1);
    return value === dynamicMark ? `${emitter.use(op, next++)} * ${inside}` : `${Number(value) * inside}`;
  });
  const count = shape.slice(attr.values.length).reduce((n, size) => n * size, 1);
  return { offset: `(${terms.join(" + ") || "0"})`, count };
}

/** Reduces in the order of the elements, behind the accumulator where there is one. */
function reduction(op: Operation, emitter: CoreEmitter): void {
  const { element } = vectorType(op, op.operands[0]!.type);
  const integer = element.kind === "integer";
  const attr = op.attributes.get("kind");
  const kind = attr?.kind === "opaque" ? attr.text.replace("#vector.kind", "") : "";
  const steps: Readonly<Record<string, string>> = {
    add: integer ? "a + b" : "Math.fround(a + b)",
    mul: integer ? "Math.imul(a, b)" : "Math.fround(a * b)",
    minsi: "a < b ? a : b",
    maxsi: "a > b ? a : b",
    minnumf: "Math.min(a, b)",
    maxnumf: "Math.max(a, b)",
    minimumf: "Math.min(a, b)",
    maximumf: "Math.max(a, b)",
    and: "a & b",
    or: "a | b",
    xor: "a ^ b",
  };
  const step = steps[kind.replaceAll(/[<>]/g, "")];
  if (step === undefined || bitWidth(element) > 32) throw unsupported(op);
  const first = op.operands.length > 1 ? `, ${emitter.use(op, 1)}` : "";
  const total = `${emitter.use(op, 0)}.reduce((a, b) => ${step}${first})`;
  const narrow = 32 - bitWidth(element);
  emitter.set(op.result, integer ? `((${total}) << ${narrow}) >> ${narrow}` : total);
}

function slice(op: Operation, emitter: CoreEmitter): void {
  const from = vectorType(op, op.operands[0]!.type);
  const integers = (name: string): number[] => {
    const attr = op.attributes.get(name);
    if (attr?.kind !== "array") throw badOp(op, `expected attribute ${name}`);
    return attr.elements.map((value) => (value.kind === "integer" ? Number(value.value) : Number.NaN));
  };
  const [offsets, sizes, strides] = [integers("offsets"), integers("sizes"), integers("strides")];
  if (from.shape.length !== 1 || strides[0] !== 1) throw unsupported(op, "slice of more than one dimension");
  emitter.set(op.result, `${emitter.use(op, 0)}.slice(${offsets[0]}, ${offsets[0]! + sizes[0]!})`);
}

/** To accumulators: shifted left. */
function upshift(op: Operation, emitter: CoreEmitter): void {
  accumulators(op, op.operands[0]!.type, op.result.type);
  eachElement(op, emitter, `BigInt(${elementOf(op, emitter, 0)}) << ${op.int("shift") ?? 0}n`);
}

/**
 * From accumulators: shifted right. Rounds towards minus infinity and wraps, as the core does after reset; a design cannot
 * set the mode in these dialects.
 */
function shiftRoundSaturate(op: Operation, emitter: CoreEmitter): void {
  accumulators(op, op.result.type, op.operands[0]!.type);
  const { element } = vectorType(op, op.result.type);
  const shifted = `${elementOf(op, emitter, 0)} >> BigInt(${emitter.use(op, 1)})`;
  eachElement(op, emitter, `Number(BigInt.asIntN(${bitWidth(element)}, ${shifted}))`);
}

function accumulators(op: Operation, narrow: Type, wide: Type): void {
  const [a, b] = [vectorType(op, narrow).element, vectorType(op, wide).element];
  if (valueKind(op, a) !== "int" || valueKind(op, b) !== "long") throw unsupported(op, "accumulator of this width");
}

const elements = (type: VectorType): number => type.shape.reduce((n, size) => n * size, 1);
