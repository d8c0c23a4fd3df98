import type { Operation } from "../ir/operation.ts";
import { unquote } from "../ir/string-literal.ts";
import { index, sameType, type Type } from "../ir/types.ts";
import { parseAttribute, symbolName } from "../parser/attributes.ts";
import { attributeText, denseText, symbolText, typeText } from "../printer/attributes.ts";
import type { Check } from "../verifier/check.ts";
import { verifyGetGlobal } from "../verifier/rules/calls.ts";
import { verifyGlobal } from "../verifier/rules/globals.ts";
import { tensorLike } from "./aie-syntax.ts";
import { type CustomAssembly, defineOp } from "./definition.ts";
import { dynamicCount, dynamicLists } from "./dynamic-lists.ts";
import { elementOf, int, optionalString, string, symbol } from "./rules.ts";

const listNames = ["offsets", "sizes", "strides"] as const;
const listAttributes = {
  static_offsets: { kind: "dense-array", required: true },
  static_sizes: { kind: "dense-array", required: true },
  static_strides: { kind: "dense-array", required: true },
} as const;
const view = {
  elided: ["static_offsets", "static_sizes", "static_strides"],
  operands: ["source", "offsets*", "sizes*", "strides*"],
  results: ["result"],
  types: { offsets: index, sizes: index, strides: index },
  attributes: listAttributes,
  segments: (op: Parameters<typeof dynamicCount>[0]) => [1, ...listNames.map((name) => dynamicCount(op, name))],
};

/** Memory of a core. */
export const memrefOps = [
  defineOp("memref.load", {
    format: "%memref `[` %indices `]` attr-dict `:` type(memref)",
    operands: ["memref", "indices*"],
    results: ["result"],
    types: { indices: index, result: elementOf("memref") },
  }),
  defineOp("memref.store", {
    format: "%value `,` %memref `[` %indices `]` attr-dict `:` type(memref)",
    operands: ["value", "memref", "indices*"],
    types: { indices: index, value: elementOf("memref") },
  }),
  defineOp("memref.global", {
    format: "custom(global) attr-dict",
    custom: { global: globalAssembly() },
    elided: ["sym_name", "sym_visibility", "constant", "type", "initial_value"],
    attributes: {
      sym_name: string,
      sym_visibility: optionalString,
      type: { kind: "type", required: true },
      initial_value: { kind: "any" },
      constant: { kind: "unit" },
    },
    verify: verifyGlobal,
  }),
  defineOp("memref.get_global", {
    format: "$name `:` type(result) attr-dict",
    results: ["result"],
    attributes: { name: symbol },
    verify: verifyGetGlobal,
  }),
  ...["alloc", "alloca"].map((name) =>
    defineOp(`memref.${name}`, {
      format: "`(` %dynamicSizes `)` attr-dict `:` type(memref)",
      operands: ["dynamicSizes*"],
      results: ["memref"],
      types: { dynamicSizes: index },
      segments: (op) => [op.operands.length, 0],
      resultName: () => name,
    }),
  ),
  defineOp("memref.dealloc", { format: "%memref attr-dict `:` type(memref)", operands: ["memref"] }),
  defineOp("memref.assume_alignment", {
    format: "%memref `,` $alignment attr-dict `:` type(memref)",
    operands: ["memref"],
    results: ["result"],
    types: { result: "=memref" },
    attributes: { alignment: int() },
    resultName: () => "assume_align",
  }),
  defineOp("memref.copy", {
    format: "%source `,` %target attr-dict `:` type(source) `to` type(target)",
    operands: ["source", "target"],
    verify: verifyCopy,
  }),
  defineOp("memref.cast", {
    format: "%source attr-dict `:` type(source) `to` type(dest)",
    operands: ["source"],
    results: ["dest"],
    resultName: () => "cast",
  }),
  defineOp("memref.dim", {
    format: "attr-dict %source `,` %index `:` type(source)",
    operands: ["source", "index"],
    results: ["result"],
    types: { index, result: index },
    resultName: () => "dim",
  }),
  defineOp("memref.collapse_shape", {
    format: "%src $reassociation attr-dict `:` type(src) `into` type(result)",
    operands: ["src"],
    results: ["result"],
    attributes: { reassociation: { kind: "array", required: true } },
    resultName: () => "collapse_shape",
  }),
  defineOp("memref.subview", {
    ...view,
    format: "%source custom(lists) attr-dict `:` type(source) `to` type(result)",
    custom: { lists: listsAssembly(["", " ", " "], "") },
    resultName: () => "subview",
  }),
  defineOp("memref.reinterpret_cast", {
    ...view,
    format: "%source custom(lists) attr-dict `:` type(source) `to` type(result)",
    custom: { lists: listsAssembly(["to offset: ", ", sizes: ", ", strides: "], " ") },
    resultName: () => "reinterpret_cast",
  }),
];

/** As many elements of one kind on both sides; how they lie in memory may differ. */
function verifyCopy(op: Operation, check: Check): void {
  const [from, to] = op.operands.map(({ type }) => type);
  if (from?.kind !== "memref" || to?.kind !== "memref") return;
  if (!sameType(from.element, to.element)) check.error("requires the same element type for all operands");
  const differs = from.shape.some((size, i) => size !== null && (to.shape[i] ?? size) !== size);
  if (differs || from.shape.length !== to.shape.length) check.error("requires the same shape for all operands");
}

/** The three lists of a view, each after its own words. */
function listsAssembly(words: readonly string[], before: string): CustomAssembly {
  return {
    parse: (parser, draft) => {
      for (const [i, name] of listNames.entries()) {
        for (const word of words[i]?.match(/\w+|[:,]/g) ?? []) parser.scanner.expect(word);
        dynamicLists.parse(parser, draft, name);
      }
    },
    print: (printer, op) => {
      const texts = dynamicLists.texts(printer, op, listNames, 1);
      printer.write(before + texts.map((text, i) => `${words[i]}${text}`).join(""));
    },
  };
}

/** `"private" constant @name : memref<...> = dense<...>`; `= uninitialized` is a unit attribute. */
function globalAssembly(): CustomAssembly {
  return {
    parse: (parser, draft) => {
      const { scanner, source } = parser;
      if (scanner.peek().kind === "string") {
        draft.attributes.set("sym_visibility", { kind: "string", value: unquote(scanner.take().text) });
      }
      if (scanner.accept("constant")) draft.attributes.set("constant", { kind: "unit" });
      const name = scanner.expectKind("symbol", "a symbol name (@name)");
      draft.attributes.set("sym_name", { kind: "string", value: symbolName(name.text) });
      scanner.expect(":");
      const type: Type = parser.type();
      draft.attributes.set("type", { kind: "type", type });
      if (!scanner.accept("=")) return;
      const value = scanner.accept("uninitialized")
        ? ({ kind: "unit" } as const)
        : parseAttribute(source, type.kind === "memref" ? tensorLike(type) : undefined);
      draft.attributes.set("initial_value", value);
    },
    print: (printer, op) => {
      const visibility = op.attributes.get("sym_visibility");
      const type = op.attributes.get("type");
      const value = op.attributes.get("initial_value");
      if (visibility) printer.write(` ${attributeText(visibility)}`);
      if (op.flag("constant")) printer.write(" constant");
      printer.write(
        ` ${symbolText([op.text("sym_name") ?? ""])} : ${type?.kind === "type" ? typeText(type.type) : ""}`,
      );
      if (value) printer.write(` = ${value.kind === "dense" ? denseText(value) : "uninitialized"}`);
    },
  };
}
