import { attributeText, typeText } from "../printer/attributes.ts";
import type { Attributed, OpDefinition } from "./definition.ts";
import { compileFormat, type FormatElement } from "./format.ts";
import { bundles } from "./rules.ts";
import { definitions } from "./table.ts";

/** Lines of the page before and after the table. */
export const operationsMarkers = { begin: "<!-- operations: begin -->", end: "<!-- operations: end -->" } as const;

/**
 * Every operation that is known, as Markdown: one table a dialect, one row for operations that are written alike.
 * docs/dialect.md shows it between `operationsMarkers`.
 */
export function operationsTable(): string {
  const dialects = new Map<string, OpDefinition[]>();
  for (const definition of definitions.current.values()) {
    const [dialect = ""] = definition.name.split(".");
    dialects.set(dialect, [...(dialects.get(dialect) ?? []), definition]);
  }
  return [...dialects].map(([dialect, ops]) => dialectTable(dialect, ops)).join("\n\n");
}

/** Names of the pieces of assembly that are read and printed by hand; the table writes them as `<name>`. */
export function handWrittenPieces(): readonly string[] {
  const pieces = [...definitions.current.values()].flatMap((definition) => Object.keys(definition.custom ?? {}));
  return [...new Set(pieces)].sort();
}

function dialectTable(dialect: string, ops: readonly OpDefinition[]): string {
  const rows = new Map<string, string[]>();
  for (const op of ops) {
    const row = `${code(assembly(op))} | ${attributes(op)} |`;
    rows.set(row, [...(rows.get(row) ?? []), code(op.name)]);
  }
  const lines = [...rows].map(([row, names]) => `| ${names.join(", ")} | ${row}`);
  return [`### ${dialect}`, "| operation | written | attributes |", "|---|---|---|", ...lines].join("\n");
}

/** The results, and what stands after the operation's name. */
function assembly(op: OpDefinition): string {
  const results = op.results.map((result) => `%${result}`).join(", ");
  const text = op.format === undefined ? "<op>" : elementsText(compileFormat(op.format));
  const parents = op.parents ? `   in ${op.parents.join(", ")}` : "";
  return `${results && `${results} = `}... ${text}`.trim() + parents;
}

function elementsText(elements: readonly FormatElement[]): string {
  const words = elements.map(elementText).filter((word) => word !== "");
  return words
    .join(" ")
    .replace(/ +([)\]>,])/g, "$1")
    .replace(/([([<]) +/g, "$1");
}

function elementText(element: FormatElement): string {
  switch (element.kind) {
    case "literal":
      return element.text;
    case "space":
      return "";
    case "operand":
      return `%${element.name}`;
    case "attribute":
      return `$${element.name}`;
    case "symbol-name":
      return `@${element.name}`;
    case "successor":
      return `^${element.name}`;
    case "type":
      return `type(${element.name})`;
    case "region":
      return `{ ${element.name} }`;
    case "custom":
      return `<${element.name}>`;
    case "functional":
      return `(type(${element.operands})) -> type(${element.results})`;
    case "attr-dict":
      return element.keyword ? "attributes {...}" : "{...}";
    case "optional":
      return `⟦${elementsText(element.elements)}⟧`;
  }
}

function attributes(op: OpDefinition): string {
  return Object.entries(op.attributes)
    .map(([name, rule]) => attribute(name, rule))
    .join("; ");
}

/** `stack_size i32 = 1024`, `lockID? i32 >= 0`, `action Acquire, Release`. */
function attribute(name: string, rule: Attributed): string {
  const needed = rule.required === true || rule.default !== undefined;
  const standard = rule.default === undefined ? "" : ` = ${attributeText(rule.default).replace(/ : \w+$/, "")}`;
  return `${code(`${name}${needed ? "" : "?"}`)} ${values(rule)}${standard}`;
}

function values(rule: Attributed): string {
  if (rule.kind === "int") return `${typeText(rule.type)}${range(rule)}${rule.orArray ? " or array" : ""}`;
  if (rule.kind === "enum") return rule.names === bundles ? "a port bundle" : rule.names.join(", ");
  return rule.kind === "opaque" ? rule.prefix : rule.kind;
}

function range({ min, max }: { readonly min?: number; readonly max?: number }): string {
  if (min !== undefined && max !== undefined) return ` ${min}..${max}`;
  if (min !== undefined) return ` >= ${min}`;
  return max === undefined ? "" : ` <= ${max}`;
}

/** Code in a cell of a table, where a bar would end the cell. */
function code(text: string): string {
  return `\`${text.replaceAll("|", "\\|")}\``;
}
