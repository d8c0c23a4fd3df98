import type { Operation } from "../../ir/operation.ts";
import { sameType, type Type } from "../../ir/types.ts";
import { typeText } from "../../printer/attributes.ts";
import type { Check } from "../check.ts";

/** func.call: a function of the device, with the operands and results it has. */
export function verifyCall(op: Operation, check: Check): void {
  const name = op.text("callee") ?? "";
  const callee = check.symbol(name);
  const attribute = callee?.attributes.get("function_type");
  if (callee?.name !== "func.func" || attribute?.kind !== "type" || attribute.type.kind !== "function") {
    check.error(`'${name}' does not reference a valid function`, {
      hint: 'declare it in the device: func.func private @name(types) attributes {link_with = "file.o"}',
    });
    return;
  }
  const { inputs, results } = attribute.type;
  compare(["operand", "callee"], inputs, op.operands, check);
  compare(["result", "callee"], results, op.results, check);
}

function compare(
  [what, whose]: readonly [string, string],
  types: readonly Type[],
  values: readonly { readonly type: Type }[],
  check: Check,
): void {
  if (types.length !== values.length) {
    check.error(`incorrect number of ${what}s for ${whose}`, {
      hint: `expected ${types.length}, found ${values.length}`,
    });
    return;
  }
  for (const [i, type] of types.entries()) {
    const value = values[i];
    if (value && !sameType(type, value.type)) {
      const given = `but provided '${typeText(value.type)}' for ${what} number ${i}`;
      check.error(`${what} type mismatch: expected ${what} type '${typeText(type)}', ${given}`);
    }
  }
}

/** memref.get_global: a global of the device, of the same type. */
export function verifyGetGlobal(op: Operation, check: Check): void {
  const name = op.text("name") ?? "";
  const global = check.symbol(name);
  const type = global?.attributes.get("type");
  if (global?.name !== "memref.global" || type?.kind !== "type") {
    check.error(`'${name}' does not reference a valid global memref`);
    return;
  }
  const result = op.results[0]?.type;
  if (result && !sameType(result, type.type)) {
    check.error(
      `result type '${typeText(result)}' does not match type '${typeText(type.type)}' of the global @${name}`,
    );
  }
}
