import type { EventRegisters } from "./event-registers.ts";
import { derivedNumbers } from "./event-sources.ts";

/** Cycles from `from` to before `to` in which the same events of a module are active. */
export interface EventStretch {
  readonly from: number;
  readonly to: number;
  readonly isActive: (event: number) => boolean;
}

/** An event is active from a cycle on, or no longer, or in that cycle alone. */
interface Change {
  readonly at: number;
  readonly event: number;
  readonly to: "on" | "off" | "pulse";
}

/**
 * The events of a module in the order of time. They are told in any order, but not before what `advance` has come to; combinations and
 * edges are made of them here.
 */
export class EventState {
  readonly #registers: EventRegisters;
  readonly #derived: readonly number[];
  readonly #queue: Change[] = [];
  readonly #levels = new Set<number>();
  #pulses = new Set<number>();
  #active: ReadonlySet<number> = new Set();
  #time = 0;

  constructor(registers: EventRegisters) {
    this.#registers = registers;
    this.#derived = derivedNumbers(registers.module);
  }

  tell(event: number, to: Change["to"], at: number): void {
    let place = this.#queue.length;
    while (place > 0 && this.#queue[place - 1]!.at > at) place--;
    this.#queue.splice(place, 0, { at, event, to });
  }

  /** Changes that wait. */
  get waiting(): number {
    return this.#queue.length;
  }

  /** When the first of them is. */
  get next(): number | undefined {
    return this.#queue[0]?.at;
  }

  /** Gives every cycle before `until` to `take`, those behind each other in which nothing changes together. */
  advance(until: number, take: (stretch: EventStretch) => void): void {
    while (this.#time < until) {
      const from = this.#time;
      this.#pulses = new Set();
      while ((this.#queue[0]?.at ?? Number.POSITIVE_INFINITY) <= from) this.#apply(this.#queue.shift()!);
      const active = this.#withDerived();
      const lasting = this.#pulses.size === 0 && isSame(active, this.#active);
      const to = lasting ? Math.min(until, this.#queue[0]?.at ?? until) : from + 1;
      this.#active = active;
      this.#time = to;
      take({ from, to, isActive: (event) => event === eventTrue || active.has(event) });
    }
  }

  #apply({ event, to }: Change): void {
    if (to === "on") this.#levels.add(event);
    else if (to === "off") this.#levels.delete(event);
    else this.#pulses.add(event);
  }

  /** What is active in this cycle. An edge is told in the cycle of the change. */
  #withDerived(): Set<number> {
    const active = new Set([...this.#levels, ...this.#pulses]);
    const registers = this.#registers;
    const [combo0, combo1, combo2, ...edges] = this.#derived;
    const is = (event: number): boolean => event === eventTrue || active.has(event);
    const [a, b, c, d] = registers.comboInputs.map(is) as [boolean, boolean, boolean, boolean];
    const first = joined(registers.comboLogic(0), a, b);
    const second = joined(registers.comboLogic(1), c, d);
    if (isSet(registers.comboInputs.slice(0, 2)) && first) active.add(combo0!);
    if (isSet(registers.comboInputs.slice(2, 4)) && second) active.add(combo1!);
    if (isSet(registers.comboInputs) && joined(registers.comboLogic(2), first, second)) active.add(combo2!);
    edges.forEach((number, i) => {
      const { event, rising, falling } = registers.edge(i);
      if (event === 0) return;
      const [before, now] = [event === eventTrue || this.#active.has(event), is(event)];
      if ((rising && now && !before) || (falling && before && !now)) active.add(number);
    });
    return active;
  }
}

const eventTrue = 1;

const isSet = (inputs: readonly number[]): boolean => inputs.some((event) => event !== 0);

/** Source: aie-rt, COMBO_EVENT_CONTROL: AND, AND_NOT, OR, OR_NOT. */
function joined(logic: number, a: boolean, b: boolean): boolean {
  const second = logic % 2 === 0 ? b : !b;
  return logic < 2 ? a && second : a || second;
}

function isSame(a: ReadonlySet<number>, b: ReadonlySet<number>): boolean {
  return a.size === b.size && [...a].every((event) => b.has(event));
}
