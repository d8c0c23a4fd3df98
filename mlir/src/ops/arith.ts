import type { Operation } from "../ir/operation.ts";
import { i1, i64, sameType, type Type } from "../ir/types.ts";
import { parseAttribute } from "../parser/attributes.ts";
import { attributeText, typeText } from "../printer/attributes.ts";
import type { Check } from "../verifier/check.ts";
import { type CustomAssembly, defineOp, type TypeBindings } from "./definition.ts";
import { keyword } from "./rules.ts";

const overflow = {
  kind: "opaque",
  prefix: "arith.overflow",
  default: { kind: "opaque", text: "#arith.overflow<none>" },
} as const;
const fastmath = {
  kind: "opaque",
  prefix: "arith.fastmath",
  default: { kind: "opaque", text: "#arith.fastmath<none>" },
} as const;
/** `i32` where one i1 chooses, `vector<16xi1>, vector<16xi32>` where each element has its own. */
const selectTypes: CustomAssembly = {
  parse: (parser, draft) => {
    const first = parser.type();
    const isAlone = !parser.scanner.accept(",");
    draft.types.set("condition", [isAlone ? i1 : first]);
    draft.types.set("result", [isAlone ? first : parser.type()]);
  },
  print: (printer, op) => {
    const condition = op.operands[0]?.type;
    const types = condition?.kind === "vector" ? [condition, op.result.type] : [op.result.type];
    printer.write(` ${types.map((type) => typeText(type)).join(", ")}`);
  },
};

const same = { lhs: "=result", rhs: "=result" } as const;
const binary = { operands: ["lhs", "rhs"], results: ["result"], types: same };
const withOverflow = ["addi", "subi", "muli", "shli"];
const plain = [
  ...["divsi", "divui", "ceildivsi", "ceildivui", "floordivsi", "remsi", "remui", "andi", "ori", "xori"],
  ...["shrsi", "shrui", "maxsi", "maxui", "minsi", "minui"],
];
const floats = ["addf", "subf", "mulf", "divf", "remf", "maximumf", "minimumf", "maxnumf", "minnumf"];
const casts = [
  "extsi",
  "extui",
  "extf",
  "trunci",
  "truncf",
  "sitofp",
  "uitofp",
  "fptosi",
  "fptoui",
  "bitcast",
  "index_cast",
  "index_castui",
];
const integerPredicates = ["eq", "ne", "slt", "sle", "sgt", "sge", "ult", "ule", "ugt", "uge"];
const floatPredicates = [
  ...["false", "oeq", "ogt", "oge", "olt", "ole", "one", "ord"],
  ...["ueq", "ugt", "uge", "ult", "ule", "une", "uno", "true"],
];

/** Scalar and element-wise arithmetic. */
export const arithOps = [
  defineOp("arith.constant", {
    format: "custom(value)",
    custom: {
      value: {
        parse: (parser, draft) => {
          parser.attributeDict(draft);
          const value = parseAttribute(parser.source);
          draft.attributes.set("value", value);
          if (value.kind === "bool") draft.types.set("result", [i1]);
          else if (value.kind === "integer" || value.kind === "float" || value.kind === "dense") {
            draft.types.set("result", [value.type]);
          } else throw parser.errorAt(draft.loc, "arith.constant needs a number or dense<...> with a type");
        },
        print: (printer, op) => {
          printer.attributeDict(op, new Set(["value"]));
          const value = op.attributes.get("value");
          printer.write(` ${value ? attributeText(value) : ""}`);
        },
      },
    },
    results: ["result"],
    attributes: { value: { kind: "number", required: true } },
    verify: verifyConstant,
    resultName: (op) => {
      const value = op.attributes.get("value");
      if (value?.kind === "bool") return `${value.value}`;
      if (value?.kind !== "integer") return "cst";
      if (value.type.kind === "integer" && value.type.width === 1) return value.value === 0n ? "false" : "true";
      return value.type.kind === "index" ? `c${value.value}` : `c${value.value}_${typeText(value.type)}`;
    },
  }),
  ...withOverflow.map((name) =>
    defineOp(`arith.${name}`, {
      format: "%lhs `,` %rhs ( `overflow` `~` $overflowFlags )? attr-dict `:` type(result)",
      ...binary,
      attributes: { overflowFlags: overflow },
    }),
  ),
  ...plain.map((name) => defineOp(`arith.${name}`, { format: "%lhs `,` %rhs attr-dict `:` type(result)", ...binary })),
  ...floats.map((name) =>
    defineOp(`arith.${name}`, {
      format: "%lhs `,` %rhs ( `fastmath` `~` $fastmath )? attr-dict `:` type(result)",
      ...binary,
      attributes: { fastmath },
    }),
  ),
  defineOp("arith.negf", {
    format: "%operand ( `fastmath` `~` $fastmath )? attr-dict `:` type(result)",
    operands: ["operand"],
    results: ["result"],
    types: { operand: "=result" },
    attributes: { fastmath },
  }),
  ...casts.map((name) =>
    defineOp(`arith.${name}`, {
      format: "%in attr-dict `:` type(in) `to` type(out)",
      operands: ["in"],
      results: ["out"],
    }),
  ),
  defineOp("arith.cmpi", {
    format: "$predicate `,` %lhs `,` %rhs attr-dict `:` type(lhs)",
    operands: ["lhs", "rhs"],
    results: ["result"],
    types: { rhs: "=lhs", result: boolLike },
    attributes: { predicate: keyword(integerPredicates, { type: i64 }) },
  }),
  defineOp("arith.cmpf", {
    format: "$predicate `,` %lhs `,` %rhs ( `fastmath` `~` $fastmath )? attr-dict `:` type(lhs)",
    operands: ["lhs", "rhs"],
    results: ["result"],
    types: { rhs: "=lhs", result: boolLike },
    attributes: { predicate: keyword(floatPredicates, { type: i64 }), fastmath },
  }),
  defineOp("arith.select", {
    format: "%condition `,` %trueValue `,` %falseValue attr-dict `:` custom(types)",
    custom: { types: selectTypes },
    operands: ["condition", "trueValue", "falseValue"],
    results: ["result"],
    types: { trueValue: "=result", falseValue: "=result" },
    verify: verifySelect,
  }),
];

/** One i1 chooses for all, or a vector of them has the shape of what it chooses from. */
function verifySelect(op: Operation, check: Check): void {
  const [condition, result] = [op.operands[0]?.type, op.results[0]?.type];
  if (!condition || !result || sameType(condition, i1)) return;
  if (result.kind !== "vector") {
    check.error(`expected condition to be a signless i1, but got '${typeText(condition)}'`);
    return;
  }
  const expected: Type = { ...result, element: i1 };
  if (sameType(condition, expected)) return;
  const types = `'${typeText(expected)}', but got '${typeText(condition)}'`;
  check.error(`expected condition type to have the same shape as the result type, expected ${types}`);
}

/** i1, or a vector of as many. */
function boolLike(types: TypeBindings): Type | undefined {
  const operand = types.get("lhs")?.[0];
  return operand?.kind === "vector" ? { ...operand, element: i1 } : i1;
}

/** arith.constant: the value has the type of the result. */
function verifyConstant(op: Operation, check: Check): void {
  const value = op.attributes.get("value");
  if (value?.kind !== "bool" && value?.kind !== "integer" && value?.kind !== "float" && value?.kind !== "dense") return;
  const type = value.kind === "bool" ? i1 : value.type;
  const result = op.results[0]?.type;
  if (result && sameType(type, result)) return;
  check.error(`value of type '${typeText(type)}' is not of the result type '${result ? typeText(result) : "none"}'`);
}
