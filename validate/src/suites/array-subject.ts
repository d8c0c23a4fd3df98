import type { Tensor } from "@aiekit/core";
import type { Subject, SuiteControl, SuiteRun } from "./suite-result.ts";

/** Parameters of a kernel's design, by name. */
export type KernelParams = Readonly<Record<string, number | string>>;

/** Arrays by the names of a kernel's arguments. */
export type Arrays = Readonly<Record<string, Tensor>>;

/** A kernel that is built for whatever shapes a suite asks for. */
export interface ArraySubject extends Subject {
  /**
   * One run of the kernel built with `params`; those left out are the subject's own. `sequence`: which one of the build to
   * launch, where the inputs' shapes do not tell.
   */
  readonly run: (params: KernelParams, inputs: Arrays, sequence?: string) => Promise<Arrays>;
}

export interface ArraySuiteOptions extends SuiteControl {
  readonly seed?: number;
  /** How many cases, from the first; all when undefined. */
  readonly cases?: number | undefined;
}

export type ArraySuite = (subject: ArraySubject, options?: ArraySuiteOptions) => Promise<SuiteRun>;
