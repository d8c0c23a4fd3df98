import type { HostBuffer } from "../controller.ts";
import { copyRuns } from "../copy-words.ts";
import type { KernelOps } from "../cost-model.ts";
import { kernelTiming } from "../kernel-timing.ts";
import type { WasmGlobal } from "../webassembly.ts";
import { HostHomes } from "./host-homes.ts";
import { type StrandMachine, strandMachine } from "./strand-machine.ts";
import type { CallOp, StrandPlan } from "./strand-plan.ts";
import type { StrandStore } from "./strand-store.ts";
import type { StrandTurns } from "./strand-turns.ts";

/** Launches of a plan before kernels are looked into: what that takes comes back in many launches only. */
const provesFrom = 20;

/** Does launches of one plan: what this thread has for it. */
export class StrandRunner {
  readonly plan: StrandPlan;
  readonly machine: StrandMachine;
  readonly turns: StrandTurns;
  readonly homes: HostHomes;
  /** Kernels whose counts are proven to be the same have been looked at once in the state in which the launch began. */
  isProven = false;
  readonly #store: StrandStore;
  readonly #registers: (number | bigint)[];
  readonly #globals: readonly WasmGlobal[];
  #launches = 0;
  /** Which of the globals decide over what kernels count. */
  #steady: readonly number[] | undefined;
  /** What globals held when that was looked at last. */
  #lookedAt: readonly (number | bigint)[] | undefined;

  constructor(plan: StrandPlan, store: StrandStore, turns: StrandTurns) {
    this.plan = plan;
    this.turns = turns;
    this.homes = new HostHomes(plan, store.words);
    this.#store = store;
    const memories = plan.cores.map((core) => core.memory!.words);
    const invokeOf = ({ site, args }: CallOp) => plan.siteFunctions[site]!.bound(args);
    const tookOf = ({ site, cycles }: CallOp, ops: KernelOps | undefined) => {
      const { took } = plan.siteFunctions[site]!;
      return () => took({ cycles, ops });
    };
    const { words, move } = store;
    this.machine = strandMachine({ code: plan, words, move, memories, invokeOf, tookOf, thread: 0 });
    this.#globals = plan.cores.flatMap(({ module }) => module!.registers!.map(({ global }) => global));
    this.#registers = this.#globals.map(() => 0);
  }

  /** Before anything of a launch is done. */
  begin(host: readonly HostBuffer[]): void {
    const { words } = this.#store;
    const { hostReads, liveIns } = this.plan;
    for (const { arg, first, count, at } of hostReads) {
      if (!this.homes.has(arg, host)) words.set(host[arg]!.words.subarray(first, first + count), at);
    }
    for (const range of liveIns) words.set(range.words.subarray(range.first, range.first + range.count), range.at);
    for (let i = 0; i < this.#globals.length; i++) this.#registers[i] = this.#globals[i]!.value;
    this.isProven = this.#isKnown();
    this.turns.begin(this.isProven);
  }

  /** Whether counts were looked at in a launch that began with the same registers. */
  #isKnown(): boolean {
    if (this.#launches++ < provesFrom || this.#lookedAt === undefined) return false;
    this.#steady ??= this.plan.cores
      .flatMap(({ module }) => module!.registers!.map(({ index }) => kernelTiming(module!.bytes).isSteady(index)))
      .flatMap((isSteady, i) => (isSteady ? [i] : []));
    return this.#steady.every((i) => this.#registers[i] === this.#lookedAt![i]);
  }

  /** Behind all strands, which did what they did before. */
  end(host: readonly HostBuffer[]): void {
    if (!this.isProven) this.#lookedAt = [...this.#registers];
    const { words, move } = this.#store;
    const { lateImages, hostWrites, leftBehind } = this.plan;
    for (const { moves, from, to } of lateImages) move[moves.unit](moves.table, moves.end, 4 * to, 4 * from);
    for (const { arg, from, b, starts, runWords, count } of hostWrites) {
      const to = host[arg]!.words;
      if (to.buffer === words.buffer && to.byteOffset + 4 * b === 4 * from) continue;
      if (starts === undefined) to.set(words.subarray(from, from + count), b);
      else copyRuns(words, from, starts.as, to, b, starts.bs, runWords);
    }
    for (const { words: memory, first, count, at } of leftBehind) memory.set(words.subarray(at, at + count), first);
    this.homes.settle(host);
  }

  /** Cores are as they were when the launch began; `strands` have begun. */
  takeBack(strands: readonly number[]): void {
    const cores = new Set(strands.flatMap((strand) => this.plan.coresOf[strand]!));
    for (const { core, words, first, count, at } of this.plan.kept) {
      if (cores.has(core)) words.set(this.#store.words.subarray(at, at + count), first);
    }
    for (const { module } of this.plan.cores) module!.recover();
    for (const [i, global] of this.#globals.entries()) global.value = this.#registers[i]!;
  }
}
