import { bf16ToFloat, floatToBf16 } from "@aiekit/core";

/** Contents that an argument has after the run, from its first element; elements behind them stay as they were. */
type Expected = Readonly<Record<number, ArrayLike<number>>>;

/** What a run makes of its arguments, by plain arithmetic. Arguments that are not named stay as they were. */
type Arithmetic = (args: readonly ArrayLike<number>[]) => Expected;

/** Elements at `offset + sum(index[i] * strides[i])`, outermost dimension first. */
function gathered(
  from: ArrayLike<number>,
  sizes: readonly number[],
  { offset = 0, strides }: { readonly offset?: number; readonly strides: readonly number[] },
): number[] {
  const places = sizes.reduce<number[]>(
    (starts, size, i) => starts.flatMap((start) => Array.from({ length: size }, (_, k) => start + k * strides[i]!)),
    [offset],
  );
  return places.map((place) => from[place]!);
}

/** Elements in blocks of `size`, each `times` times. */
function repeated(from: ArrayLike<number>, size: number, times: number): number[] {
  return gathered(from, [from.length / size, times, size], { strides: [size, 0, 1] });
}

/** The elements, each placed where `place` says. */
function scattered(from: ArrayLike<number>, place: (index: number) => number): number[] {
  const to: number[] = [];
  for (let i = 0; i < from.length; i++) to[place(i)] = from[i]!;
  return to;
}

const mapped = (change: (x: number) => number): Arithmetic => {
  return ([a]) => ({ 1: Array.from(a!, change) });
};

const copied: Arithmetic = mapped((x) => x);
const increased = (by: number): Arithmetic => mapped((x) => x + by);
const sumThenDouble: Arithmetic = mapped((x) => (x + 1) * 2);

function halvings(x: number): number {
  let steps = 0;
  for (let left = x; left > 10; left = Math.floor(left / 2)) steps++;
  return steps;
}

/** Designs whose sequence puts its results into host memory. */
export const deliveries: Readonly<Record<string, Arithmetic>> = {
  ...Object.fromEntries(
    [
      ...["passthrough-compute-i32", "passthrough-compute-i8-npu2", "passthrough-memtile-bf16-deep"],
      ...["passthrough-memtile-i32", "columns-npu1-0123", "columns-npu1-3col-02", "columns-npu2-0357"],
      ...["columns-npu2-5col-4", "depth-1-scalar", "depth-3-scalar", "depth-4-shrinks-to-acquires", "depth-list-2-3"],
      ...["dynamic-lowering-attribute", "iter-count-memtile", "link-on-compute-tile", "loop-remainder-5-by-2"],
      ...["task-simple-in-out", "two-sequences"],
    ].map((name) => [name, copied]),
  ),
  ...Object.fromEntries(
    ["not-shared-two-rows-apart", "shared-consumer-east", "shared-consumer-west", "shared-north", "shared-south"].map(
      (name) => [name, sumThenDouble],
    ),
  ),
  "broadcast-2-tiles": ([a]) => ({ 1: a!, 2: a! }),
  "broadcast-4-tiles-depth-list": ([a]) => ({ 1: a!, 2: a! }),
  "core-scf-if": mapped((x) => Math.min(x, 100)),
  "core-scf-while": mapped(halvings),
  "core-vector-add": mapped((x) => 2 * x),
  "distribute-join-2-cores-two-columns": increased(3),
  "distribute-join-4-cores": increased(3),
  "four-hop-memtile-core": increased(1),
  // The product of two bf16 has 16 significant bits: exact in double, so that one rounding is left.
  "scale-compute-bf16": mapped((bits) => floatToBf16(bf16ToFloat(bits) * 2.5)),
  "distribute-one-part-to-shim": ([a]) => ({
    1: gathered(a!, [4, 32], { offset: 32, strides: [64, 1] }),
    2: gathered(a!, [4, 32], { strides: [64, 1] }),
  }),
  "from-stream-rank2-i32": ([a]) => ({ 1: gathered(a!, [4, 16, 16], { strides: [256, 1, 16] }) }),
  "from-stream-rank3-bf16": ([a]) => ({
    1: scattered(a!, (i) => {
      const [block, x, y, z] = [Math.floor(i / 512), Math.floor(i / 64) % 8, Math.floor(i / 8) % 8, i % 8];
      return block * 512 + x * 8 + y * 64 + z;
    }),
  }),
  "memcpy-constants-as-ssa": ([a]) => ({ 1: gathered(a!, [4, 64], { offset: 64, strides: [256, 1] }) }),
  "memcpy-contiguous-2d": ([a]) => ({ 1: gathered(a!, [1024], { strides: [1] }) }),
  "memcpy-linear-large": ([a]) => ({ 1: gathered(a!, [1024], { offset: 64, strides: [1] }) }),
  "memcpy-nd-bf16": ([a]) => ({
    1: gathered(a!, [1, 8, 8, 16], { offset: 8 * 128, strides: [2048, 16, 128, 1] }),
  }),
  "memcpy-nd-i8": ([a]) => ({ 1: gathered(a!, [4, 32, 64], { offset: 32, strides: [64, 256, 1] }).slice(0, 1024) }),
  "memcpy-nd-repeat-stride0": ([a]) => ({ 1: gathered(a!, [4, 4, 64], { offset: 128, strides: [0, 128, 1] }) }),
  "memcpy-s2mm-nd-and-tokens": ([a, b]) => {
    const to = Array.from(b!);
    for (let i = 0; i < 1024; i++) {
      const [w, x, y, z] = [Math.floor(i / 512), Math.floor(i / 128) % 4, Math.floor(i / 16) % 8, i % 16];
      to[w * 1024 + x * 16 + y * 64 + z] = a![i]!;
    }
    for (let i = 1024; i < 2048; i++) to[i] = a![i]!;
    return { 1: to };
  },
  "memcpy-subview-argument": ([a]) => {
    const to = Array.from(a!);
    for (let i = 0; i < 128; i++) to[256 + i] = a![272 + i]!;
    return { 0: to };
  },
  "sequence-one-argument": ([a]) => ({ 0: gathered(a!, [2, 256], { strides: [0, 1] }) }),
  "repeat-count-compute": ([a]) => ({ 1: repeated(a!, 32, 3) }),
  "repeat-count-memtile-link": ([a]) => ({ 1: repeated(a!, 64, 4) }),
  "task-bd-chain-inside": ([a]) => ({
    1: [0, 512, 768].flatMap((at) => gathered(a!, [64], { offset: at, strides: [1] })),
  }),
  "task-nd-repeat": ([a]) => ({ 1: gathered(a!, [4, 2, 16, 16], { offset: 64, strides: [1024, 64, 32, 1] }) }),
  "task-on-tile-and-buffers": ([a]) => ({ 1: gathered(a!, [8, 16], { strides: [1, 8] }) }),
  "task-reuse-after-free": ([a]) => ({ 1: gathered(a!, [320], { strides: [1] }) }),
  "transform-both-ends": ([a]) => ({
    // The object comes in column by column, and goes out in 4 x 4 blocks.
    1: gathered(
      scattered(a!, (i) => (i % 16) * 16 + Math.floor(i / 16)),
      [4, 4, 4, 4],
      { strides: [64, 4, 16, 1] },
    ),
  }),
};

/** What is in a design's buffers after its sequence, which gives nothing back to the host. */
export const arrivals: Readonly<
  Record<string, (args: readonly ArrayLike<number>[]) => Readonly<Record<string, ArrayLike<number>>>>
> = {
  "memcpy-burst-64-npu1": firstObjects("in_cons", 64),
  "memcpy-burst-512-npu2": firstObjects("in_cons", 64),
  "trace-core-events": firstObjects("in_cons", 16),
  "sequence-rtp-writes": ([a]) => ({ rtp: [50, 0, 0, -7, ...zeros(11), 2 ** 31 - 1], in_cons_buff_0: a! }),
  "sequence-rtp-fixed-address-sequential": () => ({
    p: [1, 0, 0, 0, 0, 4_000_000_000 | 0, 0, 0, 7, -8, 9, ...zeros(4), -1],
  }),
  "sequence-rtp-unplaced-buffer": () => ({ p: [0, 11, 0, 0], q: [0, 0, 22, ...zeros(5)] }),
  "to-stream-rank2-i32": ([a]) => ({ tiled_cons_buff_0: gathered(a!, [32, 16], { strides: [1, 32] }) }),
  "to-stream-rank3-i16": ([a]) => ({ tiled_cons_buff_0: gathered(a!, [8, 32, 4], { strides: [4, 32, 1] }) }),
  // The sizes hold an eighth of the object: behind it the DMA goes on with the outermost stride.
  "to-stream-rank3-bf16": ([a]) => ({ tiled_cons_buff_0: gathered(a!, [8, 4, 8], { strides: [256, 8, 1] }) }),
  "to-stream-rank4-bf16": ([a]) => ({ tiled_cons_buff_0: gathered(a!, [16, 8, 4, 8], { strides: [256, 8, 64, 1] }) }),
  "to-stream-rank4-i8": ([a]) => ({ tiled_cons_buff_0: gathered(a!, [8, 8, 8, 8], { strides: [512, 8, 64, 1] }) }),
};

/** Designs without a sequence: words that a test sends from shim (0,0), and what must come of them. */
export interface Standalone {
  /** Words that go into the design, made of x(i) = 7i - 300. */
  readonly feedWords?: number;
  /** Words that it gives back. */
  readonly drain?: (feed: readonly number[]) => readonly number[];
  /** Buffers after it has come to rest; all of a buffer's bytes are -1 before where `filled`. */
  readonly buffers?: (feed: readonly number[]) => Readonly<Record<string, ArrayLike<number>>>;
  readonly filled?: readonly string[];
}

export const standalone: Readonly<Record<string, Standalone>> = {
  "core-stream-ports": { buffers: () => ({ got: [77, 0, 0, 0] }) },
  "core-cf-branches": { buffers: () => ({ acc: [0, 1, 2, 3, 4, 5, 6, 7] }) },
  "function-with-body-called": { buffers: () => ({ b: [4, ...zeros(7)] }) },
  "locks-in-neighbour-core": { buffers: () => ({ shared: [0, 0, 0, 28, ...zeros(12)] }) },
  "same-tile-fifo": { buffers: () => ({ self_buff_0: [11, ...zeros(15)] }) },
  "core-affine-and-memref-views": {
    filled: ["grid"],
    // Every other column, and the first of row 2 and of all.
    buffers: () => ({ grid: Array.from({ length: 128 }, (_, i) => (i % 2 === 0 ? 0 : -1)) }),
  },
  // Two objects fit; the third waits. Object i has a 3 at element i, as 16 bits.
  "broadcast-from-core": {
    buffers: () =>
      Object.fromEntries(
        [0, 1, 2].flatMap((k) => [
          [`x_${k}_cons_buff_0`, [3, ...zeros(15)]],
          [`x_${k}_cons_buff_1`, [3 * 65536, ...zeros(15)]],
        ]),
      ),
  },
  "init-values-memtile": { buffers: () => ({ w_buff_0: [1, 2, 3, 4, 5, 6], w_cons_buff_0: [1, 2, 3, 4, 5, 6] }) },
  "init-values-shared": { buffers: () => ({ w_buff_0: [1, 2, 3, 4], w_buff_1: [9, 9, 9, 9] }) },
  "acquire-cyclic-counts": {
    feedWords: 40,
    // Buffer 0 holds object 4 by then, whose first word is replaced by that of object 1.
    buffers: (x) => ({
      in_cons_buff_0: [x[8]!, ...x.slice(33, 40)],
      in_cons_buff_1: x.slice(8, 16),
      in_cons_buff_2: x.slice(16, 24),
      in_cons_buff_3: x.slice(24, 32),
    }),
  },
  "loop-with-iter-args-and-step": {
    feedWords: 64,
    drain: (x) => [x.reduce((sum, value) => sum + value, 0), 0, 0, 0],
  },
  "depth-no-acquire-keeps-declared": {
    feedWords: 64,
    buffers: (x) => Object.fromEntries([0, 1, 2, 3].map((k) => [`a_cons_buff_${k}`, x.slice(16 * k, 16 * k + 16)])),
  },
  "distribute-uneven-parts": {
    feedWords: 160,
    buffers: (x) => ({
      p0_cons_buff_0: x.slice(0, 32),
      p1_cons_buff_0: x.slice(32, 128),
      p2_cons_buff_0: x.slice(128, 160),
    }),
  },
  "distribute-with-fromstream": {
    feedWords: 64,
    buffers: (x) => ({
      x0_cons_buff_0: scattered(x.slice(0, 32), (i) => Math.floor(i / 8) + (i % 8) * 4),
      x1_cons_buff_0: scattered(x.slice(32, 64), (i) => Math.floor(i / 8) + (i % 8) * 4),
    }),
  },
  "repeat-count-distribute": {
    feedWords: 64,
    buffers: (x) =>
      Object.fromEntries(
        [0, 1].flatMap((k) => [0, 1].map((n) => [`x${k}_cons_buff_${n}`, x.slice(32 * k, 32 * k + 32)])),
      ),
  },
  // Of each object of 8 x 16 words that comes in, the first 6 x 8 go out with zeros around them.
  "pad-dimensions-memtile": {
    feedWords: 128,
    drain: (x) =>
      Array.from({ length: 8 * 16 }, (_, i) => {
        const [row, column] = [Math.floor(i / 16) - 1, (i % 16) - 4];
        return row >= 0 && row < 6 && column >= 0 && column < 8 ? x[row * 8 + column]! : 0;
      }),
  },
};

const zeros = (count: number): number[] => new Array<number>(count).fill(0);

function firstObjects(fifo: string, words: number) {
  return ([a]: readonly ArrayLike<number>[]) => ({ [`${fifo}_buff_0`]: Array.from(a!).slice(0, words) });
}
