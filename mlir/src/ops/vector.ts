import type { Operation } from "../ir/operation.ts";
import { i1, index } from "../ir/types.ts";
import type { OpDraft, OpParser } from "../parser/op-parser.ts";
import type { Check } from "../verifier/check.ts";
import { mapInputs, mapResults } from "./affine-for.ts";
import { type CustomAssembly, defineOp, type OpDefinition } from "./definition.ts";
import { elementOf } from "./rules.ts";

const access = "`[` %indices `]`";

/** `, %mask` where the transfer has one. */
const mask: CustomAssembly = {
  parse: (parser: OpParser, draft: OpDraft) => {
    if (!parser.scanner.accept(",")) return;
    draft.operands.set("mask", [parser.operand()]);
  },
  print: (printer, op) => {
    const value = masks(op) === 1 ? op.operands.at(-1) : undefined;
    if (value) printer.write(`, ${printer.value(value)}`);
  },
};

/** Vectors of a core. */
export const vectorOps = [
  defineOp("vector.load", {
    format: `%base ${access} attr-dict \`:\` type(base) \`,\` type(result)`,
    operands: ["base", "indices*"],
    results: ["result"],
    types: { indices: index },
  }),
  defineOp("vector.store", {
    format: `%valueToStore \`,\` %base ${access} attr-dict \`:\` type(base) \`,\` type(valueToStore)`,
    operands: ["valueToStore", "base", "indices*"],
    types: { indices: index },
  }),
  transfer("vector.transfer_read", {
    format: `%base ${access} \`,\` %padding custom(mask) attr-dict \`:\` type(base) \`,\` type(vector)`,
    operands: ["base", "indices*", "padding", "mask?"],
    results: ["vector"],
    types: { indices: index, padding: elementOf("base") },
    segments: (op) => [1, op.operands.length - 2 - masks(op), 1, masks(op)],
  }),
  transfer("vector.transfer_write", {
    format: `%valueToStore \`,\` %base ${access} custom(mask) attr-dict \`:\` type(valueToStore) \`,\` type(base)`,
    operands: ["valueToStore", "base", "indices*", "mask?"],
    types: { indices: index },
    segments: (op) => [1, 1, op.operands.length - 2 - masks(op), masks(op)],
  }),
  defineOp("vector.broadcast", {
    format: "%source attr-dict `:` type(source) `to` type(vector)",
    operands: ["source"],
    results: ["vector"],
  }),
  defineOp("vector.fma", {
    format: "%lhs `,` %rhs `,` %acc attr-dict `:` type(lhs)",
    operands: ["lhs", "rhs", "acc"],
    results: ["result"],
    types: { rhs: "=lhs", acc: "=lhs", result: "=lhs" },
  }),
];

function transfer(name: string, options: Partial<Omit<OpDefinition, "name">>): OpDefinition {
  return defineOp(name, {
    ...options,
    custom: { mask },
    implied: (op) => ({ permutation_map: { kind: "opaque", text: minorIdentity(op) } }),
    attributes: { in_bounds: { kind: "array" }, permutation_map: { kind: "map" } },
    verify: verifyPermutation,
  });
}

/** The map from the memref's dimensions to the last ones, as many as the vector has. */
function minorIdentity(op: Operation): string {
  const types = [...op.operands, ...op.results].map((value) => value.type);
  const memref = types.find((type) => type.kind === "memref");
  const vector = types.find((type) => type.kind === "vector");
  const dims = Array.from({ length: memref?.shape.length ?? 0 }, (_, i) => `d${i}`);
  return `affine_map<(${dims.join(", ")}) -> (${dims.slice(dims.length - (vector?.shape.length ?? 0)).join(", ")})>`;
}

/** The map leads from the memref's dimensions to those of the vector. */
function verifyPermutation(op: Operation, check: Check): void {
  const map = op.attributes.get("permutation_map");
  if (map === undefined) return;
  const types = [...op.operands, ...op.results].map((value) => value.type);
  const memref = types.find((type) => type.kind === "memref");
  const vector = types.find((type) => type.kind === "vector");
  if (memref && mapInputs(map) !== memref.shape.length) {
    check.error("requires a permutation_map with input dims of the same rank as the source type");
  }
  if (vector && mapResults(map) !== vector.shape.length) {
    check.error("requires a permutation_map with result dims of the same rank as the vector type");
  }
}

/** 1 when the last operand is a mask: a vector of i1 that is not the value. */
function masks(op: Operation): 0 | 1 {
  const last = op.operands.length > 1 ? op.operands.at(-1)?.type : undefined;
  return last?.kind === "vector" && last.element.kind === "integer" && last.element.width === i1.width ? 1 : 0;
}
