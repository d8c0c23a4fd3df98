import type { Operation } from "../ir/operation.ts";
import { compileFormat } from "../ops/format.ts";
import { definitions } from "../ops/table.ts";
import { withAliases } from "./aliases.ts";
import { attributeText } from "./attributes.ts";
import { printFormat } from "./format.ts";
import { printGenericOperation } from "./generic.ts";
import { nameValues } from "./names.ts";
import { OpPrinter } from "./op-printer.ts";

/**
 * The text of a module (or of any operation) as aie-opt prints it: custom form, values renamed, a line end at the end.
 * Operations without a definition are written in generic form.
 */
export function printModule(op: Operation): string {
  const names = nameValues(op, {
    resultName: (inner, result) => definitions.any.get(inner.name)?.resultName?.(inner, result),
    isUnique: false,
  });
  const printer = new OpPrinter({ names, printOperation, attributeText: (attribute) => attributeText(attribute) });
  printer.operation(op);
  const text = printer.text();
  return text.includes("affine_") ? withAliases(text) : text;
}

function printOperation(printer: OpPrinter, op: Operation): void {
  const definition = definitions.any.get(op.name);
  if (!definition) {
    printGenericOperation(printer, op);
    return;
  }
  printer.write(shortName(op));
  printFormat(printer, op, definition, compileFormat(definition.format ?? "custom(op)"));
}

/** Operations directly in a function leave out its dialect; the module leaves out its own. */
function shortName(op: Operation): string {
  if (op.name === "builtin.module") return "module";
  return op.parentOp?.name === "func.func" ? op.name.replace(/^func\./, "") : op.name;
}
