import type { Operation } from "../ir/operation.ts";
import { sameType, type Type } from "../ir/types.ts";
import { type OpDefinition, operandGroup, parseGroup, resultGroup } from "../ops/definition.ts";
import { typeText } from "../printer/attributes.ts";
import type { Check } from "./check.ts";

/** Operand groups of the aie dialect that are tiles. */
const tileGroups = new Set(["tile", "producerTile", "consumerTiles", "delegateTile", "source_tile", "dest_tile"]);

/** What stands where a tile is needed is one: placed, left to a placer, or chosen from a herd. */
export function checkTiles(op: Operation, definition: OpDefinition, check: Check): void {
  if (!op.name.startsWith("aie.")) return;
  for (const { name } of definition.operands.map(parseGroup)) {
    if (!tileGroups.has(name)) continue;
    for (const { definingOp } of operandGroup(definition, op, name)) {
      const isTile = ["aie.tile", "aie.logical_tile"].includes(definingOp?.name ?? "");
      if (isTile || definingOp?.name.startsWith("aiex.")) continue;
      check.error("tile operand must be a TileOp", { hint: `it is ${definingOp?.name ?? "an argument"}` });
    }
  }
}

/** An operation has the operands, results and regions of its definition, and operands of the types that are fixed. */
export function checkShape(op: Operation, definition: OpDefinition, check: Check): void {
  checkCount("operand", definition.operands, op.operands.length, check);
  checkCount("result", definition.results, op.results.length, check);
  const regions = definition.regions.filter((rule) => !rule.name.endsWith("*")).length;
  if (op.regions.length < regions) check.error(`expected ${regions} regions, found ${op.regions.length}`);
  let at = 0;
  for (const group of definition.operands) {
    const { name, arity } = parseGroup(group);
    if (arity !== "one") return;
    const value = op.operands[at];
    const rule = definition.types[name];
    if (value && typeof rule === "object" && !sameType(value.type, rule)) {
      check.error(`operand #${at} must be ${typeText(rule)}, but got '${typeText(value.type)}'`);
    }
    at++;
  }
}

/** Operands and results whose types follow from others have these types: the generic form spells them all. */
export function checkEqualTypes(op: Operation, definition: OpDefinition, check: Check): void {
  const typesOf = (group: string): readonly Type[] =>
    [...operandGroup(definition, op, group), ...resultGroup(definition, op, group)].map(({ type }) => type);
  for (const [group, rule] of Object.entries(definition.types)) {
    if (typeof rule !== "string") continue;
    const other = rule.slice(1);
    const expected = typesOf(other);
    for (const [i, type] of typesOf(group).entries()) {
      if (expected[i] === undefined || sameType(type, expected[i])) continue;
      check.error(
        `requires the same type for ${group} and ${other}, got '${typeText(type)}' and '${typeText(expected[i])}'`,
      );
    }
  }
}

function checkCount(what: string, groups: readonly string[], count: number, check: Check): void {
  const fixed = groups.filter((group) => parseGroup(group).arity === "one").length;
  const isExact = fixed === groups.length;
  if (isExact ? count === fixed : count >= fixed) return;
  check.error(`expected ${isExact ? "" : "at least "}${fixed} ${what}s, but found ${count}`);
}
