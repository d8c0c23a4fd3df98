import { lockMaxValue } from "@aiekit/mlir";
import type { LockConfig } from "./array-config.ts";
import { SimFault, type TileCoord, tileName } from "./fault.ts";
import type { FifoLock } from "./fifo-names.ts";
import type { Scheduler } from "./scheduler.ts";

/** A core or DMA channel that can stand at a lock. A core can stand at a stream port or cascade as well. */
export interface LockUser {
  readonly agentName: string;
  /** The lock was taken on this user's behalf; of a port or cascade: it may now be used. */
  lockGranted(): void;
}

/** `equal`: Acquire, waits for exactly `amount`. Otherwise AcquireGreaterEqual. Both then subtract `amount`. */
export interface LockRequest {
  readonly equal: boolean;
  readonly amount: number;
}

interface LockWait {
  readonly user: LockUser;
  readonly request: LockRequest;
}

/** A semaphore lock. Users that wait are served in the order they came, each as soon as its own condition holds. */
export class Lock {
  readonly tile: TileCoord;
  readonly id: number;
  /** Name in the design, or `lock 3 of (0,2)`. */
  readonly name: string;
  readonly counts: FifoLock | undefined;
  /** Value that it began with. */
  readonly init: number;
  value: number;
  /** Units that were given back, and taken, since the array was configured. */
  given = 0;
  taken = 0;
  /** Who took it last. */
  takenBy: string | undefined;
  readonly #clock: Scheduler;
  readonly #waiting: LockWait[] = [];

  constructor(place: Omit<LockConfig, "name"> & { readonly name?: string | undefined }, clock: Scheduler) {
    this.tile = place.tile;
    this.id = place.id;
    this.name = place.name ?? `lock ${place.id} of ${tileName(place.tile)}`;
    this.counts = place.counts;
    this.init = place.init;
    this.value = place.init;
    this.#clock = clock;
  }

  get stateKey(): string {
    const waiting = this.#waiting.map(({ user, request }) => `${user.agentName} ${request.equal} ${request.amount}`);
    return [this.value, ...waiting].join(",");
  }

  /** Who stands at the lock, first come first. */
  get waiting(): readonly LockWait[] {
    return this.#waiting;
  }

  /** Takes the lock, or queues `user` until it can be taken. True when it was taken at once. */
  acquire(user: LockUser, request: LockRequest): boolean {
    this.#clock.events?.lockAsked(user.agentName);
    if (this.#satisfies(request)) {
      this.#take(user, request);
      this.#clock.progressed();
      return true;
    }
    this.#waiting.push({ user, request });
    return false;
  }

  /** @throws SimFault when the value would leave 0..63. */
  release(amount: number, by: string): void {
    this.given += amount;
    this.#clock.events?.lockGiven(this, by);
    this.set(this.value + amount, by);
  }

  /** @throws SimFault when `value` is not in 0..63. */
  set(value: number, by: string): void {
    if (value < 0 || value > lockMaxValue) {
      throw new SimFault(
        `${by}: lock ${this.name} (id ${this.id} of tile ${tileName(this.tile)}): value must stay in 0..${lockMaxValue}, would become ${value}`,
        {
          ...{ kind: "lock-range", cycle: this.#clock.now, tile: this.tile, lock: this.name },
          ...(this.counts && { objectFifo: this.counts.fifo }),
        },
        { hint: "more was released than acquired: compare the numbers of acquire and release of both ends" },
      );
    }
    this.value = value;
    this.#clock.trace?.value(this.name, this.#clock.now, value);
    this.#clock.progressed();
    for (let i = 0; i < this.#waiting.length; ) {
      const { user, request } = this.#waiting[i]!;
      if (!this.#satisfies(request)) {
        i++;
        continue;
      }
      this.#waiting.splice(i, 1);
      this.#take(user, request);
      user.lockGranted();
      // The grant may have released this lock again, so everyone is looked at anew.
      i = 0;
    }
  }

  #take(user: LockUser, { amount, equal }: LockRequest): void {
    this.value -= amount;
    this.taken += amount;
    this.takenBy = user.agentName;
    this.#clock.events?.lockTaken(this, equal);
    this.#clock.trace?.value(this.name, this.#clock.now, this.value);
  }

  #satisfies(request: LockRequest): boolean {
    return request.equal ? this.value === request.amount : this.value >= request.amount;
  }
}
