import type { TileCoord, TileKind } from "@aiekit/mlir";
import type { Agent, Scheduler } from "../scheduler.ts";
import type { EventRegisters } from "./event-registers.ts";
import { eventsBySource, type Source } from "./event-sources.ts";
import { EventState, type EventStretch } from "./event-state.ts";
import { FrameEncoder } from "./frame-encoder.ts";
import type { TracePort } from "./trace-port.ts";

/** Changes that may wait before they are looked at. */
const mostChanges = 64;

interface UnitPlace {
  readonly tile: TileCoord;
  readonly kind: TileKind;
}

/**
 * The events of one module, and its trace unit: from the cycle behind its start event to its stop event it makes frames of what its
 * slots see, and sends them by its port. Source: AM020 1.3, Trace.
 */
export class TraceUnit implements Agent {
  readonly place: UnitPlace;
  readonly registers: EventRegisters;
  readonly port: TracePort;
  readonly doing = "traces events";
  isRunning = false;
  /** It has been started, since the array was configured. */
  wasStarted = false;
  /** Sources of which somebody tells, with what they are now; undefined for those that last one cycle. */
  readonly #sources = new Map<Source, boolean | undefined>();
  readonly #clock: Scheduler;
  readonly #events: EventState;
  readonly #encoder: FrameEncoder;
  #bySource: Map<Source, number[]>;
  #startWas = false;
  #resetWas = false;
  #timerStart = 0;
  #isWoken = false;

  constructor(place: UnitPlace, registers: EventRegisters, { port, clock }: { port: TracePort; clock: Scheduler }) {
    this.place = place;
    this.registers = registers;
    this.port = port;
    this.#clock = clock;
    this.#events = new EventState(registers);
    this.#encoder = new FrameEncoder((words) => port.send(words, registers.packet));
    this.#bySource = eventsBySource(registers, place.kind);
  }

  /** Words that wait for their packet to be full. */
  get waitingWords(): number {
    return this.#encoder.waitingWords;
  }

  /** Somebody tells of this source. */
  knows(source: Source): boolean {
    return this.#sources.has(source);
  }

  /** A source is, or is no longer, active from `at` on. */
  level(source: Source, isOn: boolean, at: number): void {
    if ((this.#sources.get(source) ?? false) === isOn) {
      this.#sources.set(source, isOn);
      return;
    }
    this.#sources.set(source, isOn);
    for (const event of this.#bySource.get(source) ?? []) this.event(event, isOn ? "on" : "off", at);
  }

  /** Something happens in the cycle `at`. Numbers of the events that it is. */
  pulse(source: Source, at: number): readonly number[] {
    if (!this.#sources.has(source)) this.#sources.set(source, undefined);
    const events = this.#bySource.get(source) ?? [];
    for (const event of events) this.event(event, "pulse", at);
    return events;
  }

  event(event: number, to: "on" | "off" | "pulse", at: number): void {
    this.#events.tell(event, to, at);
    if (this.#events.waiting > mostChanges) this.advance(this.#clock.now);
    // Frames go and the unit stops whether or not something else happens in its tile.
    if (!this.isSet || this.#isWoken) return;
    this.#isWoken = true;
    this.#clock.at(at + 1, this);
  }

  fire(): void {
    this.#isWoken = false;
    this.advance(this.#clock.now);
    const next = this.#events.next;
    if (next === undefined) return;
    this.#isWoken = true;
    this.#clock.at(Math.max(next, this.#clock.now) + 1, this);
  }

  /** It was set up, in the mode that has times. */
  get isSet(): boolean {
    return this.registers.isTrace && this.registers.mode === 0;
  }

  /** A register gets another value now. */
  write(offset: number, value: number): void {
    const { now } = this.#clock;
    this.advance(now);
    if (this.registers.isControl(offset)) this.#startWas = false;
    this.registers.write(offset, value);
    const before = this.#activeLevels();
    this.#bySource = eventsBySource(this.registers, this.place.kind);
    const after = this.#activeLevels();
    for (const event of before) if (!after.has(event)) this.event(event, "off", now);
    for (const event of after) if (!before.has(event)) this.event(event, "on", now);
  }

  /** Events of the sources that are active now. */
  #activeLevels(): Set<number> {
    const active = [...this.#sources].filter(([, isOn]) => isOn === true);
    return new Set(active.flatMap(([source]) => this.#bySource.get(source) ?? []));
  }

  /** Makes frames of all cycles before `until`. */
  advance(until: number): void {
    this.#events.advance(until, (stretch) => this.#take(stretch));
  }

  #take({ from, to, isActive }: EventStretch): void {
    const { registers } = this;
    if (!this.isSet) return;
    const [start, stop, reset] = (["start", "stop", "reset"] as const).map((field) => {
      const event = registers.event(field);
      return event !== 0 && isActive(event);
    });
    if (reset && !this.#resetWas) this.#timerStart = from;
    const starts = start && !this.#startWas;
    [this.#resetWas, this.#startWas] = [reset ?? false, start ?? false];
    if (stop) {
      if (this.isRunning) this.#encoder.stop();
      this.isRunning = false;
      return;
    }
    let first = from;
    if (!this.isRunning) {
      if (!starts) return;
      this.#encoder.start(from - this.#timerStart, from);
      this.isRunning = true;
      this.wasStarted = true;
      first++;
    }
    let slots = 0;
    registers.slots.forEach((event, i) => {
      if (event !== 0 && isActive(event)) slots |= 1 << i;
    });
    if (slots !== 0 && first < to) this.#encoder.active(slots, first, to - first);
  }
}
