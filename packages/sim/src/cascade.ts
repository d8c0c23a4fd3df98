import type { TileCoord } from "@aiekit/mlir";
import type { ArrayConfig } from "./array-config.ts";
import type { CoreInput, CoreOutput } from "./core-gate.ts";
import { tileName } from "./fault.ts";
import type { LockUser } from "./lock.ts";
import type { Scheduler } from "./scheduler.ts";

/** Bytes of a cascade value: 512 bits on AIE2 and AIE2P (AM020, cascade streams). */
export const cascadeBytes = 64;
/** Values on the way: a FIFO of two at each end (AM020). */
const cascadeDepth = 4;

/** Both sides of a core's cascade. */
export interface CascadeEnds {
  readonly input: CoreInput<Uint8Array>;
  readonly output: CoreOutput<Uint8Array>;
}

type Side = "North" | "West";

/** The cascades between the tiles of a design, by the tile of the core that asks. */
export function connectCascades(config: ArrayConfig, clock: Scheduler): (tile: TileCoord) => CascadeEnds {
  const turned = (tile: TileCoord) => {
    const found = config.cascades.find((c) => c.tile.col === tile.col && c.tile.row === tile.row);
    return { input: found?.input ?? "North", output: found?.output ?? "South" };
  };
  const hasCore = (tile: TileCoord) => config.cores.some((c) => c.tile.col === tile.col && c.tile.row === tile.row);
  const cascades = new Map<string, Cascade>();
  /** The cascade that enters `to` on `side`. */
  const into = (to: TileCoord, side: Side): Cascade => {
    const key = `${tileName(to)} ${side}`;
    const from = side === "North" ? { col: to.col, row: to.row + 1 } : { col: to.col - 1, row: to.row };
    const sends = hasCore(from) && turned(from).output === (side === "North" ? "South" : "East");
    const takes = hasCore(to) && turned(to).input === side;
    const ends = { from: sends ? from : undefined, to: takes ? to : undefined };
    const cascade = cascades.get(key) ?? new Cascade(ends, clock);
    cascades.set(key, cascade);
    return cascade;
  };
  return (tile) => {
    const { input, output } = turned(tile);
    const next: TileCoord =
      output === "South" ? { col: tile.col, row: tile.row - 1 } : { col: tile.col + 1, row: tile.row };
    return { input: into(tile, input).input, output: into(next, output === "South" ? "North" : "West").output };
  };
}

/** The cascade from one core to the next, in order, without loss. Values are bits: their type is each core's own. */
class Cascade {
  readonly input: CoreInput<Uint8Array>;
  readonly output: CoreOutput<Uint8Array>;
  readonly #clock: Scheduler;
  readonly #ends: { readonly from: TileCoord | undefined; readonly to: TileCoord | undefined };
  readonly #values: Uint8Array[] = [];
  #receiver: LockUser | undefined;
  #sender: LockUser | undefined;

  /** `from` or `to` is undefined where that side has no core or is turned elsewhere. */
  constructor(ends: { readonly from: TileCoord | undefined; readonly to: TileCoord | undefined }, clock: Scheduler) {
    this.#clock = clock;
    this.#ends = ends;
    const on = (tile: TileCoord | undefined): string[] => (tile === undefined ? [] : [`core ${tileName(tile)}`]);
    this.input = {
      kind: "cascade",
      flow: "in",
      waitsFor: `a cascade value${ends.from === undefined ? "; no cascade leads to it" : ` of core ${tileName(ends.from)}`}`,
      waitsOn: on(ends.from),
      lack: "no cascade value",
      arrived: (user) => this.#arrived(user),
      take: () => this.#take(),
    };
    this.output = {
      kind: "cascade",
      flow: "out",
      waitsFor: `room in its cascade${ends.to === undefined ? ", which leads to no core" : ` to core ${tileName(ends.to)}, which holds ${cascadeDepth} values`}`,
      waitsOn: on(ends.to),
      lack: "the cascade is full",
      room: (user) => this.#room(user),
      put: (value) => this.#put(value),
    };
  }

  #arrived(user: LockUser): boolean {
    if (this.#values.length > 0) return true;
    this.#receiver = user;
    return false;
  }

  #take(): Uint8Array {
    const value = this.#values.shift()!;
    const { to } = this.#ends;
    if (to !== undefined) this.#clock.events?.coreDoes(to, "INSTR_CASCADE_GET", this.#clock.now);
    this.#clock.progressed();
    const sender = this.#sender;
    this.#sender = undefined;
    sender?.lockGranted();
    return value;
  }

  #room(user: LockUser): boolean {
    if (this.#values.length < cascadeDepth) return true;
    this.#sender = user;
    return false;
  }

  #put(value: Uint8Array): void {
    this.#values.push(value.slice());
    const { from } = this.#ends;
    if (from !== undefined) this.#clock.events?.coreDoes(from, "INSTR_CASCADE_PUT", this.#clock.now);
    this.#clock.progressed();
    const receiver = this.#receiver;
    this.#receiver = undefined;
    receiver?.lockGranted();
  }
}
