import type { ConfiguredArray } from "../array.ts";
import type { HostBuffer } from "../controller.ts";
import { stagingWords } from "../copy-words.ts";
import type { Core } from "../core.ts";
import { isSameWork } from "../cost-model.ts";
import type { KernelSiteFunction } from "../kernel-call.ts";
import type { CopiedWords, LaunchHook } from "./launch-hook.ts";
import type { OwnMemory } from "./own-memory.ts";
import type { MemoryPlace, RecordedCall, RecordedCopy, RecordedStep } from "./recorded-tape.ts";

/** Longer tapes would hold more memory than they save time: about 100 bytes a step. */
const mostSteps = 500_000;
/** Calls of one place among which an equal one is looked for: two buffers, and first, middle and last of a loop. */
const mostRecentCalls = 8;

/** Writes down what a launch does to memory, for as long as it can be done again without the array. */
export class LaunchRecorder implements LaunchHook {
  readonly #array: ConfiguredArray;
  readonly #own: OwnMemory;
  readonly #args: ReadonlyMap<Uint32Array, number>;
  #steps: RecordedStep[] | undefined = [];
  #hostIsOver = false;
  readonly #numbers = new Map<object, number>();
  readonly #places = new Map<Uint32Array, MemoryPlace>();
  /** One object for steps that are the same. */
  readonly #known = new Map<string, RecordedCopy>();
  /** Of each place, the last ones that differ. */
  readonly #calls = new Map<KernelSiteFunction, RecordedCall[]>();
  readonly #fired = new Set<Core>();
  /** What cores' own buffers hold at the start, and which of these words the stream writes before a core may look. */
  readonly startOwn: Uint32Array;
  readonly freeOwn: Uint8Array;

  constructor(array: ConfiguredArray, own: OwnMemory, host: readonly HostBuffer[]) {
    this.#array = array;
    this.#own = own;
    this.#args = new Map(host.map(({ words }, arg) => [words, arg]));
    this.startOwn = own.read();
    this.freeOwn = new Uint8Array(own.size);
  }

  /** Undefined when something was done that a tape cannot hold. */
  get steps(): readonly RecordedStep[] | undefined {
    return this.#steps;
  }

  /** The launch has ended: what is still to come may touch tiles only, since host memory is the host's again. */
  launchEnded(): void {
    this.#hostIsOver = true;
  }

  copies(words: CopiedWords): boolean {
    if (this.#steps === undefined) return false;
    const { from, a, as, to, b, bs, runWords, count } = words;
    const fromArg = this.#args.get(from) ?? -1;
    const toArg = this.#args.get(to) ?? -1;
    const usesHost = fromArg >= 0 || toArg >= 0;
    const betweenHosts = fromArg >= 0 && toArg >= 0;
    if (betweenHosts || (usesHost && this.#hostIsOver)) this.strays();
    const ends = `${this.#numberOf(from)},${this.#numberOf(to)},${this.#numberOf(as)},${this.#numberOf(bs)}`;
    const key = `${a},${b},${runWords},${count},${ends}`;
    const known = this.#known.get(key);
    if (known !== undefined) {
      this.#push(known);
      return false;
    }
    if (this.#touchesOwn(from, a, as, runWords, count) || this.#touchesOwn(to, b, bs, runWords, count)) this.strays();
    const places = { from: this.#placeOf(from), to: this.#placeOf(to) };
    const step: RecordedCopy = { kind: "copy", ...places, a, as, b, bs, runWords, count, fromArg, toArg };
    this.#known.set(key, step);
    this.#push(step);
    return false;
  }

  zeroes(to: Uint32Array, first: number, count: number): boolean {
    this.#push({ kind: "zero", to: this.#placeOf(to), first, count });
    return false;
  }

  /** Nothing but bodies of cores reads their own buffers, whose words at the end of a launch are known. */
  writes(to: Uint32Array, index: number, value: number): boolean {
    const uses = this.#own.usesOf(to, index);
    if (uses.length === 0) this.#push({ kind: "write", to: this.#placeOf(to), index, value });
    for (const { number, cores } of uses) {
      if (![...cores].some((core) => this.#fired.has(core))) this.freeOwn[number] = 1;
    }
    return false;
  }

  calls(core: Core, site: KernelSiteFunction, args: readonly (number | bigint)[]): number | bigint | undefined {
    const value = site.run(...args);
    if (this.#steps === undefined) return value;
    const { cycles, ops } = site;
    const before = this.#calls.get(site) ?? [];
    this.#calls.set(site, before);
    const known = before.find((step) => isSameCall(step, { args, value, cycles, ops }));
    if (known !== undefined) {
      this.#push(known);
      return value;
    }
    const buffers = site.buffersBehind(args);
    if (buffers.some((buffer) => buffer === undefined || this.#own.hasBuffer(buffer.name))) this.strays();
    const numbers = { core: this.#array.cores.indexOf(core), site: core.sites.indexOf(site) };
    const step: RecordedCall = { kind: "call", ...numbers, args, value, cycles, ops };
    before.unshift(step);
    if (before.length > mostRecentCalls) before.pop();
    this.#push(step);
    return value;
  }

  fires(core: Core): void {
    this.#fired.add(core);
  }

  strays(): void {
    this.#steps = undefined;
  }

  #placeOf(words: Uint32Array): MemoryPlace {
    const known = this.#places.get(words) ?? this.#findPlace(words);
    this.#places.set(words, known);
    return known;
  }

  #findPlace(words: Uint32Array): MemoryPlace {
    if (this.#args.has(words)) return "host";
    if (words === stagingWords()) return "staging";
    for (const [external, memory] of this.#array.externals) if (memory === words) return { external };
    const tile = this.#array.tiles().find(({ memory }) => memory.words === words);
    if (tile === undefined) this.strays();
    return tile?.coord ?? "staging";
  }

  #numberOf(one: object | undefined): number {
    if (one === undefined) return -1;
    const number = this.#numbers.get(one) ?? this.#numbers.size;
    this.#numbers.set(one, number);
    return number;
  }

  #push(step: RecordedStep): void {
    if (this.#steps === undefined) return;
    this.#steps.push(step);
    if (this.#steps.length > mostSteps) this.strays();
  }

  #touchesOwn(words: Uint32Array, base: number, starts: Int32Array | undefined, run: number, count: number): boolean {
    if (starts === undefined) return this.#own.has(words, base, count);
    return starts.some((start) => this.#own.has(words, base + start, run));
  }
}

function isSameCall(
  step: RecordedCall,
  { args, value, cycles, ops }: Pick<RecordedCall, "args" | "value" | "cycles" | "ops">,
): boolean {
  if (step.cycles !== cycles || !Object.is(step.value, value) || !isSameWork(step.ops, ops)) return false;
  for (let i = 0; i < args.length; i++) if (step.args[i] !== args[i]) return false;
  return true;
}
