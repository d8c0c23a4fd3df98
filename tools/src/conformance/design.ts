/** The stages of the real tools, in their order; a stage is run only when all before it succeeded. */
export const stages = ["verify", "addresses", "route", "insts"] as const;
export type Stage = (typeof stages)[number];

/** What the real tools answered at one stage. */
export interface ToolAnswer {
  readonly ok: boolean;
  /** First error line as the tool printed it; empty when `ok`. */
  readonly error: string;
  /** Further lines of errors, warnings and notes. */
  readonly diagnostics: readonly string[];
  /** How the tool ended: by itself, by a signal, or not at all. */
  readonly ended: "by itself" | "crashed" | "hung";
}

/** One instruction stream that the real tools wrote. */
export interface ToolStream {
  /** Symbol of the device. */
  readonly device: string;
  readonly sequence: string;
  readonly bytes: Uint8Array;
}

/** A design of a conformance folder with everything that is compared. */
export interface ConformanceDesign {
  readonly name: string;
  /** Tags of what it shows, for example `objectfifo` or `quirk-address-moved`. */
  readonly shows: readonly string[];
  /** MLIR text of the design. */
  readonly source: string;
  /** Only stages that were run. */
  readonly answers: ReadonlyMap<Stage, ToolAnswer>;
  /** MLIR text of the compiler's lowered form; undefined where a stage up to `addresses` said no. */
  readonly lowered: string | undefined;
  readonly streams: readonly ToolStream[];
}
