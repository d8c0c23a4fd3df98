import type { Operation } from "../../ir/operation.ts";
import type { Check } from "../check.ts";

const visibilities = ["public", "private", "nested"];

/** Who sees a symbol. A function's custom form has these words only: another one would be read as its name. */
export function verifyVisibility(op: Operation, check: Check): void {
  const visibility = op.text("sym_visibility");
  if (visibility === undefined || visibilities.includes(visibility)) return;
  const expected = visibilities.map((word) => `"${word}"`).join(", ");
  check.error(`visibility expected to be one of [${expected}], but got "${visibility}"`);
}
