import type { Operation } from "../ir/operation.ts";
import { index } from "../ir/types.ts";
import type { OpDraft, OpParser } from "../parser/op-parser.ts";
import type { OpPrinter } from "../printer/op-printer.ts";
import { type Attributed, type CustomAssembly, defineOp } from "./definition.ts";
import { dynamicLists } from "./dynamic-lists.ts";
import { elementOf } from "./rules.ts";

/** `[0, %i]`: where in the vector, constants and values. */
function position(firstOperand: number): CustomAssembly {
  return {
    parse: (parser: OpParser, draft: OpDraft) => dynamicLists.parse(parser, draft, "position"),
    print: (printer: OpPrinter, op: Operation) =>
      printer.write(dynamicLists.texts(printer, op, ["position"], firstOperand).join("")),
  };
}

/** `, %acc` where the reduction starts with one. */
const accumulator: CustomAssembly = {
  parse: (parser, draft) => {
    if (parser.scanner.accept(",")) draft.operands.set("acc", [parser.operand()]);
  },
  print: (printer, op) => {
    const acc = op.operands[1];
    if (acc) printer.write(`, ${printer.value(acc)}`);
  },
};

const staticPosition: Attributed = { kind: "dense-array", required: true };
const numbers: Attributed = { kind: "array", required: true };

/** Parts of vectors, and what a vector comes to. */
export const vectorElementOps = [
  defineOp("vector.extract", {
    format: "%source custom(position) attr-dict `:` type(result) `from` type(source)",
    custom: { position: position(1) },
    elided: ["static_position"],
    operands: ["source", "position*"],
    results: ["result"],
    types: { position: index },
    attributes: { static_position: staticPosition },
  }),
  defineOp("vector.insert", {
    format: "%valueToStore `,` %dest custom(position) attr-dict `:` type(valueToStore) `into` type(dest)",
    custom: { position: position(2) },
    elided: ["static_position"],
    operands: ["valueToStore", "dest", "position*"],
    results: ["result"],
    types: { position: index, result: "=dest" },
    attributes: { static_position: staticPosition },
  }),
  defineOp("vector.extract_strided_slice", {
    format: "%source attr-dict `:` type(source) `to` type(result)",
    operands: ["source"],
    results: ["result"],
    attributes: { offsets: numbers, sizes: numbers, strides: numbers },
  }),
  defineOp("vector.shape_cast", {
    format: "%source attr-dict `:` type(source) `to` type(result)",
    operands: ["source"],
    results: ["result"],
  }),
  defineOp("vector.reduction", {
    format: "$kind `,` %vector custom(accumulator) attr-dict `:` type(vector) `into` type(dest)",
    custom: { accumulator },
    operands: ["vector", "acc?"],
    results: ["dest"],
    types: { acc: elementOf("vector") },
    attributes: { kind: { kind: "opaque", prefix: "vector.kind", required: true } },
  }),
];
