import type { Attribute, Operation, Type } from "@aiekit/mlir";
import { type CoreEmitter, unsupported, valueKind } from "./core-emitter.ts";
import { arrayName, eachElement, elementOf } from "./core-vector.ts";

/**
 * Emits an operation of the arith dialect, or a simple one of math. False when there is no such operation here.
 * Integers wrap to their width; floats are computed in double and rounded once to f32, then to bf16 for bf16, as the
 * compiler's promotion of bf16 to f32 does. On vectors the same is done to each element.
 */
export function emitArith(op: Operation, emitter: CoreEmitter, siteOf: (op: Operation) => number): boolean {
  if (op.name === "arith.constant") {
    if (op.result.type.kind === "vector") emitter.set(op.result, constant(op));
    else emitter.define(op.result, constant(op));
    return true;
  }
  const emit = arithOps[op.name];
  if (emit === undefined) return false;
  const [a = "", second = "", c = ""] = op.operands.map((_, i) => elementOf(op, emitter, i));
  const mayBeZero = isDivision.test(op.name) && !isNotZero.test(second);
  const b = mayBeZero ? `(${second} || rt.divisionByZero(${siteOf(op)}))` : second;
  const [type, to] = [scalarOf(op.operands[0]!.type), scalarOf(op.result.type)];
  const value = emit({ op, a, b, c, type, to });
  if (op.result.type.kind === "vector") eachElement(op, emitter, value);
  else emitter.set(op.result, value);
  emitter.cost(1);
  return true;
}

const isDivision = /^arith\.(ceil|floor)?(div|rem)[su]i$/;
/** A constant as it is written here. */
const isNotZero = /^-?[1-9]\d*n?$/;

interface ArithInput {
  readonly op: Operation;
  /** Expressions of the first three operands, or of one element of each. */
  readonly a: string;
  readonly b: string;
  readonly c: string;
  /** Types of the first operand and of the result, or of their elements. */
  readonly type: Type;
  readonly to: Type;
}
type ArithEmit = (input: ArithInput) => string;

const arithOps: Readonly<Record<string, ArithEmit>> = {
  "arith.addi": integer("+"),
  "arith.subi": integer("-"),
  "arith.muli": (x) => (isInt(x) && width(x.to) > 16 ? wrap(x.op, x.to, `Math.imul(${x.a}, ${x.b})`) : integer("*")(x)),
  "arith.divsi": quotient((x) => [x.a, x.b]),
  "arith.remsi": (x) => wrap(x.op, x.to, `${x.a} % ${x.b}`),
  "arith.divui": quotient((x) => [unsigned(x, x.a), unsigned(x, x.b)]),
  "arith.remui": (x) => wrap(x.op, x.to, `${unsigned(x, x.a)} % ${unsigned(x, x.b)}`),
  "arith.ceildivsi": (x) => rounded(x, "ceil"),
  "arith.ceildivui": (x) => rounded({ ...x, a: unsigned(x, x.a), b: unsigned(x, x.b) }, "ceil"),
  "arith.floordivsi": (x) => rounded(x, "floor"),
  "arith.andi": bitwise("&"),
  "arith.ori": bitwise("|"),
  "arith.xori": bitwise("^"),
  "arith.shli": (x) => (isIndex(x) ? `${x.a} * 2 ** ${x.b}` : wrap(x.op, x.to, `${x.a} << ${x.b}`)),
  "arith.shrsi": (x) => (isIndex(x) ? `Math.floor(${x.a} / 2 ** ${x.b})` : wrap(x.op, x.to, `${x.a} >> ${x.b}`)),
  "arith.shrui": (x) => {
    if (isIndex(x)) return `Math.floor(${x.a} / 2 ** ${x.b})`;
    if (isInt(x)) return wrap(x.op, x.to, `${unsigned(x, x.a)} >>> ${x.b}`);
    return wrap(x.op, x.to, `${unsigned(x, x.a)} >> ${x.b}`);
  },
  "arith.cmpi": (x) => `(${comparison(x)}) ? 1 : 0`,
  "arith.cmpf": (x) => `(${floatComparison(x)}) ? 1 : 0`,
  "arith.select": (x) => `${x.a} ? ${x.b} : ${x.c}`,
  "arith.maxsi": (x) => `${x.a} > ${x.b} ? ${x.a} : ${x.b}`,
  "arith.minsi": (x) => `${x.a} < ${x.b} ? ${x.a} : ${x.b}`,
  "arith.maxui": (x) => `${unsigned(x, x.a)} > ${unsigned(x, x.b)} ? ${x.a} : ${x.b}`,
  "arith.minui": (x) => `${unsigned(x, x.a)} < ${unsigned(x, x.b)} ? ${x.a} : ${x.b}`,
  "arith.extsi": (x) => convert(x, width(x.type) === 1 ? `-${x.a}` : x.a),
  "arith.extui": (x) => convert(x, unsigned(x, x.a)),
  "arith.trunci": (x) => convert(x, x.a),
  "arith.index_cast": (x) => convert(x, x.a),
  "arith.index_castui": (x) => convert(x, unsigned(x, x.a)),
  "arith.addf": (x) => round(x, `${x.a} + ${x.b}`),
  "arith.subf": (x) => round(x, `${x.a} - ${x.b}`),
  "arith.mulf": (x) => round(x, `${x.a} * ${x.b}`),
  "arith.divf": (x) => round(x, `${x.a} / ${x.b}`),
  "arith.remf": (x) => round(x, `${x.a} % ${x.b}`),
  "arith.negf": (x) => `-${x.a}`,
  "arith.maximumf": (x) => `Math.max(${x.a}, ${x.b})`,
  "arith.minimumf": (x) => `Math.min(${x.a}, ${x.b})`,
  "arith.maxnumf": (x) => `${x.a} !== ${x.a} ? ${x.b} : ${x.b} !== ${x.b} ? ${x.a} : Math.max(${x.a}, ${x.b})`,
  "arith.minnumf": (x) => `${x.a} !== ${x.a} ? ${x.b} : ${x.b} !== ${x.b} ? ${x.a} : Math.min(${x.a}, ${x.b})`,
  "arith.sitofp": (x) => round(x, width(x.type) === 1 ? `-${x.a}` : `Number(${x.a})`),
  "arith.uitofp": (x) => round(x, `Number(${unsigned(x, x.a)})`),
  "arith.fptosi": (x) => fromFloat(x),
  "arith.fptoui": (x) => fromFloat(x),
  "arith.extf": (x) => x.a,
  "arith.truncf": (x) => round(x, x.a),
  "arith.bitcast": (x) => bitcast(x),
  "math.absf": (x) => `Math.abs(${x.a})`,
  "math.absi": (x) => wrap(x.op, x.to, `${x.a} < 0 ? -${x.a} : ${x.a}`),
  "math.sqrt": (x) => round(x, `Math.sqrt(${x.a})`),
};

const scalarOf = (type: Type): Type => (type.kind === "vector" ? type.element : type);
const isInt = (x: ArithInput): boolean => valueKind(x.op, x.to) === "int";
const isIndex = (x: ArithInput): boolean => valueKind(x.op, x.to) === "index";
const width = (type: Type): number => (type.kind === "integer" ? type.width : 64);

function integer(operator: string): ArithEmit {
  return (x) => wrap(x.op, x.to, `${x.a} ${operator} ${x.b}`);
}

/** Bits of an index are those of a 64-bit number. */
function bitwise(operator: string): ArithEmit {
  return (x) =>
    isIndex(x)
      ? `Number(BigInt.asIntN(64, BigInt(${x.a}) ${operator} BigInt(${x.b})))`
      : wrap(x.op, x.to, `${x.a} ${operator} ${x.b}`);
}

function quotient(operands: (x: ArithInput) => readonly [string, string]): ArithEmit {
  return (x) => {
    const [a, b] = operands(x);
    const kind = valueKind(x.op, x.to);
    return wrap(x.op, x.to, kind === "long" ? `${a} / ${b}` : `Math.trunc(${a} / ${b})`);
  };
}

function rounded(x: ArithInput, mode: "ceil" | "floor"): string {
  if (valueKind(x.op, x.to) === "long") throw unsupported(x.op, "i64");
  return wrap(x.op, x.to, `Math.${mode}(${x.a} / ${x.b})`);
}

/** `expression` reduced to the range of `type`, as its kind is kept. */
function wrap(op: Operation, type: Type, expression: string): string {
  const kind = valueKind(op, type);
  if (kind === "index" || kind === "float") return expression;
  const bits = width(type);
  if (kind === "long") return `BigInt.asIntN(${bits}, ${expression})`;
  if (bits === 32) return `(${expression}) | 0`;
  if (bits === 1) return `(${expression}) & 1`;
  return `((${expression}) << ${32 - bits}) >> ${32 - bits}`;
}

/** The same bits read as an unsigned number. */
function unsigned(x: ArithInput, expression: string): string {
  const bits = width(x.type);
  switch (valueKind(x.op, x.type)) {
    case "index":
      return expression;
    case "long":
      return `BigInt.asUintN(${bits}, ${expression})`;
    default:
      return bits === 32 ? `(${expression} >>> 0)` : bits === 1 ? expression : `(${expression} & ${2 ** bits - 1})`;
  }
}

/** From one integer or index type to another. */
function convert(x: ArithInput, expression: string): string {
  const from = valueKind(x.op, x.type);
  const to = valueKind(x.op, x.to);
  if (to === "long") return wrap(x.op, x.to, from === "long" ? expression : `BigInt(${expression})`);
  if (to === "index") return from === "long" ? `Number(${expression})` : expression;
  const bits = width(x.to);
  if (from === "long") return wrap(x.op, x.to, `Number(BigInt.asIntN(${bits}, ${expression}))`);
  return wrap(x.op, x.to, expression);
}

function round(x: ArithInput, expression: string): string {
  if (x.to.kind !== "float") throw unsupported(x.op);
  if (x.to.name === "f64") return expression;
  const single = `Math.fround(${expression})`;
  return x.to.name === "bf16" ? `rt.roundBf16(${single})` : single;
}

function fromFloat(x: ArithInput): string {
  const kind = valueKind(x.op, x.to);
  if (kind === "long") return wrap(x.op, x.to, `BigInt(Math.trunc(${x.a}))`);
  return wrap(x.op, x.to, `Math.trunc(${x.a})`);
}

function bitcast(x: ArithInput): string {
  const key = `${x.type.kind}${width(x.type)}-${x.to.kind === "float" ? x.to.name : width(x.to)}`;
  if (x.type.kind === "float" && x.type.name === "f32" && width(x.to) === 32) return `rt.floatBits(${x.a})`;
  if (x.type.kind === "float" && x.type.name === "bf16" && width(x.to) === 16) return `(rt.toBf16(${x.a}) << 16) >> 16`;
  if (key === "integer32-f32") return `rt.bitsFloat(${x.a})`;
  if (key === "integer16-bf16") return `rt.fromBf16(${x.a} & 0xffff)`;
  throw unsupported(x.op);
}

const predicates = ["eq", "ne", "slt", "sle", "sgt", "sge", "ult", "ule", "ugt", "uge"] as const;
const operators = { eq: "===", ne: "!==", lt: "<", le: "<=", gt: ">", ge: ">=" } as const;

function comparison(x: ArithInput): string {
  const name = x.op.text("predicate") ?? predicates[x.op.int("predicate") ?? -1];
  if (name === "eq" || name === "ne") return `${x.a} ${operators[name]} ${x.b}`;
  const operator = operators[name?.slice(1) as keyof typeof operators];
  if (operator === undefined) throw unsupported(x.op);
  return name?.startsWith("u") ? `${unsigned(x, x.a)} ${operator} ${unsigned(x, x.b)}` : `${x.a} ${operator} ${x.b}`;
}

const floatPredicates = [
  ...["false", "oeq", "ogt", "oge", "olt", "ole", "one", "ord"],
  ...["ueq", "ugt", "uge", "ult", "ule", "une", "uno", "true"],
] as const;

/** Ordered predicates are false for NaN, unordered ones true: an unordered one is the negation of the ordered opposite. */
function floatComparison(x: ArithInput): string {
  const name = x.op.text("predicate") ?? floatPredicates[x.op.int("predicate") ?? -1];
  const { a, b } = x;
  const ordered: Readonly<Record<string, string>> = {
    false: "false",
    true: "true",
    ord: `${a} === ${a} && ${b} === ${b}`,
    uno: `!(${a} === ${a} && ${b} === ${b})`,
    oeq: `${a} === ${b}`,
    one: `${a} < ${b} || ${a} > ${b}`,
    ogt: `${a} > ${b}`,
    oge: `${a} >= ${b}`,
    olt: `${a} < ${b}`,
    ole: `${a} <= ${b}`,
    ueq: `!(${a} < ${b} || ${a} > ${b})`,
    une: `!(${a} === ${b})`,
    ugt: `!(${a} <= ${b})`,
    uge: `!(${a} < ${b})`,
    ult: `!(${a} >= ${b})`,
    ule: `!(${a} > ${b})`,
  };
  const text = name === undefined ? undefined : ordered[name];
  if (text === undefined) throw unsupported(x.op);
  return text;
}

function constant(op: Operation): string {
  const value = op.attributes.get("value");
  const { type } = op.result;
  if (value?.kind === "dense" && type.kind === "vector") return denseVector(op, value, type.element);
  if (value?.kind === "bool") return value.value ? "1" : "0";
  if (value?.kind === "float")
    return `(${type.kind === "float" && type.name === "f32" ? Math.fround(value.value) : value.value})`;
  if (value?.kind !== "integer") throw unsupported(op, type.kind);
  const kind = valueKind(op, type);
  if (kind === "index") return `(${Number(value.value)})`;
  const bits = width(type);
  if (bits === 1) return value.value === 0n ? "0" : "1";
  const signed = BigInt.asIntN(bits, value.value);
  return kind === "long" ? `(${signed}n)` : `(${signed})`;
}

function denseVector(op: Operation, dense: Attribute & { readonly kind: "dense" }, element: Type): string {
  const literals = dense.values.map((value) => {
    if (element.kind === "float") return element.name === "f64" ? `${value}` : `${Math.fround(Number(value))}`;
    const bits = width(element);
    const signed = bits === 1 ? BigInt(value) & 1n : BigInt.asIntN(bits, BigInt(value));
    return valueKind(op, element) === "long" ? `${signed}n` : `${signed}`;
  });
  const count = op.result.type.kind === "vector" ? op.result.type.shape.reduce((n, size) => n * size, 1) : 0;
  const array = arrayName(op, element);
  return dense.splat ? `new ${array}(${count}).fill(${literals[0]})` : `${array}.of(${literals.join(", ")})`;
}
