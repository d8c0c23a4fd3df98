import type { Attribute, IntegerAttr } from "../ir/attributes.ts";
import type { Operation } from "../ir/operation.ts";
import { sameType, type Type } from "../ir/types.ts";
import type { Attributed, AttributeRule, OpDefinition } from "../ops/definition.ts";
import { attributeText, typeText } from "../printer/attributes.ts";
import type { Check } from "./check.ts";

/** Required attributes are there, and those that are there hold what their rules say. */
export function checkAttributes(op: Operation, definition: OpDefinition, check: Check): void {
  for (const [name, rule] of Object.entries(definition.attributes)) {
    const attribute = op.attributes.get(name);
    if (!attribute) {
      if (rule.required) check.error(`requires attribute '${name}'`);
      continue;
    }
    if (satisfies(attribute, rule)) continue;
    if (rule.kind === "number" || rule.kind === "map") {
      check.error(`Invalid attribute \`${name}\` in property conversion: ${attributeText(attribute)}`, {
        hint: rule.kind === "map" ? "expected affine_map<...>" : "expected a number or dense<...>, with its type",
      });
      continue;
    }
    const hint = `found ${attributeText(attribute)}`;
    check.error(`attribute '${name}' failed to satisfy constraint: ${constraintText(rule)}`, { hint });
  }
}

function satisfies(attribute: Attribute, rule: Attributed): boolean {
  switch (rule.kind) {
    case "any":
      return true;
    case "int":
      return (
        (attribute.kind === "integer" && inRange(attribute, rule)) ||
        (rule.orArray === true && attribute.kind === "array")
      );
    case "enum":
      return attribute.kind === "enum" && rule.names.includes(attribute.name);
    case "bool":
      return attribute.kind === "bool" || attribute.kind === "unit";
    case "number":
      return ["bool", "integer", "float", "dense"].includes(attribute.kind);
    case "map":
      return attribute.kind === "opaque" && attribute.text.startsWith("affine_map<");
    case "opaque":
      return attribute.kind === "opaque" && attribute.text.startsWith(`#${rule.prefix}<`);
    case "int-array":
      return (
        attribute.kind === "array" &&
        attribute.elements.every((element) => element.kind === "integer" && sameType(element.type, rule.type))
      );
    case "bd-dims-list":
    case "array":
      return attribute.kind === "array";
    default:
      return attribute.kind === rule.kind;
  }
}

function inRange(attribute: IntegerAttr, rule: Extract<AttributeRule, { kind: "int" }>): boolean {
  if (!sameType(attribute.type, rule.type)) return false;
  return (
    (rule.min === undefined || attribute.value >= BigInt(rule.min)) &&
    (rule.max === undefined || attribute.value <= BigInt(rule.max))
  );
}

/** In the words of the tool: `32-bit signless integer attribute whose minimum value is 1`. */
function constraintText(rule: AttributeRule): string {
  if (rule.kind === "int-array") return integerText(rule.type).replace(" signless integer", " integer array");
  if (rule.kind !== "int") return rule.kind === "enum" ? `one of ${rule.names.join(", ")}` : `${rule.kind} attribute`;
  const parts = [
    integerText(rule.type),
    rule.min === undefined ? "" : ` whose minimum value is ${rule.min}`,
    rule.max === undefined ? "" : ` whose maximum value is ${rule.max}`,
    rule.orArray === true ? " or array attribute" : "",
  ];
  return parts.join("");
}

function integerText(type: Type): string {
  if (type.kind !== "integer") return `${typeText(type)} attribute`;
  return `${type.width}-bit ${type.sign} integer attribute`;
}
