import type { Block, Operation, Region, Value } from "../ir/operation.ts";

export interface Names {
  /** Spelling of a value with `%`; `%5#1` for further results. */
  readonly value: (value: Value) => string;
  /** Spelling of a block with `^`. */
  readonly block: (block: Block) => string;
}

interface NameRules {
  /** A name an operation gives to its result; undefined: a number. */
  readonly resultName: (op: Operation, result: Value) => string | undefined;
  /** Numbers are unique in the whole module instead of in the enclosing regions, as the generic form has them. */
  readonly isUnique: boolean;
}

interface Counters {
  value: number;
  argument: number;
  conflict: number;
}

interface Pending {
  readonly region: Region;
  readonly counters: Counters;
  readonly usedNames: ReadonlySet<string>;
}

/**
 * Names for every value and block inside of `root`, chosen as MLIR's printer does: all values of a region before those
 * of the regions in it, the regions of later operations first; arguments of an entry block are `argN`; a taken name
 * gets `_N`.
 */
export function nameValues(root: Operation, rules: NameRules): Names {
  const values = new Map<Value, string>();
  const blocks = new Map<Block, string>();
  const pending: Pending[] = [];
  const global: Counters = { value: 0, argument: 0, conflict: 0 };
  const none: ReadonlySet<string> = new Set();
  for (const region of root.regions) pending.push({ region, counters: { ...global }, usedNames: none });
  for (let next = pending.pop(); next; next = pending.pop()) {
    const counters = rules.isUnique ? global : { ...next.counters };
    const usedNames = new Set(next.usedNames);
    nameRegion(next.region, { values, blocks, counters, usedNames, rules });
    for (const block of next.region.blocks) {
      for (const op of block.ops) {
        for (const region of op.regions) pending.push({ region, counters: { ...counters }, usedNames });
      }
    }
  }
  return {
    value: (value) => values.get(value) ?? `%<${value.name ?? "unknown"}>`,
    block: (block) => blocks.get(block) ?? "^<unknown>",
  };
}

interface Naming {
  readonly values: Map<Value, string>;
  readonly blocks: Map<Block, string>;
  readonly counters: Counters;
  readonly usedNames: Set<string>;
  readonly rules: NameRules;
}

function nameRegion(region: Region, naming: Naming): void {
  const { values, blocks, counters, rules } = naming;
  for (const [i, block] of region.blocks.entries()) {
    blocks.set(block, `^bb${i}`);
    for (const arg of block.args) {
      const name = i === 0 ? uniqueName(`arg${counters.argument++}`, naming) : `${counters.value++}`;
      values.set(arg, `%${name}`);
    }
    for (const op of block.ops) {
      const [first, ...others] = op.results;
      if (!first) continue;
      const given = rules.resultName(op, first);
      const name = given ? uniqueName(given, naming) : `${counters.value++}`;
      values.set(first, others.length > 0 ? `%${name}#0` : `%${name}`);
      for (const [at, other] of others.entries()) values.set(other, `%${name}#${at + 1}`);
    }
  }
}

function uniqueName(wanted: string, { usedNames, counters }: Naming): string {
  const name = identifier(wanted);
  let unique = name;
  while (usedNames.has(unique)) unique = `${name}_${counters.conflict++}`;
  usedNames.add(unique);
  return unique;
}

/** Characters that cannot stand in a name become their code; a leading digit gets an underscore. */
function identifier(name: string): string {
  const text = /^\d/.test(name) && /\D/.test(name) ? `_${name}` : name;
  return Array.from(text, (character) => {
    if (/[\w$.-]/.test(character)) return character;
    return character === " " ? "_" : character.charCodeAt(0).toString(16).toUpperCase();
  }).join("");
}
