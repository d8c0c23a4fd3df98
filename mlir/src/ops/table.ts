import { affineOps } from "./affine.ts";
import { aieDataflowOps } from "./aie-dataflow.ts";
import { aieStructureOps } from "./aie-structure.ts";
import { aieSwitchOps } from "./aie-switch.ts";
import { aiexOps } from "./aiex.ts";
import { arithOps } from "./arith.ts";
import { controlOps } from "./control.ts";
import type { OpDefinition } from "./definition.ts";
import { funcOps } from "./func.ts";
import { mathOps } from "./math.ts";
import { memrefOps } from "./memref.ts";
import { olderSpellings } from "./spelling-2025.ts";
import { vectorOps } from "./vector.ts";

const current = byName([
  ...funcOps,
  ...aieStructureOps,
  ...aieDataflowOps,
  ...aieSwitchOps,
  ...aiexOps,
  ...arithOps,
  ...controlOps,
  ...memrefOps,
  ...vectorOps,
  ...affineOps,
  ...mathOps,
]);

/** Every operation that is known by name: as written in 2026, and with what 2025 spelled otherwise. */
export const definitions: {
  readonly current: ReadonlyMap<string, OpDefinition>;
  readonly any: ReadonlyMap<string, OpDefinition>;
} = { current, any: new Map([...current, ...olderSpellings(current)]) };

function byName(ops: readonly OpDefinition[]): ReadonlyMap<string, OpDefinition> {
  return new Map(ops.map((op) => [op.name, op]));
}
