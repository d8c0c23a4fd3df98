import type { LockUser } from "./lock.ts";

/** Where a core stands that waits for words, or for room for them: a stream port or a cascade. */
export interface CoreGate {
  readonly kind: "stream" | "cascade";
  /** `in`: the core takes from it. */
  readonly flow: "in" | "out";
  /** For messages: `a word at its stream port 0`. */
  readonly waitsFor: string;
  /** Names of the agents that can end the wait. */
  readonly waitsOn: readonly string[];
  /** What the gate lacks, as `stream port 0 has no room`. */
  readonly lack: string;
}

/** One core's side of a gate that gives words. The core asks, waits when it has to, then takes. */
export interface CoreInput<T> extends CoreGate {
  /** True when there is something to take; otherwise `user` is told when there is. */
  arrived(user: LockUser): boolean;
  take(): T;
}

/** One core's side of a gate that takes words. */
export interface CoreOutput<T> extends CoreGate {
  /** True when there is room; otherwise `user` is told when there is. */
  room(user: LockUser): boolean;
  put(value: T): void;
}
