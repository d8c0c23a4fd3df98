import { integerAttr } from "../ir/attributes.ts";
import { i8, i32, index } from "../ir/types.ts";
import { defineOp } from "./definition.ts";
import { int } from "./rules.ts";

const unary = [
  ...["absf", "ceil", "cos", "erf", "exp", "exp2", "expm1", "floor", "log", "log10", "log1p", "log2", "round"],
  ...["roundeven", "rsqrt", "sin", "sqrt", "tan", "tanh", "trunc"],
];
const fastmath = {
  kind: "opaque",
  prefix: "arith.fastmath",
  default: { kind: "opaque", text: "#arith.fastmath<none>" },
} as const;
const indexBinary = ["add", "sub", "mul", "divs", "divu", "rems", "remu", "maxs", "maxu", "mins", "minu"];

/** Mathematical functions, the index dialect, and the vector operations of AIE that the lowering makes. */
export const mathOps = [
  ...unary.map((name) =>
    defineOp(`math.${name}`, {
      format: "%operand ( `fastmath` `~` $fastmath )? attr-dict `:` type(result)",
      operands: ["operand"],
      results: ["result"],
      types: { operand: "=result" },
      attributes: { fastmath },
    }),
  ),
  defineOp("math.absi", {
    format: "%operand attr-dict `:` type(result)",
    operands: ["operand"],
    results: ["result"],
    types: { operand: "=result" },
  }),
  defineOp("ub.poison", { format: "attr-dict `:` type(result)", results: ["result"] }),
  defineOp("index.constant", {
    format: "$value attr-dict",
    results: ["result"],
    types: { result: index },
    attributes: { value: int({ type: index }) },
    resultName: (op) => `idx${op.int("value")}`,
  }),
  ...indexBinary.map((name) =>
    defineOp(`index.${name}`, {
      format: "%lhs `,` %rhs attr-dict",
      operands: ["lhs", "rhs"],
      results: ["result"],
      types: { lhs: index, rhs: index, result: index },
    }),
  ),
  ...["casts", "castu"].map((name) =>
    defineOp(`index.${name}`, {
      format: "%input attr-dict `:` type(input) `to` type(output)",
      operands: ["input"],
      results: ["output"],
    }),
  ),
  defineOp("aievec.broadcast_scalar", {
    format: "%source attr-dict `:` type(source) `,` type(result)",
    operands: ["source"],
    results: ["result"],
  }),
  defineOp("aievec.ups", {
    format: "%source attr-dict `:` type(source) `,` type(result)",
    operands: ["source"],
    results: ["result"],
    attributes: { shift: { kind: "int", type: i8, default: integerAttr(-1, i8) } },
  }),
  defineOp("aievec.srs", {
    format: "%source `,` %shift attr-dict `:` type(source) `,` type(shift) `,` type(result)",
    operands: ["source", "shift"],
    results: ["result"],
    attributes: { sign: { kind: "int", type: i32, default: integerAttr(1, i32) } },
  }),
  defineOp("aievec.ext_elem", {
    format: "%source `,` %index attr-dict `:` type(source) `,` type(index) `,` type(result)",
    operands: ["source", "index"],
    results: ["result"],
  }),
];
