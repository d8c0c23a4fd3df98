import type { Operation } from "../../ir/operation.ts";
import { sameType } from "../../ir/types.ts";
import { attributeText, typeText } from "../../printer/attributes.ts";
import type { Check } from "../check.ts";
import { verifyVisibility } from "./visibility.ts";

/** memref.global: a memref of known size; its value is `uninitialized`, or has the memref's shape and element. */
export function verifyGlobal(op: Operation, check: Check): void {
  verifyVisibility(op, check);
  const type = op.attributes.get("type");
  const value = op.attributes.get("initial_value");
  if (type?.kind !== "type") return;
  if (type.type.kind !== "memref") {
    check.error("attribute 'type' failed to satisfy constraint: memref type attribute", {
      hint: `found ${typeText(type.type)}`,
    });
    return;
  }
  const { shape, element } = type.type;
  if (shape.includes(null)) {
    check.error(`type should be static shaped memref, but got '${typeText(type.type)}'`);
    return;
  }
  if (value === undefined || value.kind === "unit") return;
  if (value.kind !== "dense") {
    check.error(`initial value should be a unit or elements attribute, but got ${attributeText(value)}`);
    return;
  }
  if (value.type.kind !== "tensor") {
    check.error(`initial value: expected a tensor, got '${typeText(value.type)}'`, {
      hint: "the compiler ends with a crash here; write dense<...> : tensor<...>",
    });
    return;
  }
  if (!sameType(value.type.element, element)) {
    const [wanted, given] = [typeText(element), typeText(value.type.element)];
    check.error(`initial value element expected to be of type '${wanted}', but was of type '${given}'`);
  } else if (value.type.shape.join() !== shape.join()) {
    const [wanted, given] = [shape, value.type.shape].map((sizes) => sizes.map((size) => size ?? "?").join(", "));
    check.error(`initial value shape expected to be ${wanted} but was ${given}`);
  }
}
