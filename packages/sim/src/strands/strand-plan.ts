import type { Core } from "../core.ts";
import type { KernelOps } from "../cost-model.ts";
import type { KernelSiteFunction } from "../kernel-call.ts";

/** A table in the store, by bytes: which words follow each other. `unit`: words that one move takes. */
export interface Moves {
  readonly table: number;
  readonly end: number;
  readonly unit: 1 | 2 | 4;
}

/** Words of the store from `from` on, in the order of `moves`, go to `to`. */
export interface ImageOp {
  readonly kind: "image";
  readonly moves: Moves;
  readonly from: number;
  readonly to: number;
}

/** `count` words of the store go to a core's memory. */
export interface LoadOp {
  readonly kind: "load";
  readonly core: number;
  readonly from: number;
  readonly to: number;
  readonly count: number;
}

/** `span` words of a core's memory from `first` on go to the store; without `moves` as they lie, else in their order. */
export interface SaveOp {
  readonly kind: "save";
  readonly core: number;
  readonly first: number;
  readonly span: number;
  readonly moves: Moves | undefined;
  readonly to: number;
}

/** The instruction stream writes a word of a core's memory. */
export interface WriteOp {
  readonly kind: "write";
  readonly core: number;
  readonly index: number;
  readonly value: number;
}

/** A kernel call, what it returned and what it counted. `site`: its number among the plan's. */
export interface CallOp {
  readonly kind: "call";
  readonly core: number;
  readonly site: number;
  readonly args: readonly (number | bigint)[];
  readonly value: number | bigint | undefined;
  readonly cycles: number;
  readonly ops: KernelOps | undefined;
}

export type StrandOp = ImageOp | LoadOp | SaveOp | WriteOp | CallOp;

/** A place where a core calls a kernel. */
export interface StrandSite {
  readonly kernel: string;
  /** Bits that its result lacks below 32. */
  readonly narrow: number;
  /** Its counts are proven to follow from arguments and steady registers. */
  readonly isFixed: boolean;
}

/** What threads have to know of a plan: numbers and texts only. Word addresses are those of the store. */
export interface StrandCode {
  /** Words that are known from the launch's start, in another order. */
  readonly images: readonly ImageOp[];
  /** Each in its order, one strand beside the other: no two touch the same core, and none waits for another's words. */
  readonly strands: readonly (readonly StrandOp[])[];
  readonly sites: readonly StrandSite[];
  /** Numbers of the plan's cores among those that have threads. */
  readonly threadedCores: readonly number[];
  /** Words of the store for each thread, from here on, through which words of cores go that change their order. */
  readonly scratch: number;
  readonly scratchWords: number;
}

/** Words at `first` of a memory, and where in the store they lie. */
export interface Range {
  readonly words: Uint32Array;
  readonly first: number;
  readonly count: number;
  readonly at: number;
}

/** A launch in strands: what its copies come to when words that are only passed on are left where they are. */
export interface StrandPlan extends StrandCode {
  readonly cores: readonly Core[];
  readonly siteFunctions: readonly KernelSiteFunction[];
  /** Words of the store, tables included, and those of its words that are the same in every launch. */
  readonly storeWords: number;
  readonly constants: readonly { readonly at: number; readonly values: ArrayLike<number> }[];
  /** Where in the store all of an argument's memory may lie, so that it needs not be brought over. */
  readonly homes: readonly HostHome[];
  /** Host memory that is brought over at the start, where it does not lie in the store. */
  readonly hostReads: readonly {
    readonly arg: number;
    readonly first: number;
    readonly count: number;
    readonly at: number;
  }[];
  /** Memory of tiles that is read as the launch before left it. */
  readonly liveIns: readonly Range[];
  /** Behind all strands: words in another order, then what goes to host memory, and what tiles hold in the end. */
  readonly lateImages: readonly ImageOp[];
  readonly hostWrites: readonly HostWrite[];
  readonly leftBehind: readonly Range[];
  /** Words of cores' memories that the launch reads before it writes them: strands keep them first, for another try. */
  readonly kept: readonly (Range & { readonly core: number })[];
  /** Cores of each strand. */
  readonly coresOf: readonly (readonly number[])[];
  /** What all moves take, and those of the tape, by what a word takes that is moved along. */
  readonly moved: number;
  readonly tapeMoves: number;
}

export interface HostHome {
  readonly arg: number;
  readonly at: number;
  readonly bytes: number;
}

export interface HostWrite {
  readonly arg: number;
  readonly from: number;
  readonly b: number;
  /** Undefined for one run. */
  readonly starts: { readonly as: Int32Array; readonly bs: Int32Array } | undefined;
  readonly runWords: number;
  readonly count: number;
}
