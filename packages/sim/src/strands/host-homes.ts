import type { HostBuffer } from "../controller.ts";
import type { MovableMemory } from "../host-buffer.ts";
import type { StoreLayout } from "./store-layout.ts";
import type { HostHome, StrandPlan } from "./strand-plan.ts";

/** Hands out places in the store of a plan that is being made, in which all of an argument's memory may lie. */
export class HomeLayout {
  readonly homes: HostHome[] = [];
  readonly #layout: StoreLayout;
  readonly #hostBytes: readonly number[];

  constructor(layout: StoreLayout, hostBytes: readonly number[]) {
    this.#layout = layout;
    this.#hostBytes = hostBytes;
  }

  /** Whether all of an argument's bytes lie before this word. */
  endsAt(arg: number, word: number): boolean {
    return 4 * word >= this.#hostBytes[arg]!;
  }

  /** The place of word 0 of an argument of which a launch moves `count` words; undefined where that is a small part of it. */
  placeOf(arg: number, count: number): number | undefined {
    const bytes = this.#hostBytes[arg]!;
    const words = Math.ceil(bytes / 4);
    if (2 * count < words) return undefined;
    const at = this.#layout.allocate(words);
    this.homes.push({ arg, at, bytes });
    return at;
  }
}

/** The arguments' memory that lies in the store of a plan, and that which may come there. */
export class HostHomes {
  readonly #homes: readonly HostHome[];
  readonly #store: Uint32Array;
  /** Whose memory was brought to a place, by argument. */
  readonly #owners = new Map<number, MovableMemory>();
  /** Arguments that have been given other memory meanwhile: to bring these to their place and back takes longer than a copy. */
  readonly #left = new Set<number>();

  constructor({ homes }: StrandPlan, store: Uint32Array) {
    this.#homes = homes;
    this.#store = store;
  }

  /** Makes room for a launch with these arguments. False when memory that it needs holds bytes that somebody else may use. */
  makeRoom(host: readonly HostBuffer[]): boolean {
    return this.#homes.every((home) => {
      const owner = this.#owners.get(home.arg);
      if (owner === undefined || this.has(home.arg, host)) return true;
      if (this.#isAt(home, owner.bytes) && !owner.moveOut()) return false;
      this.#owners.delete(home.arg);
      const isClosed = owner.bytes.length === 0;
      if (!isClosed) this.#left.add(home.arg);
      return true;
    });
  }

  /** Whether an argument's memory lies where the plan has it. */
  has(arg: number, host: readonly HostBuffer[]): boolean {
    const home = this.#homes.find((one) => one.arg === arg);
    return home !== undefined && this.#isAt(home, host[arg]!.words);
  }

  /** Brings arguments to their places, whose next launches then find them there. */
  settle(host: readonly HostBuffer[]): void {
    for (const home of this.#homes) {
      const { memory } = host[home.arg]!;
      if (memory === undefined || this.#owners.has(home.arg) || this.#left.has(home.arg)) continue;
      const isMoved = memory.moveTo(new Uint8Array(this.#store.buffer, 4 * home.at, home.bytes));
      if (isMoved) this.#owners.set(home.arg, memory);
    }
  }

  /** Gives back what lies in the store, so that memory of a launch's arguments does not hold all of it. */
  leave(): void {
    for (const home of this.#homes) {
      const owner = this.#owners.get(home.arg);
      if (owner && this.#isAt(home, owner.bytes)) owner.moveOut();
    }
    this.#owners.clear();
  }

  #isAt({ at, bytes }: HostHome, memory: Uint8Array | Uint32Array): boolean {
    const { buffer, byteOffset, byteLength } = memory;
    return buffer === this.#store.buffer && byteOffset === 4 * at && byteLength >= 4 * Math.floor(bytes / 4);
  }
}
