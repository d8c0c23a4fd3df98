import { BudgetError, DesignError } from "@aiekit/core";
import type { Operation, Value } from "../ir/operation.ts";
import { coordOf, type Device, declaredOps, placeText, setInt, tileModelOf, tileOperand } from "./device-ops.ts";
import { withLocation } from "./location.ts";

/** Hands out the locks of each tile, lowest number first. */
export class LockIds {
  readonly #device: Device;
  readonly #taken = new Map<string, Map<number, string>>();

  /** Starts with the numbers that locks of the device have already. @throws DesignError when two locks have one number. */
  constructor(device: Device) {
    this.#device = device;
    for (const lock of declaredOps(device, "aie.lock")) {
      const id = lock.int("lockID");
      if (id === undefined) continue;
      const place = placeText(coordOf(tileOperand(lock)));
      const owner = this.#on(place).get(id);
      const name = nameOf(lock);
      if (owner !== undefined) {
        withLocation(lock, () => {
          throw new DesignError(
            `tile ${place}: lock %${name} is assigned to the same lock (${id}) as another op: %${owner}`,
          );
        });
      }
      this.#on(place).set(id, name);
    }
  }

  /** @throws BudgetError when the tile has no lock left. */
  take(tile: Value, name: string): number {
    const place = placeText(coordOf(tile));
    const taken = this.#on(place);
    const { locks } = tileModelOf(this.#device, tile);
    for (let id = 0; id < locks; id++) {
      if (taken.has(id)) continue;
      taken.set(id, name);
      return id;
    }
    throw new BudgetError(
      `tile ${place}: %${name} needs a lock, all ${locks} are in use by ${[...taken.values()].join(", ")}`,
      {
        hint: "every end of an objectFifo takes 2 locks: use fewer objectFifos on this tile or move one to a neighbour",
      },
    );
  }

  #on(place: string): Map<number, string> {
    const known = this.#taken.get(place) ?? new Map<number, string>();
    this.#taken.set(place, known);
    return known;
  }
}

/** Gives a number to every lock that was declared without one. */
export function assignLockIds(device: Device): void {
  const ids = new LockIds(device);
  for (const lock of declaredOps(device, "aie.lock")) {
    if (lock.int("lockID") !== undefined) continue;
    const name = nameOf(lock);
    setInt(
      lock,
      "lockID",
      withLocation(lock, () => ids.take(tileOperand(lock), name)),
    );
  }
}

/** Symbol of a lock, or the name its value has in the text. */
function nameOf(lock: Operation): string {
  return lock.text("sym_name") ?? lock.results[0]?.name ?? "lock";
}
