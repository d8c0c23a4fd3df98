import type { Stage } from "./design.ts";
import type { KnownException } from "./known-exceptions.ts";

/** The first thing in which an answer of ours is not the tools', in the design's own names. */
export interface Difference {
  /** For example `lock @in_prod_lock_0: init` or `sequence @run: word 12, ...`. */
  readonly what: string;
  readonly expected: string;
  readonly got: string;
}

export type StageVerdict =
  /** Ours is the tools' answer; `remark` says what was left out of the comparison or is said elsewhere. */
  | { readonly outcome: "agrees"; readonly remark?: string }
  | { readonly outcome: "differs"; readonly difference: Difference }
  /** It differs as a known exception says. */
  | ({ readonly outcome: "exception"; readonly difference: Difference } & Pick<
      KnownException,
      "name" | "reason" | "cause"
    >)
  /** The tools gave an answer that ours cannot be held against. */
  | { readonly outcome: "not compared"; readonly why: string };

/** Stage by stage; stages that the tools did not run are left out. */
export interface DesignVerdict {
  readonly name: string;
  readonly stages: ReadonlyMap<Stage, StageVerdict>;
}
