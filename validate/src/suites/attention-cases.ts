import type { Tensor } from "@aiekit/core";
import fc from "fast-check";
import { bf16Array, drawn } from "../signals/bf16-arrays.ts";
import { createRandom, type Random } from "../signals/random.ts";

/** Which of the three operands, head, row and column of an element. */
interface AttentionElement {
  readonly of: "q" | "k" | "v";
  readonly head: number;
  readonly row: number;
  readonly column: number;
}

export interface AttentionCase {
  readonly name: string;
  readonly group: "sizes" | "values" | "drawn";
  readonly heads: number;
  readonly queries: number;
  readonly keys: number;
  readonly width: number;
  readonly causal: boolean;
  /** One input qkv instead of q and kv. */
  readonly packed: boolean;
  /** Rows of a cache of which the first `keys` are valid; the caller gives those. */
  readonly capacity?: number;
  readonly value: (element: AttentionElement, random: Random) => number;
  readonly isNoise: boolean;
  /** Rows of heads whose result has no meaning. */
  readonly isFree?: (head: number, row: number) => boolean;
}

/** Parameter `shapes` of the kernel. */
export function attentionShapeName({ heads, queries, keys, causal, packed, capacity }: AttentionCase): string {
  const endings = [causal && "causal", packed && "qkv", capacity !== undefined && "cache"].filter(Boolean);
  return [`${heads}x${queries}x${capacity ?? keys}`, ...endings].join("_");
}

const noise: AttentionCase["value"] = (_, random) => random.normal();
const plain = { width: 64, causal: false, packed: false, value: noise, isNoise: true } as const;

/** Built-in cases, what a short run should see first; then `drawnCount` shapes of fast-check; then a speech encoder's. */
export function attentionCases(seed: number, drawnCount = 8): readonly AttentionCase[] {
  const sizes = (heads: number, queries: number, keys: number, more: Partial<AttentionCase> = {}): AttentionCase => {
    const item: AttentionCase = { ...plain, name: "", group: "sizes", heads, queries, keys, ...more };
    return { ...item, name: item.name || `${attentionShapeName(item)}, width ${item.width}, ${item.keys} valid keys` };
  };
  const values = (name: string, value: AttentionCase["value"], more: Partial<AttentionCase> = {}) =>
    sizes(2, 20, 100, { group: "values", name, value, isNoise: false, ...more });
  return [
    sizes(2, 70, 100),
    sizes(3, 1, 33, { capacity: 96 }),
    sizes(2, 40, 75, { causal: true }),
    values("scores of several thousand, where e^x is infinite", ({ of }, random) =>
      of === "v" ? random.normal() : 40 * random.normal(),
    ),
    sizes(1, 1, 1),
    sizes(2, 50, 50, { packed: true }),
    sizes(3, 300, 300, { packed: true, causal: true }),
    sizes(6, 1, 448, { capacity: 448 }),
    sizes(2, 5, 64, { capacity: 128, causal: true }),
    sizes(6, 1, 1500),
    sizes(9, 33, 65),
    sizes(3, 40, 50, { width: 24 }),
    sizes(4, 40, 70, { width: 8, causal: true }),
    values("all scores equal", ({ of, column }, random) => (of === "k" ? Math.cos(column) : random.normal())),
    values("one hot: all weight on key 37", ({ of, row }, random) => {
      if (of === "q") return 8;
      return of === "k" ? (row === 37 ? 8 : 0) : random.normal();
    }),
    values("maxima that rise from block to block", ({ of, row, column }, random) => {
      if (of === "v") return random.normal();
      return column === 0 ? (of === "q" ? (row % 2 === 0 ? 4 : -4) : 12 * row) : 0.2 * random.normal();
    }),
    values("scores far below 0", ({ of, column }, random) => {
      if (of === "v") return random.normal();
      return column === 0 ? (of === "q" ? -100 : 100 + random.uniform()) : random.normal();
    }),
    values("denormal queries and values", ({ of }, random) => random.normal() * (of === "k" ? 1 : 2 ** -130)),
    values("values of 1e30", ({ of }, random) => random.normal() * (of === "v" ? 1e30 : 1)),
    values("NaN in one column of the values: in all rows of that column", ({ of, head, row, column }, random) =>
      of === "v" && head === 1 && row === 50 && column === 7 ? Number.NaN : random.normal(),
    ),
    values(
      "NaN and infinity in some queries: other rows do not see them",
      ({ of, row, column }, random) => {
        if (of === "q" && column === 3 && (row === 2 || row === 9))
          return row === 2 ? Number.NaN : Number.POSITIVE_INFINITY;
        return random.normal();
      },
      { isFree: (_, row) => row === 2 || row === 9 },
    ),
    values(
      "NaN in a key of one head: other heads do not see it",
      ({ of, head, row }, random) => (of === "k" && head === 0 && row === 10 ? Number.NaN : random.normal()),
      { isFree: (head) => head === 0 },
    ),
    ...drawnCases(seed, drawnCount).map((d) => sizes(d.heads, d.queries, d.keys, { ...d, group: "drawn" })),
    sizes(6, 1500, 1500, { packed: true, name: "encoder of 1,500 positions, 6 heads of 64" }),
  ];
}

function drawnCases(seed: number, count: number) {
  const arbitrary = fc
    .record({
      heads: fc.integer({ min: 1, max: 7 }),
      queries: fc.oneof(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 10, max: 280 })),
      more: fc.integer({ min: 0, max: 100 }),
      causal: fc.boolean(),
      packed: fc.boolean(),
    })
    .map(({ more, packed, ...rest }) => ({ ...rest, packed, keys: rest.queries + (packed ? 0 : more) }));
  return drawn(arbitrary, count, seed);
}

/** Inputs of a case, by the names of the kernel's arguments. */
export function attentionInputs(item: AttentionCase, seed: number): Readonly<Record<string, Tensor>> {
  const random = createRandom(seed);
  const { heads, queries, keys, width, packed, value } = item;
  const rows = (count: number, operands: readonly AttentionElement["of"][]): Tensor => {
    const columns = heads * width;
    return bf16Array([count, operands.length * columns], (i) => {
      const at = i % (operands.length * columns);
      const of = operands[Math.floor(at / columns)]!;
      const head = Math.floor((at % columns) / width);
      return value({ of, head, row: Math.floor(i / (operands.length * columns)), column: at % width }, random);
    });
  };
  return packed ? { qkv: rows(queries, ["q", "k", "v"]) } : { q: rows(queries, ["q"]), kv: rows(keys, ["k", "v"]) };
}
