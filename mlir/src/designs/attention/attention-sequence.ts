import { type ArgSpec, ShapeError } from "@aiekit/core";
import type { DesignBuilder } from "../../builder/design-builder.ts";
import type { SequenceBuilder } from "../../builder/sequence-builder.ts";
import { tileModels } from "../../device-model/tile-model.ts";
import type { Value } from "../../ir/operation.ts";
import { bf16, type MemRefType, memref } from "../../ir/types.ts";
import type { DesignSequence, SequenceParameter } from "../../registry.ts";
import { type AttentionColumn, type ControlWord, controlWords } from "./attention-fabric.ts";
import { type AttentionShape, attentionBlocks, roundRows } from "./attention-shapes.ts";
import { type AttentionRun, type AttentionWork, attentionWork } from "./attention-work.ts";

const { queueDepth, strideMaxWords } = tileModels.shim.dma;

/** First BD of a shim tile for each use; as many of each as a channel queues. */
const firstBd = { queries: 0, keysAndValues: queueDepth, out: 2 * queueDepth } as const;

/** One launch: attention of one shape, all heads. */
export function attentionSequence(
  d: DesignBuilder,
  columns: readonly AttentionColumn[],
  shape: AttentionShape,
  width: number,
): DesignSequence {
  const layout = hostLayout(shape, width);
  const args: Record<string, MemRefType> = Object.fromEntries(
    layout.args.map(({ name, shape, padded }) => [name, memref([...(padded ?? shape)], bf16)]),
  );
  const write = (name: string, keys: number) => {
    const valid = { ...shape, keys };
    const work = attentionWork(valid, columns.length);
    d.sequence({ name, args }, (s, host) => {
      writeSequence(s, { columns, shape: valid, width, layout, work, host: host as Readonly<Record<string, Value>> });
    });
  };
  write(shape.name, shape.keys);
  const parameter = shape.cache ? keysParameter(shape) : undefined;
  for (const { sequence, value } of parameter?.samples ?? []) write(sequence, value);
  return { name: shape.name, units: 1, args: layout.args, ...(parameter && { parameters: [parameter] }) };
}

/** Valid rows of a cache: in words of the cores, and, as whole blocks, in the lengths of the transfers. */
function keysParameter({ name, keys, queries, causal }: AttentionShape): SequenceParameter | undefined {
  const min = causal ? queries : 1;
  if (min === keys) return undefined;
  const values = [keys - 1, keys - attentionBlocks.keys, min].filter((v, i, all) => v >= min && all.indexOf(v) === i);
  const samples = values.map((value) => ({ value, sequence: `${name}_at_${value}` }));
  return { name: "keys", argument: "kv", min, max: keys, step: attentionBlocks.keys, samples };
}

interface Source {
  readonly arg: string;
  /** First element, elements from row to row. */
  readonly offset: number;
  readonly pitch: number;
}

interface HostLayout {
  readonly args: DesignSequence["args"];
  readonly q: Source;
  readonly k: Source;
  /** Elements from a key to its value. */
  readonly toValue: number;
  readonly out: Source;
}

/** Where the rows of a head are; head h begins h * width elements further. @throws ShapeError when rows are too wide. */
function hostLayout(shape: AttentionShape, width: number): HostLayout {
  const { heads, queries, keys, packed } = shape;
  const columns = heads * width;
  const queryRows = roundUp(queries, roundRows);
  const keyRows = roundUp(keys, attentionBlocks.keys);
  const most = Math.floor((strideMaxWords * 2) / ((packed ? 3 : 2) * width * roundRows));
  if (heads > most) {
    throw new ShapeError(
      `attention ${shape.name}: expected at most ${most} heads of ${width} columns, what a shim DMA's stride reaches, got ${heads}`,
      { hint: "split the heads over several launches" },
    );
  }
  const arg = (name: string, rows: number, cols: number, padded: number, meaning: string): Omit<ArgSpec, "bytes"> => ({
    name,
    direction: name === "out" ? "out" : "in",
    dtype: "bf16",
    shape: [rows, cols],
    ...(padded !== rows && { padded: [padded, cols] }),
    meaning,
  });
  const out = arg("out", queries, columns, queryRows, "rows of results, heads side by side");
  const outSource = { arg: "out", offset: 0, pitch: columns };
  if (packed) {
    return {
      args: [
        arg("qkv", queries, 3 * columns, queryRows, "rows of queries, keys, values, each heads side by side"),
        out,
      ],
      q: { arg: "qkv", offset: 0, pitch: 3 * columns },
      k: { arg: "qkv", offset: columns, pitch: 3 * columns },
      toValue: columns,
      out: outSource,
    };
  }
  return {
    args: [
      arg("q", queries, columns, queryRows, "rows of queries, heads side by side"),
      arg("kv", keys, 2 * columns, keyRows, "rows of keys, then values, each heads side by side"),
      out,
    ],
    q: { arg: "q", offset: 0, pitch: columns },
    k: { arg: "kv", offset: 0, pitch: 2 * columns },
    toValue: columns,
    out: outSource,
  };
}

interface Launch {
  readonly columns: readonly AttentionColumn[];
  readonly shape: AttentionShape;
  readonly width: number;
  readonly layout: HostLayout;
  readonly work: AttentionWork;
  readonly host: Readonly<Record<string, Value>>;
}

/** Runs of each column in turn; a run waits for the results of the one that is a queue's depth before it. */
function writeSequence(s: SequenceBuilder, launch: Launch): void {
  const { columns, work } = launch;
  const rounds = Math.max(...work.columns.map((c) => c.runs.length));
  for (let round = 0; round < rounds; round++) {
    for (const [c, column] of columns.entries()) {
      const run = work.columns[c]?.runs[round];
      if (run === undefined) continue;
      if (round >= queueDepth) s.wait(column.out);
      transferRun(s, launch, { column, run, slot: round % queueDepth });
    }
    // The first transfers are under way while the cores are told what to do.
    if (round === 0) writeControls(s, launch);
  }
  for (const [c, column] of columns.entries()) {
    const runs = work.columns[c]?.runs.length ?? 0;
    for (let i = 0; i < Math.min(runs, queueDepth); i++) s.wait(column.out);
  }
}

function writeControls(s: SequenceBuilder, { columns, work, shape }: Launch): void {
  for (const [c, column] of columns.entries()) {
    const mine = work.columns[c];
    if (mine === undefined || mine.units === 0) continue;
    const words: Readonly<Record<ControlWord, number>> = {
      units: mine.units,
      firstBlock: mine.firstBlock,
      blocks: work.blocks,
      lastStrips: work.lastStrips,
      queries: shape.queries,
      keys: shape.keys,
      causal: shape.causal ? 1 : 0,
    };
    for (const { words: buffer, go } of column.controls) {
      controlWords.forEach((name, i) => {
        s.writeParameter(buffer, i, words[name]);
      });
      s.setLock(go, 1);
    }
  }
}

interface RunTransfer {
  readonly column: AttentionColumn;
  readonly run: AttentionRun;
  readonly slot: number;
}

function transferRun(s: SequenceBuilder, { layout, width, host }: Launch, { column, run, slot }: RunTransfer): void {
  const buffer = (source: Source) => host[source.arg] as Value;
  const rowsOf = (source: Source) => ({
    buffer: buffer(source),
    offset: source.offset + run.firstRow * source.pitch + run.head * width,
    sizes: [1, run.rows / roundRows, roundRows, width] as const,
    strides: [0, run.rows > roundRows ? roundRows * source.pitch : 0, source.pitch, 1] as const,
  });
  s.transfer({ fifo: column.out, id: firstBd.out + slot, ...rowsOf(layout.out) });
  s.transfer({ fifo: column.queries, id: firstBd.queries + slot, ...rowsOf(layout.q) });
  s.transfer({
    fifo: column.keysAndValues,
    id: firstBd.keysAndValues + slot,
    buffer: buffer(layout.k),
    offset: layout.k.offset + run.head * width,
    sizes: [run.blocks, run.keyRows, 2, width],
    strides: [0, layout.k.pitch, layout.toValue, 1],
  });
}

function roundUp(n: number, unit: number): number {
  return Math.ceil(n / unit) * unit;
}
