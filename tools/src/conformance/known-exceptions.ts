import type { Stage } from "./design.ts";

/** A difference that is known and why it stands. */
export interface KnownException {
  readonly design: string;
  readonly stage: Stage;
  /** Part of the text of the difference; a design that differs in something else is no exception. */
  readonly difference: string;
  /** A defect of the tool, or a gap of ours. */
  readonly reason: "tool" | "ours";
  readonly cause: string;
}

/** Every difference from the real tools that is accepted. `aiekit conformance` lists those that it met. */
export const knownExceptions: readonly KnownException[] = [
  {
    design: "repeat-count-compute",
    stage: "addresses",
    difference: "core (0,2): step",
    reason: "tool",
    cause:
      "with repeat_count on a compute tile the tool leaves out the acquires after the first, so the core overruns the DMA",
  },
  {
    design: "reject-bd-chain-symbol-two-uses",
    stage: "insts",
    difference: "accepted",
    reason: "tool",
    cause:
      "dma_start_bd_chain_for is defined to take an aie.bd_chain, and a pass of that revision knows no such kind of symbol",
  },
];
