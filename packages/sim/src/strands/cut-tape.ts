import { runsExtent } from "../block-runs.ts";
import { isStaging } from "../copy-words.ts";
import type { Core } from "../core.ts";
import { pointerSlotBytes } from "../core-emitter.ts";
import type { KernelSiteFunction } from "../kernel-call.ts";
import { kernelTiming } from "../kernel-timing.ts";
import type { CallStep, CopyStep, LaunchTape, TapeStep } from "../replay/launch-tape.ts";
import { type CopyShape, CopyShapes, runStarts } from "./copy-shape.ts";
import { HomeLayout } from "./host-homes.ts";
import { joinedWrites, type WrittenWords } from "./host-writes.ts";
import { leastOf, lessThan, readAt, readIn } from "./read-places.ts";
import { StoreLayout } from "./store-layout.ts";
import type { ImageOp, Moves, Range, StrandOp, StrandPlan, StrandSite } from "./strand-plan.ts";
import { TouchedWords } from "./touched-words.ts";
import { gapsBetween, KnownWords, type Places, placesOf, runOf, type WordValue } from "./word-values.ts";

/** Of stores: what they hold is in the processor's caches only while they are small. */
const mostStoreWords = 16 * 2 ** 20;
/** Time of a word that is moved to another place in the order, by that of one that is moved along (measured: 2 to 4). */
const reordered = 3;

/** Thrown for a tape that cannot be cut. */
class Uncut extends Error {}

/**
 * Cuts a tape into strands. Follows where the words of every copy come from: those that were known when the launch began
 * (host memory that is only read, constants, what tiles still held) and those that cores have made. Words that are passed on
 * from memory to memory then need no copy on their way; each core's loads, calls and saves, in their order, are a strand, and
 * cores that hand words to each other are in one. Undefined for a tape whose memory cannot be followed in this way.
 */
export function cutTape({ steps, recorded }: LaunchTape, threads: number): StrandPlan | undefined {
  try {
    return new TapeCutter(steps, recorded.hostBytes, threads).plan();
  } catch (error) {
    if (error instanceof Uncut) return undefined;
    throw error;
  }
}

interface PlacedOp {
  readonly core: number;
  readonly op: StrandOp;
}

class TapeCutter {
  readonly #steps: readonly TapeStep[];
  readonly #threads: number;
  readonly #layout = new StoreLayout();
  readonly #homes: HomeLayout;
  readonly #shapes = new CopyShapes();
  readonly #cores: Core[];
  readonly #coreOf: ReadonlyMap<Uint32Array, number>;
  readonly #touched: readonly TouchedWords[];
  readonly #known = new Map<Uint32Array, KnownWords>();
  readonly #values = new Map<string, WordValue>();
  #valueCount = 0;
  /** Where images of words that are there from the start lie, by where they are read and in which order. */
  readonly #imageHomes = new Map<string, number>();
  /** Of each core, another one of its strand or itself. */
  readonly #joined: number[];
  readonly #ops: PlacedOp[] = [];
  /** Equal calls are one object: the few that there are stay in the processor's caches. */
  readonly #calls = new Map<CallStep, StrandOp>();
  readonly #images: ImageOp[] = [];
  readonly #lateImages: ImageOp[] = [];
  readonly #hostReads: { arg: number; first: number; count: number; at: number }[];
  readonly #written: WrittenWords[] = [];
  readonly #liveIns: Range[] = [];
  readonly #sites: KernelSiteFunction[] = [];
  readonly #siteInfos: StrandSite[] = [];
  #scratchWords = 0;
  #moved = 0;

  constructor(steps: readonly TapeStep[], hostBytes: readonly number[], threads: number) {
    this.#steps = steps;
    this.#threads = threads;
    const calls = steps.filter((step): step is CallStep => step.kind === "call");
    this.#cores = [...new Set(calls.map(({ core }) => core))];
    this.#coreOf = new Map(this.#cores.map((core, i) => [core.memory!.words, i]));
    this.#touched = this.#cores.map((core) => new TouchedWords(core.memory!.words.length));
    this.#joined = this.#cores.map((_, i) => i);
    this.#homes = new HomeLayout(this.#layout, hostBytes);
    this.#hostReads = hostReadsOf(steps).map((read) => {
      const home = this.#homes.placeOf(read.arg, read.count);
      return { ...read, at: home === undefined ? this.#layout.allocate(read.count) : home + read.first };
    });
  }

  plan(): StrandPlan {
    for (const step of this.#steps) this.#take(step);
    const joined = joinedWrites(this.#written, (places, cores) => this.#value(places, cores));
    const hostWrites = joined.map(({ value, to, isJoined }) => {
      return { ...to, from: this.#lateHomeOf(value, isJoined ? to : undefined) };
    });
    const leftBehind = [...this.#known].flatMap(([words, known]) => this.#leftBehind(words, known));
    const kept = this.#cores.flatMap((core, i) => this.#keep(core, i));
    const keeping = kept.map(({ core, first, count, at }): PlacedOp => {
      return { core, op: { kind: "save", core, first, span: count, moves: undefined, to: at } };
    });
    const strands = new Map<number, StrandOp[]>();
    for (const { core, op } of [...keeping, ...this.#ops]) {
      const strand = this.#strandOf(core);
      const ops = strands.get(strand) ?? [];
      ops.push(op);
      strands.set(strand, ops);
    }
    const scratch = this.#layout.allocate(this.#scratchWords * this.#threads);
    if (this.#layout.words > mostStoreWords) throw new Uncut();
    const read = this.#hostReads.reduce((sum, { count }) => sum + count, 0);
    const written = hostWrites.reduce((sum, { starts, count }) => sum + (starts ? reordered * count : count), 0);
    const left = leftBehind.reduce((sum, { count }) => sum + count, 0);
    return {
      images: this.#images,
      strands: [...strands.values()],
      sites: this.#siteInfos,
      threadedCores: this.#cores.map((core) => core.threads?.core.index ?? -1),
      scratch,
      scratchWords: this.#scratchWords,
      cores: this.#cores,
      siteFunctions: this.#sites,
      storeWords: this.#layout.words,
      constants: this.#layout.constants,
      homes: this.#homes.homes,
      hostReads: this.#hostReads,
      liveIns: this.#liveIns,
      lateImages: this.#lateImages,
      hostWrites,
      leftBehind,
      kept,
      coresOf: [...strands.keys()].map((one) => [...this.#cores.keys()].filter((core) => this.#strandOf(core) === one)),
      moved: this.#moved + read + written + left + kept.reduce((sum, { count }) => sum + count, 0),
      tapeMoves: this.#steps.reduce((sum, step) => sum + movesOf(step), 0),
    };
  }

  #take(step: TapeStep): void {
    switch (step.kind) {
      case "copy":
        if (step.toArg >= 0) this.#write(step);
        else this.#copy(step);
        break;
      case "zero":
        this.#put(step.to, step.first, this.#constants(0, step.count));
        break;
      case "write":
        this.#set(step.to, step.index, step.value);
        break;
      case "call":
        this.#call(step);
    }
  }

  #copy(step: CopyStep): void {
    const { as, bs, runWords, count, to, b } = step;
    const shape = this.#shapes.of(as, bs, runWords, count);
    if (shape === undefined) throw new Uncut();
    const value = this.#read(step, shape);
    for (const piece of shape.pieces) this.#put(to, b + piece.to, value, piece.offset, piece.count);
  }

  #write(step: CopyStep): void {
    const { as, bs, runWords, count, toArg: arg, b } = step;
    const value = this.#read(step, this.#shapes.inOrderOf(as, runWords, count));
    const starts = bs && { as: runStarts(bs.length, runWords), bs };
    this.#written.push({ value, to: { arg, b, starts, runWords, count }, isJoined: false });
  }

  #call(step: CallStep): void {
    const { words } = step.core.memory!;
    const core = this.#coreOf.get(words)!;
    for (const buffer of step.site.buffersBehind(step.args)) {
      this.#touched[core]!.read(buffer!.address >> 2, (buffer!.address + buffer!.bytes + 3) >> 2);
    }
    const op = this.#calls.get(step) ?? this.#callOf(step, core);
    this.#calls.set(step, op);
    this.#add(core, op);
    this.#knownOf(words).clear();
  }

  #callOf({ core, site, args, value, cycles, ops }: CallStep, number: number): StrandOp {
    // Beside a neighbour's memory, pointers are addresses of the core's own.
    if (site.pointersOf(args).some((pointer) => pointer >= pointerSlotBytes)) throw new Uncut();
    let siteNumber = this.#sites.indexOf(site);
    if (siteNumber < 0) {
      siteNumber = this.#sites.push(site) - 1;
      this.#siteInfos.push(siteOf(site, ops !== undefined ? core.module!.bytes : undefined));
    }
    return { kind: "call", core: number, site: siteNumber, args, value, cycles, ops };
  }

  /** The words that a copy reads, in the order of `shape`. */
  #read(step: CopyStep, shape: CopyShape): WordValue {
    const { from, fromArg, a } = step;
    if (fromArg >= 0) {
      const { first, at } = this.#hostReads.find(({ arg }) => arg === fromArg)!;
      return this.#once(`arg ${fromArg},${a},${shape.id}`, [], () => readAt(shape, at + a - first));
    }
    const known = this.#knownOf(from);
    const [first, end] = [a + shape.first, a + shape.end];
    let segments = known.within(first, end);
    const gaps = gapsBetween(segments, first, end);
    if (gaps.length > 0) {
      const core = this.#coreOf.get(from);
      if (core !== undefined) return this.#save(core, a, shape);
      if (isStaging(from)) throw new Uncut();
      for (const gap of gaps) this.#liveIn(from, gap.first, gap.end - gap.first);
      segments = known.within(first, end);
    }
    const key = segments.map(({ first, end, value, offset }) => `${value.id},${first - a},${end - a},${offset}`);
    const cores = [...new Set(segments.flatMap(({ value }) => value.cores))];
    return this.#once(`${shape.id} of ${key}`, cores, () => readIn(segments, a, shape));
  }

  /** What words of a core's memory hold now goes to the store. */
  #save(core: number, a: number, shape: CopyShape): WordValue {
    const { order, isStraight, first, end } = shape;
    const [span, count] = [end - first, order.length];
    const to = this.#layout.allocate(count);
    const moves = isStraight ? undefined : this.#layout.movesOf(lessThan(order, first));
    if (moves) this.#scratchWords = Math.max(this.#scratchWords, span + 16);
    this.#touched[core]!.read(a + first, a + end);
    this.#add(core, { kind: "save", core, first: a + first, span, moves, to });
    this.#moved += span + (moves ? reordered * count : 0);
    return this.#value(runOf(to, count), [core]);
  }

  /** `count` words of `value` are now at `first` of a memory. */
  #put(words: Uint32Array, first: number, value: WordValue, offset = 0, count = value.places.count): void {
    const core = this.#coreOf.get(words);
    if (core !== undefined) {
      for (const other of value.cores) this.#join(core, other);
      const from =
        offset + this.#homeOf(value, (op) => (value.cores.length > 0 ? this.#add(core, op) : this.#images.push(op)));
      this.#add(core, { kind: "load", core, from, to: first, count });
      this.#touched[core]!.written(first, first + count);
      this.#moved += count;
    }
    this.#knownOf(words).put({ first, end: first + count, value, offset });
  }

  #set(words: Uint32Array, index: number, value: number): void {
    const core = this.#coreOf.get(words);
    if (core === undefined) {
      this.#put(words, index, this.#constants(value, 1));
      return;
    }
    this.#add(core, { kind: "write", core, index, value });
    this.#touched[core]!.written(index, index + 1);
    this.#knownOf(words).forget(index, index + 1);
  }

  /** Words that a tile still holds from before the launch. */
  #liveIn(words: Uint32Array, first: number, count: number): void {
    const at = this.#layout.allocate(count);
    this.#liveIns.push({ words, first, count, at });
    this.#moved += count;
    const value = this.#value(runOf(at, count), []);
    this.#knownOf(words).put({ first, end: first + count, value, offset: 0 });
  }

  #constants(value: number, count: number): WordValue {
    const at = this.#layout.constant(value);
    return this.#once(`constant ${value},${count}`, [], () => placesOf(new Int32Array(count).fill(at)));
  }

  /** Where the words lie one behind the other; `add` is given what brings them there, to `place` if it can. */
  #homeOf(
    value: WordValue,
    add: (image: ImageOp) => void,
    place = (_: Moves): number | undefined => undefined,
  ): number {
    if (value.home !== undefined) return value.home;
    const { start, at, count } = value.places;
    if (at === undefined) value.home = start;
    else {
      const from = leastOf(at);
      const moves = this.#layout.movesOf(lessThan(at, from));
      const key = `${from},${moves.table}`;
      const same = value.cores.length === 0 ? this.#imageHomes.get(key) : undefined;
      value.home = same ?? place(moves) ?? this.#layout.allocate(count);
      if (same === undefined) {
        add({ kind: "image", moves, from, to: value.home });
        if (value.cores.length === 0) this.#imageHomes.set(key, value.home);
        this.#moved += reordered * count;
      }
    }
    if (this.#layout.words > mostStoreWords) throw new Uncut();
    return value.home;
  }

  /** The same for words that are needed when all strands have ended. */
  #lateHomeOf(value: WordValue, to?: WrittenWords["to"]): number {
    if (value.cores.length === 0) return this.#homeOf(value, (image) => this.#images.push(image));
    const place = (moves: Moves) => to && this.#placeOfWrite(to, moves);
    return this.#homeOf(value, (image) => this.#lateImages.push(image), place);
  }

  /** Where words that go to host memory may be put in order at once: moves that are no whole rounds write behind them. */
  #placeOfWrite({ arg, b, count }: WrittenWords["to"], { table, end, unit }: Moves): number | undefined {
    const writesBehind = ((end - table) / 4) * unit > count;
    if (writesBehind && !this.#homes.endsAt(arg, b + count)) return undefined;
    const home = this.#homes.placeOf(arg, count);
    return home === undefined ? undefined : home + b;
  }

  /** What memory that is no core's holds in the end. Where lines have passed between two patterns nobody looks again. */
  #leftBehind(words: Uint32Array, known: KnownWords): Range[] {
    if (this.#coreOf.has(words) || isStaging(words)) return [];
    return known.segments.flatMap(({ first, end, value, offset }) => {
      const stays = this.#liveIns.some(
        (one) => one.words === words && one.at === value.places.start && one.first === first - offset,
      );
      return stays ? [] : [{ words, first, count: end - first, at: offset + this.#lateHomeOf(value) }];
    });
  }

  /** Words that another try needs as they were: what the launch reads before it writes it, and statics of kernels. */
  #keep({ memory, module }: Core, core: number) {
    const { words, buffersEnd, sizeBytes } = memory!;
    const statics = { first: buffersEnd >> 2, end: ((module!.staticsEnd ?? sizeBytes) + 3) >> 2 };
    return [...this.#touched[core]!.readFirst(), statics].flatMap(({ first, end }) => {
      const count = end - first;
      return count > 0 ? [{ core, words, first, count, at: this.#layout.allocate(count) }] : [];
    });
  }

  #add(core: number, op: StrandOp): void {
    this.#ops.push({ core, op });
  }

  #once(key: string, cores: readonly number[], places: () => Places): WordValue {
    const found = this.#values.get(key);
    if (found !== undefined) return found;
    const made = this.#value(places(), cores);
    this.#values.set(key, made);
    return made;
  }

  #value(places: Places, cores: readonly number[]): WordValue {
    return { id: this.#valueCount++, places, cores, home: undefined };
  }

  #knownOf(words: Uint32Array): KnownWords {
    const known = this.#known.get(words) ?? new KnownWords();
    this.#known.set(words, known);
    return known;
  }

  #strandOf(core: number): number {
    let at = core;
    while (this.#joined[at] !== at) at = this.#joined[at]!;
    return at;
  }

  #join(a: number, b: number): void {
    this.#joined[this.#strandOf(a)] = this.#strandOf(b);
  }
}

/** `counted`: the module of a kernel that counts. It is looked into when somebody asks, which takes up to 0.2 s. */
function siteOf({ name, narrow }: KernelSiteFunction, counted: Uint8Array | undefined): StrandSite {
  return {
    ...{ kernel: name, narrow },
    get isFixed() {
      return counted !== undefined && kernelTiming(counted).countsFixed(name);
    },
  };
}

function movesOf(step: TapeStep): number {
  if (step.kind !== "copy") return 0;
  return step.as === undefined ? step.count : reordered * step.count;
}

/** Of each host argument that is read, the words from the first to the last. @throws Uncut when one is written as well. */
function hostReadsOf(steps: readonly TapeStep[]) {
  const reads = new Map<number, { arg: number; first: number; end: number }>();
  const written = new Set<number>();
  for (const step of steps) {
    if (step.kind !== "copy") continue;
    if (step.toArg >= 0) written.add(step.toArg);
    if (step.fromArg < 0) continue;
    const { as, runWords, a, count, fromArg: arg } = step;
    const run = as === undefined ? { first: 0, end: count } : runsExtent(as, runWords);
    const known = reads.get(arg) ?? { arg, first: Number.POSITIVE_INFINITY, end: 0 };
    reads.set(arg, { arg, first: Math.min(known.first, a + run.first), end: Math.max(known.end, a + run.end) });
  }
  if ([...reads.keys()].some((arg) => written.has(arg))) throw new Uncut();
  return [...reads.values()].map(({ arg, first, end }) => ({ arg, first, count: end - first }));
}
