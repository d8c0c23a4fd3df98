import type { ConformanceDesign, Stage } from "./design.ts";
import type { Difference } from "./verdict.ts";

/** A kind of difference that is known and why it stands. It is looked for in every design, those of other folders as well. */
export interface KnownException {
  /** In a word, for reports. */
  readonly name: string;
  /** A design of the corpus that differs so; absent where the corpus has none. */
  readonly shownBy?: string;
  readonly stage: Stage;
  /** True for this difference and no other: a design that differs in something else is no exception. */
  readonly applies: (difference: Difference, design: ConformanceDesign) => boolean;
  /** A defect of the tool, or a gap of ours. */
  readonly reason: "tool" | "ours";
  readonly cause: string;
}

/** Every difference from the real tools that is accepted. `aiekit conformance` lists those that it met. */
export const knownExceptions: readonly KnownException[] = [
  {
    name: "repeat_count at a core",
    shownBy: "repeat-count-compute",
    stage: "addresses",
    applies: ({ what, got }, { source }) =>
      /aie\.objectfifo .*\brepeat_count\b/.test(source) &&
      /^core \(\d+,[2-5]\): step \d+$/.test(what) &&
      /^AcquireGreaterEqual @\w+_prod_lock_0 by \d+$/.test(got),
    reason: "tool",
    cause:
      "with repeat_count on a compute tile the tool counts each acquired object as often as it is sent and leaves out the acquires after the first, so the core overruns the DMA",
  },
  {
    name: "links that pad",
    shownBy: "pad-dimensions-memtile",
    stage: "addresses",
    applies: ({ what, got }, { source }) =>
      /\bpadDimensions\b/.test(source) &&
      /aie\.objectfifo\.link\b/.test(source) &&
      /^buffer @\w+_buff_\d+$/.test(what) &&
      got === "none",
    reason: "tool",
    cause:
      "until 12 March 2026 the tool gave a memtile that pads buffers of the padded size, which no object from before the padding fills",
  },
  {
    name: "chains started by name",
    shownBy: "reject-bd-chain-symbol-two-uses",
    stage: "insts",
    applies: ({ expected, got }) => /references symbol .* but got: aie\.bd_chain$/.test(expected) && got === "accepted",
    reason: "tool",
    cause:
      "dma_start_bd_chain and dma_start_bd_chain_for are defined to take an aie.bd_chain, and a pass of that revision knows no such kind of symbol",
  },
  {
    name: "BDs above 15 of a memtile",
    stage: "insts",
    applies: ({ expected, got }) => {
      const [want, have] = [pushedTo(expected), pushedTo(got)];
      return want !== undefined && have !== undefined && want.bd === (have.bd & 0xf) && want.rest === have.rest;
    },
    reason: "tool",
    cause:
      "the tool writes four bits of the BD's number to the task queue; a memtile's has six, so it would start another BD",
  },
];

/** A word that goes to a memtile's task queue: the BD's number, and all else that it says. */
function pushedTo(side: string): { readonly bd: number; readonly rest: number } | undefined {
  const word = /^0x([0-9a-f]{8}) \(tile \(\d+,1\) \w+ \d task queue = /.exec(side)?.[1];
  if (word === undefined) return undefined;
  const value = Number.parseInt(word, 16);
  return { bd: value & 0x3f, rest: value >>> 6 };
}
