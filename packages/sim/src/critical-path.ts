import type { Agent } from "./scheduler.ts";

/** Cycles of a run in which nothing else could go on before this had ended. */
export interface PathStep {
  readonly agent: Agent;
  readonly what: string;
  readonly times: number;
  readonly cycles: number;
}

/** An event: `agent` was busy with `what` from when the event `before` woke it. */
interface Cause {
  readonly before: Cause | undefined;
  readonly agent: Agent;
  readonly what: string;
  readonly from: number;
  readonly to: number;
}

/**
 * Which event made which. Every event is made by another one, when the last thing that it waits for happens; so the events
 * behind the last one of a run, from its maker to the first, are a chain without gaps: the longest way through the run, each
 * cycle of which is somebody's.
 */
export class CriticalPath {
  readonly #pending = new Map<Agent, Cause>();
  #current: Cause | undefined;

  /** What is put into the queue from now on was not made by an event. */
  begin(): void {
    this.#current = undefined;
  }

  /** `agent` gets an event at `to`. It works from `from` on, and waits until then for what its ends prepare. */
  scheduled(agent: Agent, event: { readonly now: number; readonly from: number; readonly to: number }): void {
    const { now, from, to } = event;
    let before = this.#current;
    if (from > now) before = { before, agent, what: agent.preparing ?? agent.doing, from: now, to: from };
    this.#pending.set(agent, { before, agent, what: agent.doing, from, to });
  }

  fired(agent: Agent): void {
    this.#current = this.#pending.get(agent);
  }

  /** The chain behind the event that ran last, from `start` on, by who did what; most cycles first. */
  steps(start: number): PathStep[] {
    const steps = new Map<string, PathStep>();
    const numbers = new Map<Agent, number>();
    for (let cause = this.#current; cause !== undefined && cause.to > start; cause = cause.before) {
      const { agent, what, to } = cause;
      const cycles = to - Math.max(cause.from, start);
      if (cycles === 0) continue;
      const number = numbers.get(agent) ?? numbers.size;
      numbers.set(agent, number);
      const known = steps.get(`${number} ${what}`);
      const [times, sum] = [(known?.times ?? 0) + 1, (known?.cycles ?? 0) + cycles];
      steps.set(`${number} ${what}`, { agent, what, times, cycles: sum });
    }
    return [...steps.values()].sort((a, b) => b.cycles - a.cycles);
  }
}
