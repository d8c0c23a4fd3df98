import { ShapeError, UsageError } from "@aiekit/core";

/** Sizes of a core's blocks. Source: kernels/attention/attention_shape.h. */
export const attentionBlocks = {
  /** Queries that a core takes at a time; the cores of a column take them in turn. */
  stripRows: 8,
  /** Strips that a core has at most while keys and values pass. */
  strips: 8,
  keys: 32,
  /** Cores that see the same keys and values. */
  columnCores: 4,
} as const;

/** Queries of all cores of a column: one strip each. */
export const roundRows = attentionBlocks.stripRows * attentionBlocks.columnCores;

/** softmax(Q K^T / sqrt(width)) V for each head. */
export interface AttentionShape {
  /** As it is written in the parameter; also the sequence's name. */
  readonly name: string;
  readonly heads: number;
  readonly queries: number;
  /** Rows of keys and values; with `cache` the capacity, of which a launch says how many are valid. */
  readonly keys: number;
  /** Query i sees keys 0 .. valid keys - queries + i. */
  readonly causal: boolean;
  /** One input `qkv` [positions, 3 heads width] instead of `q` and `kv`. */
  readonly packed: boolean;
  /** The number of valid keys is decided at each launch. */
  readonly cache: boolean;
}

const endings = ["causal", "qkv", "cache"] as const;

/** `6x1500x1500.6x448x448_causal.6x1x448_cache`: heads x queries x keys. @throws UsageError for other text. */
export function parseAttentionShapes(text: string): readonly AttentionShape[] {
  const shapes = text.split(".").map((name) => parseShape(name, text));
  const repeated = shapes.find((shape, i) => shapes.findIndex((s) => s.name === shape.name) !== i);
  if (repeated) throw new UsageError(`attention: shapes ${text}: ${repeated.name} is there twice`);
  return shapes;
}

function parseShape(name: string, whole: string): AttentionShape {
  const refuse = (what: string): never => {
    throw new UsageError(`attention: shapes ${whole}: ${what}`, {
      hint: `write HEADSxQUERIESxKEYS, several joined by dots, with endings ${endings.map((e) => `_${e}`).join(" ")}: 6x1500x1500`,
    });
  };
  const [sizes = "", ...given] = name.split("_");
  const match = /^([1-9]\d*)x([1-9]\d*)x([1-9]\d*)$/.exec(sizes);
  if (match === null) return refuse(`expected heads x queries x keys, from 1 up, got ${JSON.stringify(name)}`);
  const unknown = given.find((e) => !(endings as readonly string[]).includes(e));
  if (unknown !== undefined) return refuse(`there is no ending _${unknown}`);
  const [heads, queries, keys] = match.slice(1).map(Number) as [number, number, number];
  const [causal, packed, cache] = endings.map((e) => given.includes(e)) as [boolean, boolean, boolean];
  const shape = { name, heads, queries, keys, causal, packed, cache };
  checkShape(shape);
  return shape;
}

function checkShape({ name, queries, keys, causal, packed, cache }: AttentionShape): void {
  if (packed && (queries !== keys || cache)) {
    throw new ShapeError(
      `attention ${name}: one input qkv has as many keys as queries: expected ${queries}, got ${keys}`,
      {
        hint: `write ${queries} keys, or leave _qkv away and give q and kv`,
      },
    );
  }
  if (causal && queries > keys) {
    throw new ShapeError(
      `attention ${name}: causal: expected at most ${keys} queries (the last positions of the keys), got ${queries}`,
      { hint: "give the keys of all positions up to the last query" },
    );
  }
  const most = roundRows * attentionBlocks.strips;
  if (cache && queries > most) {
    throw new ShapeError(`attention ${name}: with a cache: expected at most ${most} queries, got ${queries}`, {
      hint: `give ${most} queries at a time, or a shape without _cache`,
    });
  }
}

/** Widths of a head that a core's memory holds. @throws ShapeError for others, with the nearest. */
export function checkAttentionWidth(width: number): void {
  if (Number.isInteger(width) && width >= 8 && width <= 64 && width % 8 === 0) return;
  const nearest = Math.min(64, Math.max(8, 8 * Math.ceil(width / 8)));
  throw new ShapeError(`attention: head width: expected a multiple of 8 from 8 to 64, got ${width}`, {
    hint:
      width > 64
        ? "keys, queries and float sums of a wider head do not fit into a tile of 64 KiB"
        : `fill each head up with zeros to ${nearest} columns and scale the queries by sqrt(${nearest} / ${width})`,
  });
}
