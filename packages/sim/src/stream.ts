import { BdCursor } from "./bd-cursor.ts";
import { broadcastWords, copyWords, gatherWords, scatterWords } from "./copy-words.ts";
import { type CostModel, streamCycles } from "./cost-model.ts";
import type { Agent, Scheduler } from "./scheduler.ts";
import type { StreamEnd, WordStream } from "./stream-end.ts";
import { expectDefined, wordsDefined } from "./stream-shadow.ts";
import type { TileMemory } from "./tile-memory.ts";
import type { ArrayEvents } from "./trace-units/array-events.ts";

/** Destinations of a stream. `packetId` chooses among several; undefined on a circuit-switched stream. */
export interface StreamRoute {
  readonly packetId: number | undefined;
  readonly sinks: readonly StreamEnd[];
  /** Those of the sinks that a packet reaches with its header before it. A circuit lets every word through. */
  readonly headerSinks: readonly StreamEnd[];
}

/** Words on their way. `header`: the word before a packet, which only some ends get. */
interface Move {
  readonly kind: "header" | "words";
  readonly sinks: readonly StreamEnd[];
  readonly words: number;
  readonly startedAt: number;
}

const noSinks: readonly StreamEnd[] = [];

/**
 * The way from one source through the stream switches to one or more sinks. Words move only while every end has a
 * transfer that is ready, so a broadcast advances in lock-step and back-pressure holds the source. Lengths of the ends
 * need not agree. Of hardware's small FIFOs in the switches none is modelled: a source waits a few words earlier here.
 */
export class Stream implements Agent, WordStream {
  readonly source: StreamEnd;
  readonly routes: readonly StreamRoute[];
  readonly ends: readonly StreamEnd[];
  readonly #clock: Scheduler;
  readonly #cost: CostModel;
  /** The route of every transfer where there is one alone and it is a circuit. */
  readonly #onlyRoute: StreamRoute | undefined;
  #move: Move | undefined;
  /** True while the source is in a packet whose header has arrived. */
  #headerDone = false;
  #scratch = new Uint32Array(1);

  constructor(ends: { source: StreamEnd; routes: readonly StreamRoute[] }, clock: Scheduler, cost: CostModel) {
    this.source = ends.source;
    this.routes = ends.routes;
    this.ends = [...new Set(ends.routes.flatMap((route) => route.sinks))];
    this.#clock = clock;
    this.#cost = cost;
    const [first, ...others] = ends.routes;
    if (first?.packetId === undefined && others.length === 0) this.#onlyRoute = first;
    ends.source.streams.push(this);
    for (const sink of this.ends) sink.streams.push(this);
  }

  get moving(): boolean {
    return this.#move !== undefined;
  }

  /** Destinations of the source's transfer; empty when no route has its packet id. */
  sinks(): readonly StreamEnd[] {
    return this.#route()?.sinks ?? noSinks;
  }

  /** Ids that its routes take; empty for a circuit. */
  get packetIds(): readonly number[] {
    return this.routes.flatMap(({ packetId }) => packetId ?? []);
  }

  get doing(): string {
    return this.#move?.kind === "header" ? "moves a packet's header" : "moves words";
  }

  get preparing(): string {
    return "starts BDs";
  }

  /** Starts to move words if every end is ready. */
  offer(): void {
    if (this.#move !== undefined || this.source.state !== "ready") return;
    const route = this.#route();
    if (route === undefined || route.sinks.length === 0) return;
    const withHeader = this.source.packetId !== undefined && !this.#headerDone && route.headerSinks.length > 0;
    if (withHeader) this.#start("header", route.headerSinks, 1);
    else this.#start("words", route.sinks, this.source.remainingWords);
  }

  /** The words have arrived. */
  fire(): void {
    const { kind, sinks, words, startedAt } = this.#move!;
    const cycles = this.#clock.now - Math.max(startedAt, this.#clock.runStart);
    this.#clock.progressed();
    if (kind === "header") this.#deliverHeader(sinks);
    else this.#deliver(sinks, words);
    this.#move = undefined;
    const sourceDone = count(this.source, kind === "words" ? words : 0, cycles);
    const done = sinks.filter((sink) => count(sink, words, cycles));
    if (this.#clock.events !== undefined) {
      for (const end of [this.source, ...sinks]) this.#clock.events.endMoved(end, end.state === "idle");
    }
    this.#headerDone = !sourceDone && (kind === "header" || this.#headerDone);
    if (sourceDone) for (const sink of this.sinks()) this.#leave(sink);
    for (const sink of done) sink.finish();
    // Who has packets for a sink as well comes before this source's next one.
    if (sourceDone) for (const sink of sinks) for (const other of sink.streams) if (other !== this) other.offer();
    if (sourceDone) this.source.finish();
    this.offer();
  }

  #tellMoves(events: ArrayEvents, sinks: readonly StreamEnd[], at: number): void {
    for (const end of [this.source, ...sinks]) events.endMoves(end, at);
  }

  /** A packet has ended: of several streams that end at its sink this one is the last to be asked for the next. */
  #leave(sink: StreamEnd): void {
    sink.owner = undefined;
    if (sink.streams.length === 1) return;
    sink.streams.push(...sink.streams.splice(sink.streams.indexOf(this), 1));
  }

  #route(): StreamRoute | undefined {
    if (this.#onlyRoute !== undefined) return this.#onlyRoute;
    const id = this.source.packetId;
    return this.routes.find((r) => r.packetId === id) ?? this.routes.find((r) => r.packetId === undefined);
  }

  #start(kind: Move["kind"], sinks: readonly StreamEnd[], most: number): void {
    let words = most;
    let startedAt = Math.max(this.#clock.now, this.source.readyAt);
    let hostRunWords = this.source.hostRunWords;
    for (const sink of sinks) {
      if (sink.state !== "ready" || (sink.owner !== undefined && sink.owner !== this)) return;
      words = Math.min(words, sink.remainingWords);
      startedAt = Math.max(startedAt, sink.readyAt);
      hostRunWords = Math.min(hostRunWords, sink.hostRunWords);
    }
    this.source.movingSince = startedAt;
    for (const sink of sinks) {
      sink.owner = this;
      sink.movingSince = startedAt;
    }
    if (this.#clock.events !== undefined) this.#tellMoves(this.#clock.events, sinks, startedAt);
    this.#move = { kind, sinks, words, startedAt };
    this.#clock.at(startedAt + streamCycles(this.#cost, words, hostRunWords), this, startedAt);
  }

  #deliverHeader(sinks: readonly StreamEnd[]): void {
    this.#clock.hook?.strays();
    for (const sink of sinks) if (sink.shadow) wordsDefined(sink, 1);
    this.#scratch[0] = this.source.packetHeader;
    for (const sink of sinks) {
      if (sink.isTouched) sink.tileMemory!.user!.settle();
      scatterWords(this.#scratch, sink, 1);
    }
  }

  #deliver(sinks: readonly StreamEnd[], words: number): void {
    if (this.source.shadow) expectDefined(this.source, words, this.#clock.now);
    for (const sink of sinks) if (sink.shadow) wordsDefined(sink, words);
    if (this.source.isTouched) this.source.tileMemory!.user!.settle();
    let isTouched = false;
    for (const sink of sinks) if (sink.isTouched) isTouched = true;
    if (isTouched) this.#deliverLater(sinks, words);
    else if (sinks.length === 1) copyWords(this.source, sinks[0]!, words, this.#clock.hook);
    else broadcastWords(this.source, sinks, words, this.#clock.hook);
  }

  /** Kernels may touch what some of the sinks write. */
  #deliverLater(sinks: readonly StreamEnd[], words: number): void {
    this.#clock.hook?.strays();
    if (this.#scratch.length < words) this.#scratch = new Uint32Array(words);
    gatherWords(this.source, this.#scratch, words);
    for (const sink of sinks) {
      if (sink.isTouched) scatterLater(this.#scratch.slice(0, words), sink, sink.tileMemory!);
      else scatterWords(this.#scratch, sink, words);
    }
  }
}

/** Writes words to a memory that a kernel works on, when it has ended; the sink's cursor goes on now. */
function scatterLater(source: Uint32Array, sink: StreamEnd, memory: TileMemory): void {
  const cursor = new BdCursor();
  cursor.follow(sink.cursor);
  const to = { cursor, words: sink.words };
  memory.writeLater(() => scatterWords(source, to, source.length));
  for (let done = 0; done < source.length; ) done += sink.cursor.take(source.length - done);
}

/** True when that was the last word of the end's transfer. */
function count(end: StreamEnd, words: number, cycles: number): boolean {
  end.remainingWords -= words;
  end.movedWords += words;
  end.busyCycles += cycles;
  end.movingSince = undefined;
  end.readyAt = 0;
  if (end.remainingWords > 0) return false;
  end.state = "idle";
  return true;
}
