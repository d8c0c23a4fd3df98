import { i32, index } from "../ir/types.ts";
import { parseTypedInteger } from "../parser/attributes.ts";
import { verifyLogicalTile } from "../verifier/rules/tiles.ts";
import { type CustomAssembly, defineOp } from "./definition.ts";
import { keyword, optionalInt, optionalString } from "./rules.ts";

/** `(?, 3)`: column and row of a logical tile, as far as they are given. */
const logicalPlace: CustomAssembly = {
  parse: (parser, draft) => {
    const { scanner, source } = parser;
    for (const [before, name] of [
      ["(", "col"],
      [",", "row"],
    ] as const) {
      scanner.expect(before);
      if (!scanner.accept("?")) draft.attributes.set(name, parseTypedInteger(source, i32));
    }
    scanner.expect(")");
  },
  print: (printer, op) => printer.write(`(${op.int("col") ?? "?"}, ${op.int("row") ?? "?"})`),
};

/** What mlir-aie v1.3.4 reads and its revision of March 2026 does not: tiles that are left to a placer. */
export const aiePlacementOps = [
  defineOp("aie.logical_tile", {
    format: "`<` $tile_type `>` custom(place) attr-dict",
    custom: { place: logicalPlace },
    elided: ["col", "row"],
    results: ["result"],
    types: { result: index },
    attributes: {
      tile_type: keyword(["CoreTile", "MemTile", "ShimNOCTile", "ShimPLTile"]),
      col: optionalInt({ min: 0 }),
      row: optionalInt({ min: 0 }),
      allocation_scheme: optionalString,
    },
    resultName: (op) =>
      ({ CoreTile: "logical_core", MemTile: "logical_mem", ShimNOCTile: "logical_shim_noc" })[
        op.text("tile_type") ?? ""
      ] ?? "logical_shim_pl",
    verify: verifyLogicalTile,
  }),
];
