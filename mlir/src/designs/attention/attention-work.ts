import { type AttentionShape, attentionBlocks, roundRows } from "./attention-shapes.ts";

/** Blocks of queries of one head that follow each other and see the same number of keys. */
export interface AttentionRun {
  readonly head: number;
  readonly firstRow: number;
  /** Whole rounds of the column's cores. */
  readonly rows: number;
  readonly blocks: number;
  /** Rows of keys that are sent for each block: whole blocks of keys. */
  readonly keyRows: number;
}

/** What one column of cores does in a launch. */
interface ColumnWork {
  readonly units: number;
  /** Position of the first unit in its head. */
  readonly firstBlock: number;
  readonly runs: readonly AttentionRun[];
}

export interface AttentionWork {
  /** Blocks of queries in a head, and strips that each core has in the last of them. */
  readonly blocks: number;
  readonly lastStrips: number;
  readonly columns: readonly ColumnWork[];
}

/**
 * Cuts a shape into units (a head, up to 256 queries), and gives each column units that follow each other, of about equal
 * cost. Cores count the same numbers from the words they are given (attention_plan_i32).
 */
export function attentionWork(shape: AttentionShape, columns: number): AttentionWork {
  const rounds = Math.ceil(shape.queries / roundRows);
  const blocks = Math.ceil(rounds / attentionBlocks.strips);
  const lastStrips = rounds - (blocks - 1) * attentionBlocks.strips;
  const units = Array.from({ length: shape.heads * blocks }, (_, i) => {
    const block = i % blocks;
    const strips = block === blocks - 1 ? lastStrips : attentionBlocks.strips;
    const firstRow = block * attentionBlocks.strips * roundRows;
    const rows = strips * roundRows;
    return { head: Math.floor(i / blocks), block, firstRow, rows, blocks: 1, keyRows: keyRows(shape, firstRow + rows) };
  });
  const cost = units.map((u) => u.rows * u.keyRows);
  const bounds = balancedBounds(cost, columns);
  return {
    blocks,
    lastStrips,
    columns: Array.from({ length: columns }, (_, c) => {
      const mine = units.slice(bounds[c], bounds[c + 1]);
      return { units: mine.length, firstBlock: mine[0]?.block ?? 0, runs: joinRuns(mine) };
    }),
  };
}

/** Rows of keys that queries before `endRow` see, up to whole blocks. */
function keyRows({ causal, queries, keys }: AttentionShape, endRow: number): number {
  const seen = Math.min(keys, causal ? keys - queries + endRow : keys);
  return Math.ceil(seen / attentionBlocks.keys) * attentionBlocks.keys;
}

/** `parts + 1` positions that cut `cost` where its running sum passes equal shares. */
function balancedBounds(cost: readonly number[], parts: number): readonly number[] {
  const total = cost.reduce((a, b) => a + b, 0);
  const bounds = [0];
  let [sum, at] = [0, 0];
  for (let part = 1; part < parts; part++) {
    const share = (total * part) / parts;
    while (at < cost.length && sum + (cost[at] ?? 0) / 2 <= share) sum += cost[at++] ?? 0;
    bounds.push(at);
  }
  return [...bounds, cost.length];
}

function joinRuns(units: readonly AttentionRun[]): readonly AttentionRun[] {
  const runs: AttentionRun[] = [];
  for (const unit of units) {
    const last = runs.at(-1);
    if (last && last.head === unit.head && last.keyRows === unit.keyRows && last.blocks < maxRepeats) {
      runs[runs.length - 1] = { ...last, rows: last.rows + unit.rows, blocks: last.blocks + 1 };
    } else {
      runs.push(unit);
    }
  }
  return runs.map(({ head, firstRow, rows, blocks, keyRows }) => ({ head, firstRow, rows, blocks, keyRows }));
}

/** Times that a shim BD repeats. Source: its iteration field, 6 bits. */
const maxRepeats = 64;
