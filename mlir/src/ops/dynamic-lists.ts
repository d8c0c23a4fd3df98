import type { Operation } from "../ir/operation.ts";
import { i64 } from "../ir/types.ts";
import { parseInteger } from "../parser/attributes.ts";
import type { OpDraft, OpParser } from "../parser/op-parser.ts";
import type { OpPrinter } from "../printer/op-printer.ts";

/** Stands in `static_*` arrays for an entry that is an operand. Source: MLIR, ShapedType::kDynamic. */
export const dynamic = -(2n ** 63n);

/** Entries of `static_NAME` that are operands. */
export function dynamicCount(op: Operation, name: string): number {
  return staticValues(op, name).filter((value) => value === dynamic).length;
}

/** `[0, %x, 2]` lists whose constants go to an attribute `static_NAME` and whose values to the operand group NAME. */
export const dynamicLists = { parse, texts };

function parse(parser: OpParser, draft: OpDraft, name: string): void {
  const values: bigint[] = [];
  const operands = [];
  parser.scanner.expect("[");
  if (!parser.scanner.accept("]")) {
    do {
      if (parser.scanner.peek().kind === "value") {
        operands.push(parser.operand());
        values.push(dynamic);
      } else values.push(parseInteger(parser.source));
    } while (parser.scanner.accept(","));
    parser.scanner.expect("]");
  }
  draft.operands.set(name, operands);
  draft.attributes.set(`static_${name}`, { kind: "dense-array", values, element: i64 });
}

/** The lists, brackets included. Their operands start at `firstOperand` and follow each other. */
function texts(printer: OpPrinter, op: Operation, names: readonly string[], firstOperand: number): string[] {
  let at = firstOperand;
  return names.map((name) => {
    const parts = staticValues(op, name).map((value) => {
      if (value !== dynamic) return `${value}`;
      const operand = op.operands[at++];
      return operand ? printer.value(operand) : "<missing>";
    });
    return `[${parts.join(", ")}]`;
  });
}

function staticValues(op: Operation, name: string): readonly bigint[] {
  const attribute = op.attributes.get(`static_${name}`);
  return attribute?.kind === "dense-array" ? attribute.values : [];
}
