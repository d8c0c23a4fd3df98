import type { Operation, Value } from "../ir/operation.ts";
import { index } from "../ir/types.ts";
import { Scanner } from "../parser/scanner.ts";
import type { ValueUse } from "../parser/scope.ts";
import type { Check } from "../verifier/check.ts";
import { verifyLoop } from "../verifier/rules/loops.ts";
import { affineText, parseAffineExpr } from "./affine-expr.ts";
import { affineFor, application, forSegments, mapInputs, mapNames, mapResults } from "./affine-for.ts";
import { type CustomAssembly, defineOp } from "./definition.ts";
import { elementOf } from "./rules.ts";

/** Affine loops and accesses; the maps are kept as text. */
export const affineOps = [
  defineOp("affine.for", {
    format: "custom(loop) attr-dict",
    custom: { loop: affineFor },
    elided: ["lowerBoundMap", "upperBoundMap", "step"],
    attributes: {
      lowerBoundMap: { kind: "map", required: true },
      upperBoundMap: { kind: "map", required: true },
      step: { kind: "int", type: index },
    },
    operands: ["lowerBoundOperands*", "upperBoundOperands*", "inits*"],
    results: ["results*"],
    types: { lowerBoundOperands: index, upperBoundOperands: index, results: "=inits" },
    segments: forSegments,
    verify: verifyLoop,
    regions: [{ name: "body", terminator: "affine.yield" }],
  }),
  defineOp("affine.yield", {
    format: "attr-dict ( %operands `:` type(operands) )?",
    operands: ["operands*"],
    isTerminator: true,
  }),
  defineOp("affine.apply", {
    format: "custom(application) attr-dict",
    custom: { application },
    elided: ["map"],
    operands: ["mapOperands*"],
    results: ["result"],
    types: { mapOperands: index, result: index },
    verify: (op, check) => verifyMap(op, 0, check),
    attributes: { map: { kind: "map", required: true } },
  }),
  defineOp("affine.load", {
    format: "%memref custom(subscripts) attr-dict `:` type(memref)",
    custom: { subscripts: subscripts(1) },
    elided: ["map"],
    operands: ["memref", "indices*"],
    verify: (op, check) => verifyMap(op, 1, check),
    results: ["result"],
    types: { indices: index, result: elementOf("memref") },
    attributes: { map: { kind: "map", required: true } },
  }),
  defineOp("affine.store", {
    format: "%value `,` %memref custom(subscripts) attr-dict `:` type(memref)",
    custom: { subscripts: subscripts(2) },
    elided: ["map"],
    operands: ["value", "memref", "indices*"],
    verify: (op, check) => verifyMap(op, 2, check),
    types: { indices: index, value: elementOf("memref") },
    attributes: { map: { kind: "map", required: true } },
  }),
];

/** The map takes as many values as there are, and gives one, or as many as the memref has dimensions. */
function verifyMap(op: Operation, firstIndex: number, check: Check): void {
  const results = mapResults(op.attributes.get("map"));
  const memref = firstIndex === 0 ? undefined : op.operands[firstIndex - 1]?.type;
  if (firstIndex === 0 && results !== 1) check.error("mapping must produce one value", { hint: `it has ${results}` });
  if (memref?.kind === "memref" && results !== memref.shape.length) {
    check.error("affine map num results must equal memref rank", {
      hint: `the map has ${results} results, the memref ${memref.shape.length} dimensions`,
    });
  }
  const wanted = mapInputs(op.attributes.get("map"));
  const given = op.operands.length - firstIndex;
  if (wanted !== given) check.error(`the map takes ${wanted} values, ${given} are given`);
  const names = new Set(["affine_map", "mod", "floordiv", "ceildiv", ...mapNames(op.attributes.get("map"))]);
  const map = op.attributes.get("map");
  const unknown = map?.kind === "opaque" ? map.text.match(/[a-z_]\w*/g)?.find((name) => !names.has(name)) : undefined;
  if (unknown !== undefined) check.error(`the map has no dimension or symbol '${unknown}'`);
}

/** `[%i + 1, %j]`: expressions over values, kept as `affine_map<(d0, d1) -> (d0 + 1, d1)>` and the operands. */
function subscripts(firstIndex: number): CustomAssembly {
  return {
    parse: (parser, draft) => {
      const { scanner } = parser;
      const uses: ValueUse[] = [];
      const leaf = (): string => dimension(uses, readIndex());
      const readIndex = (): ValueUse => {
        if (!scanner.accept("symbol")) return parser.operand();
        scanner.expect("(");
        const use = parser.operand();
        scanner.expect(")");
        return use;
      };
      const texts: string[] = [];
      scanner.expect("[");
      if (!scanner.accept("]")) {
        parser.list(() => texts.push(affineText(parseAffineExpr(scanner, leaf), (name) => name)));
        scanner.expect("]");
      }
      const dims = uses.map((_, i) => `d${i}`).join(", ");
      draft.operands.set("indices", uses);
      draft.attributes.set("map", { kind: "opaque", text: `affine_map<(${dims}) -> (${texts.join(", ")})>` });
    },
    print: (printer, op) => {
      const values: readonly Value[] = op.operands.slice(firstIndex);
      const text = resultsOf(op).replace(/\b([ds])(\d+)\b/g, (word, _kind, i: string) => {
        const value = values[Number(i)];
        return value ? printer.value(value) : word;
      });
      printer.write(`[${text}]`);
    },
  };
}

/** `d0 + 1, d1` of the map; written again as MLIR orders it when it came from the generic form. */
function resultsOf(op: Operation): string {
  const map = op.attributes.get("map");
  const text = map?.kind === "opaque" ? (/-> \((.*)\)>$/.exec(map.text)?.[1] ?? "") : "";
  if (text === "") return "";
  const scanner = new Scanner(text, "affine_map");
  const leaf = (): string => scanner.expectKind("word", "a dimension or a symbol").text;
  const results: string[] = [];
  do results.push(affineText(parseAffineExpr(scanner, leaf), (name) => name));
  while (scanner.accept(","));
  return results.join(", ");
}

function dimension(uses: ValueUse[], use: ValueUse): string {
  const known = uses.findIndex((other) => other.name === use.name);
  if (known >= 0) return `d${known}`;
  uses.push(use);
  return `d${uses.length - 1}`;
}
