import { type Operation, type StructureFact, type StructureOptions, structureOf } from "@aiekit/mlir";
import type { Difference } from "./verdict.ts";

/**
 * The first thing in which two lowered modules differ, in the order tiles, buffers, locks, flows, DMA programs, cores,
 * sequences; undefined when they configure the same.
 */
export function structureDifference(
  modules: { readonly expected: Operation; readonly got: Operation },
  options: StructureOptions,
): Difference | undefined {
  const expected = structureOf(modules.expected, options);
  const got = new Map(structureOf(modules.got, options).map((fact) => [fact.subject, fact]));
  for (const fact of expected) {
    const other = got.get(fact.subject);
    if (other === undefined) return { what: fact.subject, expected: describe(fact), got: "none" };
    const difference = propertyDifference(fact, other);
    if (difference !== undefined) return difference;
    got.delete(fact.subject);
  }
  const [extra] = got.values();
  return extra && { what: extra.subject, expected: "none", got: describe(extra) };
}

function propertyDifference(expected: StructureFact, got: StructureFact): Difference | undefined {
  const keys = new Set([...expected.properties.keys(), ...got.properties.keys()]);
  for (const key of keys) {
    const [want, have] = [expected.properties.get(key), got.properties.get(key)];
    if (want !== have) {
      return { what: `${expected.subject}: ${key}`, expected: want ?? "nothing", got: have ?? "nothing" };
    }
  }
  return undefined;
}

function describe({ properties }: StructureFact): string {
  const text = [...properties].map(([key, value]) => `${key} ${value}`).join(", ");
  return text === "" ? "one" : text.length > 200 ? `${text.slice(0, 200)}...` : text;
}
