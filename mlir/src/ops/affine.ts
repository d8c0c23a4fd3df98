import { integerAttr } from "../ir/attributes.ts";
import type { Operation, Value } from "../ir/operation.ts";
import { index } from "../ir/types.ts";
import { parseInteger } from "../parser/attributes.ts";
import type { OpDraft, OpParser } from "../parser/op-parser.ts";
import type { ValueUse } from "../parser/scope.ts";
import type { OpPrinter } from "../printer/op-printer.ts";
import { type CustomAssembly, defineOp } from "./definition.ts";
import { elementOf } from "./rules.ts";

/** Affine loops with constant bounds and affine accesses; the maps are kept as text. */
export const affineOps = [
  defineOp("affine.for", {
    format: "custom(loop) attr-dict",
    custom: { loop: { parse: parseFor, print: printFor } },
    elided: ["lowerBoundMap", "upperBoundMap", "step"],
    attributes: {
      lowerBoundMap: { kind: "any", required: true },
      upperBoundMap: { kind: "any", required: true },
      step: { kind: "int", type: index },
    },
    segments: () => [0, 0, 0],
    regions: [{ name: "body", terminator: "affine.yield" }],
  }),
  defineOp("affine.yield", {
    format: "attr-dict ( %operands `:` type(operands) )?",
    operands: ["operands*"],
    isTerminator: true,
  }),
  defineOp("affine.load", {
    format: "%memref custom(subscripts) attr-dict `:` type(memref)",
    custom: { subscripts: subscripts(1) },
    elided: ["map"],
    operands: ["memref", "indices*"],
    results: ["result"],
    types: { indices: index, result: elementOf("memref") },
    attributes: { map: { kind: "any", required: true } },
  }),
  defineOp("affine.store", {
    format: "%value `,` %memref custom(subscripts) attr-dict `:` type(memref)",
    custom: { subscripts: subscripts(2) },
    elided: ["map"],
    operands: ["value", "memref", "indices*"],
    types: { indices: index, value: elementOf("memref") },
    attributes: { map: { kind: "any", required: true } },
  }),
];

function parseFor(parser: OpParser, draft: OpDraft): void {
  const { scanner, source } = parser;
  const induction = parser.operand();
  scanner.expect("=");
  const bound = () => ({ kind: "opaque", text: `affine_map<() -> (${parseInteger(source)})>` }) as const;
  draft.attributes.set("lowerBoundMap", bound());
  scanner.expect("to");
  draft.attributes.set("upperBoundMap", bound());
  const step = scanner.accept("step") ? parseInteger(source) : 1n;
  draft.attributes.set("step", integerAttr(step, index));
  const args = [{ use: induction, type: index }];
  draft.regions.set("body", parser.region({ args, terminator: "affine.yield" }));
}

function printFor(printer: OpPrinter, op: Operation): void {
  const induction = op.regions[0]?.blocks[0]?.args[0];
  const step = op.int("step") ?? 1;
  printer.write(` ${induction ? printer.value(induction) : ""} = ${constantBound(op, "lowerBoundMap")}`);
  printer.write(` to ${constantBound(op, "upperBoundMap")} ${step === 1 ? "" : `step ${step} `}`);
  printer.region(op.regions[0], { hidesArgs: true, hidesTerminator: true });
}

/** The constant of `affine_map<() -> (8)>`. */
function constantBound(op: Operation, name: string): string {
  const map = op.attributes.get(name);
  const found = map?.kind === "opaque" ? /^affine_map<\(\) -> \((-?\d+)\)>$/.exec(map.text) : undefined;
  return found?.[1] ?? "<not constant>";
}

/** `[%i + 1, %j]`: expressions over values, kept as `affine_map<(d0, d1) -> (d0 + 1, d1)>` and the operands. */
function subscripts(firstIndex: number): CustomAssembly {
  return {
    parse: (parser, draft) => {
      const { scanner } = parser;
      const uses: ValueUse[] = [];
      const words: string[] = [];
      scanner.expect("[");
      for (let depth = 0; depth > 0 || scanner.peek().text !== "]"; ) {
        const token = scanner.peek();
        if (token.kind === "end") throw scanner.error(token, "']'");
        if (token.kind === "value") words.push(dimension(uses, parser.operand()));
        else words.push(scanner.take().text);
        depth += token.text === "(" ? 1 : token.text === ")" ? -1 : 0;
      }
      scanner.expect("]");
      const dims = uses.map((_, i) => `d${i}`).join(", ");
      const text = words.join(" ").replace(/ ,/g, ",").replace(/\( /g, "(").replace(/ \)/g, ")");
      draft.operands.set("indices", uses);
      draft.attributes.set("map", { kind: "opaque", text: `affine_map<(${dims}) -> (${text})>` });
    },
    print: (printer, op) => {
      const map = op.attributes.get("map");
      const found = map?.kind === "opaque" ? /-> \((.*)\)>$/.exec(map.text) : undefined;
      const values: readonly Value[] = op.operands.slice(firstIndex);
      const text = (found?.[1] ?? "").replace(/\bd(\d+)\b/g, (word, i: string) => {
        const value = values[Number(i)];
        return value ? printer.value(value) : word;
      });
      printer.write(`[${text}]`);
    },
  };
}

function dimension(uses: ValueUse[], use: ValueUse): string {
  const known = uses.findIndex((other) => other.name === use.name);
  if (known >= 0) return `d${known}`;
  uses.push(use);
  return `d${uses.length - 1}`;
}
