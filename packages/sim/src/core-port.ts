import type { DmaDirection, TileCoord } from "@aiekit/mlir";
import { BdCursor } from "./bd-cursor.ts";
import type { CoreInput, CoreOutput } from "./core-gate.ts";
import { tileName } from "./fault.ts";
import type { LockUser } from "./lock.ts";
import type { Scheduler } from "./scheduler.ts";
import type { EndState, StreamEnd, WordStream } from "./stream-end.ts";

/** Words between a core and its port. The depth is a guess: it is in no public document. */
const portWords = 4;
const oneWord = { baseWords: 0, lengthWords: 1, dims: [] };

/** A 32-bit stream port of a core, with the words that wait in it. `MM2S`: the core sends; `S2MM`: it receives. */
export class CorePort implements StreamEnd, CoreInput<number>, CoreOutput<number> {
  /** The core's: who waits for this end waits for the core. */
  readonly agentName: string;
  readonly tile: TileCoord;
  readonly direction: DmaDirection;
  readonly channel: number;
  readonly kind = "stream";
  readonly streams: WordStream[] = [];
  owner: WordStream | undefined;
  state: EndState;
  remainingWords = 1;
  readyAt = 0;
  movedWords = 0;
  busyCycles = 0;
  movingSince: number | undefined;
  readonly cursor = new BdCursor();
  readonly words = new Uint32Array(portWords);
  readonly shadow = undefined;
  readonly tileMemory = undefined;
  readonly isTouched = false;
  readonly packetId = undefined;
  readonly packetHeader = 0;
  readonly hostRunWords = Number.POSITIVE_INFINITY;
  readonly #clock: Scheduler;
  #held = 0;
  #waiting: LockUser | undefined;

  constructor(place: { tile: TileCoord; direction: DmaDirection; channel: number }, clock: Scheduler) {
    this.agentName = `core ${tileName(place.tile)}`;
    this.tile = place.tile;
    this.direction = place.direction;
    this.channel = place.channel;
    this.#clock = clock;
    this.state = place.direction === "MM2S" ? "idle" : "ready";
    this.cursor.start(oneWord, 0);
  }

  get flow(): "in" | "out" {
    return this.direction === "S2MM" ? "in" : "out";
  }

  get transferName(): string {
    return `${this.agentName}, stream port ${this.channel}`;
  }

  get waitsFor(): string {
    if (this.streams.length === 0) return `stream port ${this.channel}, which no flow reaches`;
    const others = [...new Set(this.waitsOn)].join(" and ");
    return this.direction === "MM2S"
      ? `room in its stream port ${this.channel} to ${others}`
      : `a word at its stream port ${this.channel} from ${others}`;
  }

  get lack(): string {
    return `stream port ${this.channel} has no ${this.direction === "MM2S" ? "room" : "word"}`;
  }

  get waitsOn(): readonly string[] {
    const ends = this.streams.flatMap((stream) => (this.direction === "MM2S" ? stream.sinks() : [stream.source]));
    return ends.map((end) => end.agentName);
  }

  arrived(user: LockUser): boolean {
    return this.#unless(this.#held === 0, user);
  }

  take(): number {
    this.#clock.events?.coreDoes(this.tile, "INSTR_STREAM_GET", this.#clock.now);
    const word = this.#shift();
    this.#offer();
    return word;
  }

  room(user: LockUser): boolean {
    return this.#unless(this.#held === portWords, user);
  }

  put(word: number): void {
    this.#clock.events?.coreDoes(this.tile, "INSTR_STREAM_PUT", this.#clock.now);
    this.words[this.#held++] = word;
    this.#offer();
  }

  /** A word has left through the stream, or come in. */
  finish(): void {
    if (this.direction === "MM2S") this.#shift();
    else this.#held++;
    const user = this.#waiting;
    this.#waiting = undefined;
    this.#offer();
    user?.lockGranted();
  }

  #unless(blocked: boolean, user: LockUser): boolean {
    if (blocked) this.#waiting = user;
    return !blocked;
  }

  #shift(): number {
    const word = this.words[0]!;
    this.words.copyWithin(0, 1);
    this.#held--;
    return word;
  }

  #offer(): void {
    this.cursor.start(oneWord, this.direction === "MM2S" ? 0 : this.#held);
    // A word that is on its way comes first.
    if (this.streams.some((stream) => stream.moving)) return;
    const ready = this.direction === "MM2S" ? this.#held > 0 : this.#held < portWords;
    this.state = ready ? "ready" : "idle";
    if (!ready) return;
    this.remainingWords = 1;
    this.readyAt = this.#clock.now;
    this.#clock.events?.endReady(this, this.readyAt);
    for (const stream of this.streams) stream.offer();
  }
}
