import type { DmaDirection, TileCoord, TraceModule } from "@aiekit/mlir";
import { BdCursor } from "../bd-cursor.ts";
import { tileName } from "../fault.ts";
import { type PacketInfo, packetHeader } from "../packet-header.ts";
import type { Agent, Scheduler } from "../scheduler.ts";
import type { EndState, StreamEnd, WordStream } from "../stream-end.ts";
import { packetDataWords } from "./frame-encoder.ts";

const packetPattern = { baseWords: 0, lengthWords: packetDataWords, dims: [] };
/** Packets that may wait, 2 MiB: those behind them are lost. On hardware fewer can, how many is in no public document. */
const mostWaiting = 2 ** 16;

interface Packet {
  readonly words: Uint32Array;
  readonly header: PacketInfo;
}

/** The port by which a trace unit sends its packets into the stream switch of its tile. */
export class TracePort implements StreamEnd, Agent {
  readonly agentName: string;
  readonly tile: TileCoord;
  readonly direction: DmaDirection = "MM2S";
  readonly channel: number;
  readonly streams: WordStream[] = [];
  readonly doing = "sends trace packets";
  owner: WordStream | undefined;
  state: EndState = "idle";
  remainingWords = 0;
  readyAt = 0;
  movedWords = 0;
  busyCycles = 0;
  movingSince: number | undefined;
  readonly cursor = new BdCursor();
  readonly shadow = undefined;
  readonly tileMemory = undefined;
  readonly isTouched = false;
  readonly hostRunWords = Number.POSITIVE_INFINITY;
  /** Packets for which there was no place to wait. */
  lost = 0;
  readonly #clock: Scheduler;
  readonly #waiting: Packet[] = [];
  #isWoken = false;

  constructor(place: { tile: TileCoord; module: TraceModule; channel: number }, clock: Scheduler) {
    this.agentName = `trace unit ${place.module} of ${tileName(place.tile)}`;
    this.tile = place.tile;
    this.channel = place.channel;
    this.#clock = clock;
  }

  /** Packets that have not gone, the one under way included. */
  get waiting(): number {
    return this.#waiting.length;
  }

  get words(): Uint32Array {
    return this.#waiting[0]!.words;
  }

  get transferName(): string {
    return `${this.agentName}, a packet`;
  }

  get packetId(): number | undefined {
    return this.#waiting[0]?.header.id;
  }

  get packetHeader(): number {
    return packetHeader(this.#waiting[0]!.header, this.tile);
  }

  /** The packet goes as soon as those before it have gone. */
  send(words: readonly number[], header: PacketInfo): void {
    if (this.#waiting.length >= mostWaiting) {
      this.lost++;
      return;
    }
    this.#waiting.push({ words: Uint32Array.from(words), header });
    if (this.state !== "idle" || this.#isWoken) return;
    this.#isWoken = true;
    this.#clock.at(this.#clock.now, this);
  }

  fire(): void {
    this.#isWoken = false;
    if (this.state === "idle") this.#offer();
  }

  /** The last word of a packet has left. */
  finish(): void {
    this.#waiting.shift();
    this.state = "idle";
    this.#offer();
  }

  #offer(): void {
    if (this.#waiting.length === 0) return;
    this.cursor.start(packetPattern, 0);
    this.remainingWords = packetDataWords;
    this.readyAt = this.#clock.now;
    this.state = "ready";
    for (const stream of this.streams) stream.offer();
  }
}
