import { readFileSync } from "node:fs";
import { headers } from "../headers.ts";
import { type DeclaredName, declaredNames } from "./declared-names.ts";

export const generations = ["aie2", "aie2p"] as const;
type KernelGeneration = (typeof generations)[number];

/** What the published aie_api, or the compiler for the device, has of a name. */
export interface PublishedName {
  readonly in: readonly KernelGeneration[];
  /** Fewest and most arguments of a call; of functions only. */
  readonly args?: readonly [number, number];
}

/** Names that kernels can use, on both sides. */
export interface ApiNames {
  readonly published: ReadonlyMap<string, PublishedName>;
  /** Of the simulator's headers, with the header and the line. */
  readonly simulator: ReadonlyMap<string, SimulatorName>;
}

interface SimulatorName extends DeclaredName {
  readonly header: string;
}

/** `published-names.json` and the headers of this package. */
export function apiNames(): ApiNames {
  const text = readFileSync(new URL("../../published-names.json", import.meta.url), "utf8");
  const json = JSON.parse(text) as {
    readonly names: Readonly<Record<string, PublishedName>>;
    readonly compiler: Readonly<Record<string, PublishedName>>;
  };
  const published = new Map([...Object.entries(json.names), ...Object.entries(json.compiler)]);
  return { published, simulator: simulatorNames(headers()) };
}

/** Names of headers by path; overloads are one name with the counts of all. */
export function simulatorNames(texts: ReadonlyMap<string, string>): ReadonlyMap<string, SimulatorName> {
  const names = new Map<string, SimulatorName>();
  for (const [header, text] of texts) {
    for (const declared of declaredNames(text)) {
      const before = names.get(declared.name);
      if (before === undefined) names.set(declared.name, { ...declared, header });
      else if (before.args && declared.args)
        names.set(declared.name, { ...before, args: widest(before.args, declared.args) });
    }
  }
  return names;
}

export function widest(a: readonly [number, number], b: readonly [number, number]): readonly [number, number] {
  return [Math.min(a[0], b[0]), Math.max(a[1], b[1])];
}

/**
 * Names of the simulator's headers that the device does not have, on purpose, and why they are there. Kernels must not
 * use them.
 */
export function whySimulatorOnly(name: string): string | undefined {
  return simulatorOnly.find(([pattern]) => pattern.test(name))?.[1];
}

const simulatorOnly: readonly (readonly [RegExp, string])[] = [
  [/^(aiekit(::|_)|AIEKIT_|count$)/, "the simulator's own: traps, events, the cost model"],
  [/^__AIE_API_AIE__HPP__$/, "include guard"],
  [
    /^(chess_require_loop_range|__aie_dm_resource_[ab])$/,
    "a word of AMD's other compiler, which Peano's headers do not define",
  ],
  [
    /^aie::(accum|mask|vector|vector_iterator|mmul)\.(held|native_type|is_float|to_native|value_type|reference|tag|size_M)$/,
    "how lanes are held here",
  ],
  [/^aie::vector\.(element_ref|parts_of)\b/, "what an index or a split gives, here; write auto"],
  [/^bfloat16\.(bits|from_bits)$/, "on the device bfloat16 is a type of the compiler: use __builtin_bit_cast"],
  [/^u?int64$/, "Peano has no such type: use int64_t"],
];
