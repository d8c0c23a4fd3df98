import type { Attribute } from "../ir/attributes.ts";
import type { Operation, Region, Value } from "../ir/operation.ts";
import type { Type } from "../ir/types.ts";
import type { OpDraft, OpParser } from "../parser/op-parser.ts";
import type { OpPrinter } from "../printer/op-printer.ts";
import type { Check } from "../verifier/check.ts";

/**
 * What an attribute may hold and how it is spelled where the assembly format names it. `enum` keywords are integers in
 * the generic form: their place in `names`, or in `values`.
 */
export type AttributeRule =
  | {
      readonly kind: "int";
      readonly type: Type;
      readonly min?: number;
      readonly max?: number;
      /** An array may stand in its place. */
      readonly orArray?: boolean;
    }
  | {
      readonly kind: "enum";
      readonly names: readonly string[];
      readonly type: Type;
      readonly values?: readonly number[];
      /** Printed in quotes: `mode "Event-Time"`. */
      readonly quoted?: boolean;
    }
  | { readonly kind: "string" | "bool" | "symbol" | "type" | "unit" | "bd-dims" | "any" }
  /** `number`: one that brings its type, or `dense<...>`; `map`: `affine_map<...>`. */
  | { readonly kind: "number" | "map" }
  | { readonly kind: "bd-dims-list" | "bd-pads" | "packet-info" | "dense-array" | "array" | "dense" }
  /** `[0, 256]`: each element an integer of this type. */
  | { readonly kind: "int-array"; readonly type: Type }
  /** `#NAME<...>`, spelled `<...>` where the format names it. */
  | { readonly kind: "opaque"; readonly prefix: string };

export type AttributeRules = Readonly<Record<string, Attributed>>;
export type Attributed = AttributeRule & {
  /** The operation is wrong without it. */
  readonly required?: boolean;
  /** Not printed when equal to this. */
  readonly default?: Attribute;
  /** The generic form, too, is silent about it when it was not given. */
  readonly isSilent?: boolean;
};

/** The types of operands and results that are known while an operation is read. */
export type TypeBindings = Map<string, Type[]>;

/** Type of an operand or result that the text does not spell: a fixed one, that of another (`=name`), or computed. */
export type TypeRule = Type | `=${string}` | ((types: TypeBindings) => Type | undefined);

interface RegionRule {
  readonly name: string;
  /** Added when the text leaves it out, and left out when it says nothing. */
  readonly terminator?: string;
  /** It may hold more than one block. */
  readonly multiBlock?: boolean;
  /** False: its blocks end without a terminator. */
  readonly needsTerminator?: boolean;
}

/** A piece of assembly that the format language cannot say. */
export interface CustomAssembly {
  readonly parse: (parser: OpParser, draft: OpDraft) => void;
  readonly print: (printer: OpPrinter, op: Operation) => void;
}

export interface OpDefinition {
  readonly name: string;
  /** Assembly after the name; see format.ts for the language. Absent: only `custom.op` says. */
  readonly format?: string;
  /** Another definition for texts that start in another way after the name. */
  readonly alternative?: { readonly starts: (text: string) => boolean; readonly definition: OpDefinition };
  readonly custom?: Readonly<Record<string, CustomAssembly>>;
  /** Attributes that custom assembly prints itself, so `attr-dict` leaves them out. */
  readonly elided?: readonly string[];
  /** Attributes that the custom form leaves out when they are what the rest of the operation implies. */
  readonly implied?: (op: Operation) => Readonly<Record<string, Attribute>>;
  /** Operand groups in order: `tile`, `consumers*` (any number), `value?` (none or one). */
  readonly operands: readonly string[];
  /** Result groups in order: `result`, `results*`. */
  readonly results: readonly string[];
  readonly types: Readonly<Record<string, TypeRule>>;
  readonly attributes: AttributeRules;
  readonly regions: readonly RegionRule[];
  readonly isTerminator: boolean;
  /** Operands from this one on belong to the successors. */
  readonly successorOperandsFrom?: number;
  /** Its regions see no values from outside. */
  readonly isIsolated: boolean;
  /** Its regions define a name space for symbols. */
  readonly isSymbolTable: boolean;
  /** What the operation may stand directly in. */
  readonly parents?: readonly string[];
  /** Sizes of the operand groups, for operations that carry them in the generic form. */
  readonly segments?: (op: Operation) => readonly number[];
  /** Name of a result for printing, without `%`. */
  readonly resultName?: (op: Operation, result: Value) => string | undefined;
  /** Rules of the operation, beyond what its operands and attributes say. */
  readonly verify?: (op: Operation, check: Check) => void;
}

type Options = Partial<Omit<OpDefinition, "name">>;

/** An operation's definition with what it leaves out filled in. */
export function defineOp(name: string, options: Options): OpDefinition {
  return {
    operands: [],
    results: [],
    types: {},
    attributes: {},
    regions: [],
    isTerminator: false,
    isIsolated: false,
    isSymbolTable: false,
    ...options,
    name,
  };
}

/** What attributes are when the custom form does not name them: their defaults, and what the operation implies. */
export function standardAttributes(definition: OpDefinition, op: Operation): Readonly<Record<string, Attribute>> {
  const defaults = Object.entries(definition.attributes).flatMap(([name, rule]) =>
    rule.default ? [[name, rule.default] as const] : [],
  );
  return { ...Object.fromEntries(defaults), ...definition.implied?.(op) };
}

/** Name of a group without its mark, and how many values it holds. */
export function parseGroup(group: string): { name: string; arity: "one" | "many" | "optional" } {
  if (group.endsWith("*")) return { name: group.slice(0, -1), arity: "many" };
  if (group.endsWith("?")) return { name: group.slice(0, -1), arity: "optional" };
  return { name: group, arity: "one" };
}

/** The operands of one group. The sizes of groups that vary come from `segments`; one such group takes what is left. */
export function operandGroup(definition: OpDefinition, op: Operation, name: string): readonly Value[] {
  const groups = definition.operands.map(parseGroup);
  const sizes = definition.segments?.(op);
  const fixed = groups.filter((group) => group.arity === "one").length;
  let at = 0;
  for (const [i, group] of groups.entries()) {
    const size = sizes?.[i] ?? (group.arity === "one" ? 1 : op.operands.length - fixed);
    if (group.name === name) return op.operands.slice(at, at + size);
    at += size;
  }
  return [];
}

/** The results of one group. */
export function resultGroup(definition: OpDefinition, op: Operation, name: string): readonly Value[] {
  const groups = definition.results.map(parseGroup);
  const fixed = groups.filter((group) => group.arity === "one").length;
  let at = 0;
  for (const group of groups) {
    const size = group.arity === "one" ? 1 : op.results.length - fixed;
    if (group.name === name) return op.results.slice(at, at + size);
    at += size;
  }
  return [];
}

/** The region an operation declares under this name. */
export function regionNamed(definition: OpDefinition, op: Operation, name: string): Region | undefined {
  return op.regions[definition.regions.findIndex((region) => region.name === name)];
}
