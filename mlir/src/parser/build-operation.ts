import type { Attribute } from "../ir/attributes.ts";
import { Operation, Region, type Successor, type Value } from "../ir/operation.ts";
import type { Type } from "../ir/types.ts";
import { type Attributed, parseGroup, type TypeRule } from "../ops/definition.ts";
import type { OpDraft, OpParser, SuccessorUse } from "./op-parser.ts";
import { replaceOperand, type ValueUse } from "./scope.ts";

/** Makes the operation of a draft: infers types that are not spelled, looks up operands, names results. */
export function buildOperation(parser: OpParser, draft: OpDraft): Operation {
  const { definition } = draft;
  // Before types are inferred: those are as many as an operation may have, not as many as stand in the text.
  for (const group of definition.operands) expectSpelledTypes(parser, draft, parseGroup(group).name);
  inferTypes(draft);
  const patches: ((op: Operation) => void)[] = [];
  const operands = definition.operands.flatMap((group) => resolveGroup(parser, draft, parseGroup(group).name, patches));
  const successors = draft.successors.map((use) => resolveSuccessor(parser, use, patches));
  const results = definition.results.flatMap((group) => {
    const { name, arity } = parseGroup(group);
    const types = draft.types.get(name);
    if (!types && arity === "one")
      throw parser.scanner.errorAt(offsetOf(parser, draft), `${definition.name}: no result type`);
    return types ?? [];
  });
  const op = new Operation(definition.name, {
    operands,
    results,
    resultNames: draft.resultNames.map((use) => use.name),
    attributes: normalAttributes(draft),
    regions: draftRegions(draft),
    successors,
    loc: draft.loc,
  });
  for (const patch of patches) patch(op);
  defineResults(parser, draft, op);
  return op;
}

/** Gives the results of `op` the names in the text. @throws FormatError when their numbers differ. */
export function defineResults(parser: OpParser, draft: Pick<OpDraft, "resultNames">, op: Operation): void {
  const [first] = draft.resultNames;
  if (!first) return;
  if (draft.resultNames.length !== op.results.length) {
    const numbers = `${op.results.length} results, ${draft.resultNames.length} are named`;
    throw parser.scanner.errorAt(first.offset, `operation '${op.name}' has ${numbers}`);
  }
  for (const [i, value] of op.results.entries()) {
    const use = draft.resultNames[i];
    if (use) parser.scope.define(use, value);
  }
}

/** The value of a mention; a stand-in is exchanged when the value is defined. */
export function resolveUse(
  parser: OpParser,
  use: ValueUse,
  type: Type | undefined,
  patches: ((op: Operation) => void)[],
): Value {
  const made: { op?: Operation } = {};
  const value = parser.scope.resolve(use, type, (actual) => {
    if (made.op) replaceOperand(made.op, value, actual);
  });
  patches.push((op) => {
    made.op = op;
  });
  return value;
}

/** An attribute in the form the rest of the code knows: keywords of enumerations are integers in the generic form. */
export function normalAttribute(attribute: Attribute, rule: Attributed | undefined): Attribute {
  if (rule?.kind === "enum" && attribute.kind === "integer") {
    const at = rule.values ? rule.values.indexOf(Number(attribute.value)) : Number(attribute.value);
    const name = rule.names[at];
    return name === undefined ? attribute : { kind: "enum", name };
  }
  if (rule?.kind === "enum" && attribute.kind === "string") return { kind: "enum", name: attribute.value };
  return attribute;
}

/** Regions in the order of the definition; a rule `cases*` takes cases0, cases1, ... */
function draftRegions({ definition, regions }: OpDraft): Region[] {
  return definition.regions.flatMap(({ name }) =>
    name.endsWith("*") ? numbered(regions, name.slice(0, -1)) : [regions.get(name) ?? new Region()],
  );
}

function numbered(regions: OpDraft["regions"], prefix: string): Region[] {
  return [...regions].flatMap(([name, region]) => (name.startsWith(prefix) ? [region] : []));
}

/** Where an operation begins: with its results, if it names any. */
function offsetOf({ scanner }: OpParser, { resultNames, loc }: OpDraft): number {
  return resultNames[0]?.offset ?? scanner.offsetAt(loc);
}

/** @throws FormatError where types are written for operands that are not. */
function expectSpelledTypes(parser: OpParser, draft: OpDraft, name: string): void {
  const count = draft.types.get(name)?.length ?? 0;
  if (count > 0 && (draft.operands.get(name)?.length ?? 0) === 0) {
    throw parser.scanner.errorAt(offsetOf(parser, draft), `0 operands present, but expected ${count}`);
  }
}

function inferTypes(draft: OpDraft): void {
  const { definition, types } = draft;
  const groups = [...definition.operands, ...definition.results].map((group) => parseGroup(group).name);
  // A rule may name a group whose own rule comes later: two rounds settle every chain of two.
  for (let round = 0; round < 2; round++) {
    for (const name of groups) {
      const rule = definition.types[name];
      if (types.has(name) || rule === undefined) continue;
      const inferred = inferType(rule, draft);
      const count = draft.operands.get(name)?.length ?? 1;
      const [only, ...others] = inferred;
      if (only) types.set(name, others.length > 0 ? [...inferred] : Array.from({ length: count }, () => only));
    }
  }
}

function inferType(rule: TypeRule, { types }: OpDraft): readonly Type[] {
  if (typeof rule === "string") return types.get(rule.slice(1)) ?? [];
  const type = typeof rule === "function" ? rule(types) : rule;
  return type ? [type] : [];
}

function resolveGroup(
  parser: OpParser,
  draft: OpDraft,
  name: string,
  patches: ((op: Operation) => void)[],
): readonly Value[] {
  const uses = draft.operands.get(name) ?? [];
  const types = draft.types.get(name);
  const [first] = uses;
  if (first && types && types.length !== uses.length) {
    throw parser.scanner.errorAt(first.offset, `${uses.length} operands present, but expected ${types.length}`);
  }
  return uses.map((use, i) => resolveUse(parser, use, types?.[i], patches));
}

function resolveSuccessor(parser: OpParser, use: SuccessorUse, patches: ((op: Operation) => void)[]): Successor {
  const args = use.args.map((arg, i) => resolveUse(parser, arg, use.argTypes[i], patches));
  return { block: use.block, args };
}

function normalAttributes(draft: OpDraft): Record<string, Attribute> {
  const rules = draft.definition.attributes;
  return Object.fromEntries([...draft.attributes].map(([name, value]) => [name, normalAttribute(value, rules[name])]));
}
