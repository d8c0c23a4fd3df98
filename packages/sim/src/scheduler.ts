import type { CriticalPath } from "./critical-path.ts";
import type { LaunchHook } from "./replay/launch-hook.ts";
import type { TraceRecorder } from "./trace-recorder.ts";
import type { ArrayEvents } from "./trace-units/array-events.ts";

/** Something that the scheduler wakes at a virtual time. An agent has at most one event in the queue. */
export interface Agent {
  /** What it is busy with until its event, asked when that is put into the queue. */
  readonly doing: string;
  /** What goes on before, where its ends have to get ready. */
  readonly preparing?: string;
  fire(): void;
}

/**
 * Cycles, 0 or more, by which an event comes later than the cost model says; `serial` counts events. What a design computes
 * must not depend on how long anything takes, so every such function makes a schedule that hardware may have.
 */
export type Delays = (serial: number) => number;

/**
 * The virtual clock and the only event queue of the array. Events of the same time run in the order they were put in,
 * so a run is the same every time.
 */
export class Scheduler {
  /** Virtual time in cycles of the array clock. */
  now = 0;
  /** When the current run began; waiting before it is not counted. */
  runStart = 0;
  /** When something last happened that others can see: a lock, a word, an instruction. */
  progressAt = 0;
  /** Whose event runs, or ran last. */
  current: Agent | undefined;
  readonly #times: number[] = [];
  readonly #orders: number[] = [];
  readonly #agents: Agent[] = [];
  readonly #delays: Delays | undefined;
  #order = 0;

  /** Where agents and locks tell what they do; undefined when nobody looks. */
  readonly trace: TraceRecorder | undefined;

  /** Is told which event makes which; undefined when nobody asks for the critical path. */
  readonly path: CriticalPath | undefined;

  /** Where agents, locks and streams tell events, while trace units can send them. */
  events: ArrayEvents | undefined;

  /** Watches what is done to memory while a launch is recorded. */
  hook: LaunchHook | undefined;

  constructor(delays?: Delays, trace?: TraceRecorder, path?: CriticalPath) {
    this.#delays = delays;
    this.trace = trace;
    this.path = path;
  }

  get idle(): boolean {
    return this.#times.length === 0;
  }

  /** Time of the next event; Infinity when there is none. */
  get nextTime(): number {
    return this.#times[0] ?? Number.POSITIVE_INFINITY;
  }

  progressed(): void {
    this.progressAt = this.now;
  }

  /** Wakes `agent` at the time `asked`, which is not before `now`. It is busy from `from`, which is not before `now` either. */
  at(asked: number, agent: Agent, from = this.now): void {
    const order = this.#order++;
    this.atPlace(this.#delays === undefined ? asked : asked + this.#delays(order), order, agent, from);
  }

  /** A place among the events of one time, and the delay there, for an event whose time is not known yet. */
  reserve(): { readonly order: number; readonly delay: number } {
    const order = this.#order++;
    return { order, delay: this.#delays?.(order) ?? 0 };
  }

  /** Wakes `agent` at `time`, its delay included, at a place that was reserved. */
  atPlace(time: number, order: number, agent: Agent, from = this.now): void {
    let hole = this.#times.length;
    this.path?.scheduled(agent, { now: this.now, from, to: time });
    this.#times.push(time);
    this.#orders.push(order);
    this.#agents.push(agent);
    while (hole > 0) {
      const parent = (hole - 1) >> 1;
      const before = this.#times[parent]!;
      if (before < time || (before === time && this.#orders[parent]! < order)) break;
      this.#move(parent, hole);
      hole = parent;
    }
    this.#put(hole, time, order, agent);
  }

  /** Moves the clock to the next event and runs it. False when nothing was left to run. */
  step(): boolean {
    const agent = this.#agents[0];
    if (agent === undefined) return false;
    this.now = this.#times[0]!;
    this.#removeFirst();
    this.current = agent;
    this.path?.fired(agent);
    agent.fire();
    return true;
  }

  #removeFirst(): void {
    const time = this.#times.pop()!;
    const order = this.#orders.pop()!;
    const agent = this.#agents.pop()!;
    const length = this.#times.length;
    if (length === 0) return;
    let hole = 0;
    for (;;) {
      let child = 2 * hole + 1;
      if (child >= length) break;
      if (child + 1 < length && this.#before(child + 1, child)) child++;
      if (time < this.#times[child]! || (time === this.#times[child]! && order < this.#orders[child]!)) break;
      this.#move(child, hole);
      hole = child;
    }
    this.#put(hole, time, order, agent);
  }

  #before(a: number, b: number): boolean {
    const ta = this.#times[a]!;
    const tb = this.#times[b]!;
    return ta < tb || (ta === tb && this.#orders[a]! < this.#orders[b]!);
  }

  #move(from: number, to: number): void {
    this.#put(to, this.#times[from]!, this.#orders[from]!, this.#agents[from]!);
  }

  #put(index: number, time: number, order: number, agent: Agent): void {
    this.#times[index] = time;
    this.#orders[index] = order;
    this.#agents[index] = agent;
  }
}
