import { copyWords, gatherWords, scatterWords } from "./copy-words.ts";
import { type CostModel, streamCycles } from "./cost-model.ts";
import type { ChannelStream, DmaChannel } from "./dma-channel.ts";
import type { Agent, Scheduler } from "./scheduler.ts";

/** Destinations of a stream. `packetId` chooses among several; undefined on a circuit-switched stream. */
export interface StreamRoute {
  readonly packetId: number | undefined;
  readonly sinks: readonly DmaChannel[];
}

/**
 * The way from one MM2S channel through the stream switches to one or more S2MM channels. Words move only while every end
 * has a BD that is ready, so a broadcast advances in lock-step and back-pressure holds the source. BD lengths of the ends
 * need not agree. Of hardware's small FIFOs in the switches none is modelled: a source waits a few words earlier here.
 */
export class Stream implements Agent, ChannelStream {
  readonly source: DmaChannel;
  readonly routes: readonly StreamRoute[];
  readonly #clock: Scheduler;
  readonly #cost: CostModel;
  /** Ends and words of the move under way. */
  #sinks: readonly DmaChannel[] = [];
  #words = 0;
  #startedAt = 0;
  #scratch = new Uint32Array(0);

  constructor(ends: { source: DmaChannel; routes: readonly StreamRoute[] }, clock: Scheduler, cost: CostModel) {
    this.source = ends.source;
    this.routes = ends.routes;
    this.#clock = clock;
    this.#cost = cost;
    ends.source.streams.push(this);
    for (const sink of new Set(ends.routes.flatMap((route) => route.sinks))) sink.streams.push(this);
  }

  get moving(): boolean {
    return this.#words > 0;
  }

  /** Destinations of the source's BD; empty when no route has its packet id. */
  sinks(): readonly DmaChannel[] {
    const id = this.source.bd?.packetId;
    return (
      (this.routes.find((r) => r.packetId === id) ?? this.routes.find((r) => r.packetId === undefined))?.sinks ?? []
    );
  }

  /** Starts to move words if every end is ready. */
  offer(): void {
    const source = this.source;
    if (this.#words > 0 || source.state !== "ready") return;
    const sinks = this.sinks();
    if (sinks.length === 0) return;
    let words = source.remainingWords;
    let start = Math.max(this.#clock.now, source.readyAt);
    for (const sink of sinks) {
      if (sink.state !== "ready" || (sink.owner !== undefined && sink.owner !== this)) return;
      words = Math.min(words, sink.remainingWords);
      start = Math.max(start, sink.readyAt);
    }
    for (const sink of sinks) sink.owner = this;
    this.#sinks = sinks;
    this.#words = words;
    this.#startedAt = start;
    this.#clock.at(start + streamCycles(this.#cost, words, this.#hostRunWords(sinks)), this);
  }

  /** The words have arrived. */
  fire(): void {
    const source = this.source;
    const sinks = this.#sinks;
    const words = this.#words;
    this.#move(sinks, words);
    const cycles = this.#clock.now - this.#startedAt;
    this.#words = 0;
    const sourceDone = this.#count(source, words, cycles);
    const done = sinks.filter((sink) => this.#count(sink, words, cycles));
    if (sourceDone) for (const sink of sinks) sink.owner = undefined;
    for (const sink of done) sink.finishBd();
    if (sourceDone) source.finishBd();
    this.offer();
    if (sourceDone) for (const sink of sinks) for (const other of sink.streams) other.offer();
  }

  #move(sinks: readonly DmaChannel[], words: number): void {
    const [only] = sinks;
    if (sinks.length === 1) {
      copyWords(this.source, only!, words);
      return;
    }
    if (this.#scratch.length < words) this.#scratch = new Uint32Array(words);
    gatherWords(this.source, this.#scratch, words);
    for (const sink of sinks) scatterWords(this.#scratch, sink, words);
  }

  #count(end: DmaChannel, words: number, cycles: number): boolean {
    end.remainingWords -= words;
    end.movedWords += words;
    end.busyCycles += cycles;
    end.readyAt = 0;
    if (end.remainingWords > 0) return false;
    end.state = "idle";
    return true;
  }

  /** Contiguous words at the host end with the shortest runs; Infinity when no end is in host memory. */
  #hostRunWords(sinks: readonly DmaChannel[]): number {
    let run = Number.POSITIVE_INFINITY;
    for (const end of [this.source, ...sinks]) {
      if (end.bd!.memory.kind !== "host") continue;
      const [inner] = end.bd!.pattern.dims;
      if (inner) run = Math.min(run, inner.strideWords === 1 ? inner.size : 1);
    }
    return run;
  }
}
