import { threadPlaces as places } from "../kernel-thread.ts";
import type { KernelThreads, ThreadedCore } from "../kernel-threads.ts";
import { moveNames } from "../shuffle-engine.ts";
import type { StrandPlan } from "./strand-plan.ts";
import type { StrandStore } from "./strand-store.ts";
import { strandPlaces } from "./strand-thread.ts";
import type { StrandTurns } from "./strand-turns.ts";

/** Looks at what other threads still do, before this one sleeps. */
const looks = 20_000;
/** Milliseconds of sleep before it is asked whether the turn is over. */
const napMs = 5;

/** A launch between this thread and others: each takes parts that nobody has taken, its own ones first. */
export class SharedTurns implements StrandTurns {
  readonly #threads: KernelThreads;
  readonly #plan: StrandPlan;
  readonly #number: number;
  readonly #words: Int32Array;
  readonly #parts: number;
  /** The launch, by which it is told what of it has been taken. */
  #launch = 0;

  constructor(threads: KernelThreads, plan: StrandPlan, store: StrandStore) {
    this.#threads = threads;
    this.#plan = plan;
    this.#words = threads.words;
    this.#parts = Math.min(threads.count, threads.cores.length);
    const { images, strands, sites, threadedCores, scratch, scratchWords } = plan;
    const { memory, module } = store;
    this.#number = threads.tell({
      code: { images, strands, sites, threadedCores, scratch, scratchWords },
      ...{ memory, module, moveNames, imageParts: this.#parts },
      coresOf: plan.coresOf.map((cores) => cores.map((core) => threadedCores[core]!)),
    });
  }

  begin(isProven: boolean): void {
    const words = this.#words;
    this.#launch = words[strandPlaces.launch]! + 1;
    words[strandPlaces.plan] = this.#number;
    words[strandPlaces.isProven] = isProven ? 1 : 0;
    Atomics.store(words, strandPlaces.imagesDone, 0);
    Atomics.store(words, strandPlaces.strandsDone, 0);
    Atomics.store(words, strandPlaces.failed, 0);
    for (let i = 0; i < this.#threads.cores.length; i++) {
      this.#free(i, strandPlaces.strandClaim, this.#plan.strands.length);
      this.#free(i, strandPlaces.imageClaim, this.#parts);
    }
    for (const core of this.#plan.cores.keys()) this.#coreOf(core).sendRegisters();
    Atomics.store(words, strandPlaces.launch, this.#launch);
    this.#threads.ringAll();
  }

  nextImages() {
    const part = this.#claim(strandPlaces.imageClaim, this.#parts);
    if (part === undefined) return undefined;
    const { length } = this.#plan.images;
    const edge = (i: number): number => Math.floor((i * length) / this.#parts);
    return { first: edge(part), end: edge(part + 1) };
  }

  imagesDone(): void {
    Atomics.add(this.#words, strandPlaces.imagesDone, 1);
  }

  hasImages(isLate: () => boolean): boolean {
    return this.#awaits(strandPlaces.imagesDone, () => this.#parts, isLate);
  }

  nextStrand(): number | undefined {
    if (!this.#threads.takesCalls || this.failed) return undefined;
    return this.#claim(strandPlaces.strandClaim, this.#plan.strands.length);
  }

  strandDone(strand: number, isWhole: boolean): void {
    if (!isWhole) Atomics.store(this.#words, strandPlaces.failed, 1);
    for (const core of this.#plan.coresOf[strand]!) this.#coreOf(core).sendRegisters();
    Atomics.add(this.#words, strandPlaces.strandsDone, 1);
  }

  settled(isLate: () => boolean): boolean {
    const all = (): number => (this.failed ? this.#stopped() : this.#plan.strands.length);
    if (!this.#awaits(strandPlaces.strandsDone, all, isLate)) return false;
    for (const core of this.#plan.cores.keys()) this.#coreOf(core).takeRegisters();
    return true;
  }

  get failed(): boolean {
    return Atomics.load(this.#words, strandPlaces.failed) !== 0;
  }

  get begun(): readonly number[] {
    return [...this.#plan.strands.keys()].filter(
      (i) => Atomics.load(this.#words, this.#place(i, strandPlaces.strandClaim)) === this.#launch,
    );
  }

  /** Waits until as many parts have been done as there are. */
  #awaits(place: number, all: () => number, isLate: () => boolean): boolean {
    for (let look = 0; ; look++) {
      const done = Atomics.load(this.#words, place);
      if (done === all()) return true;
      if (look < looks) continue;
      this.#threads.expectAll();
      Atomics.wait(this.#words, place, done, napMs);
      if (isLate()) return false;
    }
  }

  /** No strand is begun any more. @returns how many were. */
  #stopped(): number {
    const { strandClaim } = strandPlaces;
    for (const i of this.#plan.strands.keys()) {
      Atomics.compareExchange(this.#words, this.#place(i, strandClaim), this.#launch - 1, -1);
    }
    return this.begun.length;
  }

  #coreOf(core: number): ThreadedCore {
    return this.#threads.cores[this.#plan.threadedCores[core]!]!;
  }

  #claim(place: number, count: number): number | undefined {
    for (let i = 0; i < count; i++) {
      if (
        Atomics.compareExchange(this.#words, this.#place(i, place), this.#launch - 1, this.#launch) ===
        this.#launch - 1
      )
        return i;
    }
    return undefined;
  }

  /** What is not there counts as taken. */
  #free(index: number, place: number, count: number): void {
    Atomics.store(this.#words, this.#place(index, place), this.#launch - (index < count ? 1 : 0));
  }

  #place(index: number, place: number): number {
    return (index + 1) * places.stride + place;
  }
}
