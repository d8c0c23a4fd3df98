import type { Bd } from "./bd.ts";
import { SimFault, type TileCoord, tileName } from "./fault.ts";
import type { Scheduler } from "./scheduler.ts";

interface BdState {
  readonly bd: Bd;
  /** Where the iteration counter stands. */
  readonly iterationCurrent: number;
}

/** The BD registers of one tile. Iteration counters live here and last from run to run, as in hardware. */
export class BdTable {
  readonly #tile: TileCoord;
  readonly #clock: Scheduler;
  readonly #bds: (Bd | undefined)[] = [];
  readonly #written = new Map<number, () => BdState | undefined>();
  readonly #everWritten = new Set<number>();
  /** BDs that the design has from the start. */
  readonly #own = new Set<number>();
  readonly #iterationCurrent: number[] = [];

  constructor(tile: TileCoord, clock: Scheduler) {
    this.#tile = tile;
    this.#clock = clock;
  }

  set(bd: Bd): void {
    this.#bds[bd.id] = bd;
    this.#own.add(bd.id);
    this.#iterationCurrent[bd.id] = 0;
  }

  /** The registers of a BD were written; `decode` says what they mean when the BD is next used, undefined if not valid. */
  write(id: number, decode: () => BdState | undefined): void {
    this.#written.set(id, decode);
    this.#everWritten.add(id);
  }

  find(id: number): Bd | undefined {
    if (this.#written.size > 0) this.#decode(id);
    return this.#bds[id];
  }

  /** @throws SimFault for a BD that was never written or is not marked valid. */
  get(id: number, user: string): Bd {
    const bd = this.find(id);
    if (bd) return bd;
    throw new SimFault(
      `${user}: BD ${id} of tile ${tileName(this.#tile)} is started, but was never written or is not valid`,
      { kind: "bd-invalid", cycle: this.#clock.now, tile: this.#tile },
      { hint: "the instruction stream must write a BD before it is pushed to a task queue" },
    );
  }

  /** Where the iteration counters of the design's own BDs stand, and which of these are the design's no more. */
  get stateKey(): string {
    const counters = this.#iterationCurrent.flatMap((n, id) => (n > 0 && !this.isWritten(id) ? `${id}:${n}` : []));
    return [...counters, ...[...this.#own].filter((id) => this.isWritten(id)).map((id) => `${id} written`)].join(",");
  }

  /** Whether an instruction stream has ever written it. */
  isWritten(id: number): boolean {
    return this.#everWritten.has(id);
  }

  iterationOffset(bd: Bd): number {
    return (this.#iterationCurrent[bd.id] ?? 0) * bd.iteration.strideWords;
  }

  stepIteration(bd: Bd): void {
    if (bd.iteration.size <= 1) return;
    this.#iterationCurrent[bd.id] = ((this.#iterationCurrent[bd.id] ?? 0) + 1) % bd.iteration.size;
  }

  /** BDs that a chain from `first` can reach. */
  chain(first: number): ReadonlySet<number> {
    const reached = new Set<number>();
    for (let id: number | undefined = first; id !== undefined && !reached.has(id); id = this.find(id)?.nextBd) {
      reached.add(id);
    }
    return reached;
  }

  #decode(id: number): void {
    const decode = this.#written.get(id);
    if (decode === undefined) return;
    this.#written.delete(id);
    const state = decode();
    this.#bds[id] = state?.bd;
    if (state) this.#iterationCurrent[id] = state.iterationCurrent;
  }
}
