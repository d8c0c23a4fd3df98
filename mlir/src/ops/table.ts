import { affineOps } from "./affine.ts";
import { aieDataflowOps } from "./aie-dataflow.ts";
import { aiePlacementOps } from "./aie-placement.ts";
import { aieStructureOps } from "./aie-structure.ts";
import { aieSwitchOps } from "./aie-switch.ts";
import { aieTraceOps } from "./aie-trace.ts";
import { aiexOps } from "./aiex.ts";
import { aiexCertOps } from "./aiex-cert.ts";
import { aiexLegacyOps } from "./aiex-legacy.ts";
import { arithOps } from "./arith.ts";
import { controlOps } from "./control.ts";
import type { OpDefinition } from "./definition.ts";
import { funcOps } from "./func.ts";
import { mathOps } from "./math.ts";
import { memrefOps } from "./memref.ts";
import { olderSpellings } from "./spelling-2025.ts";
import { laterSpellings } from "./spelling-2026-07.ts";
import { vectorOps } from "./vector.ts";
import { vectorElementOps } from "./vector-elements.ts";

const current = byName([
  ...funcOps,
  ...aieStructureOps,
  ...aieDataflowOps,
  ...aieSwitchOps,
  ...aieTraceOps,
  ...aiexOps,
  ...aiexCertOps,
  ...aiexLegacyOps,
  ...arithOps,
  ...controlOps,
  ...memrefOps,
  ...vectorOps,
  ...vectorElementOps,
  ...affineOps,
  ...mathOps,
]);

/** Every operation that is known by name: as in March 2026, and with what 2025 spelled otherwise and what came later. */
export const definitions: {
  readonly current: ReadonlyMap<string, OpDefinition>;
  readonly any: ReadonlyMap<string, OpDefinition>;
} = {
  current,
  any: new Map([...current, ...olderSpellings(current), ...laterSpellings(current), ...byName(aiePlacementOps)]),
};

function byName(ops: readonly OpDefinition[]): ReadonlyMap<string, OpDefinition> {
  return new Map(ops.map((op) => [op.name, op]));
}
