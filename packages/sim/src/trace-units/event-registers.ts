import { eventBlockOffset, inEventBlock, type TraceModule, traceRegisterOffset } from "@aiekit/mlir";

/** Numbers by which a module broadcasts its events. */
export const broadcasts = 16;

/** Which events a module's registers watch. */
type EventField = "start" | "stop" | "reset";

/**
 * Registers of one module that decide over its events and its trace unit. Source of the offsets: aie-rt xaiemlgbl_params.h and
 * AM025, the blocks from TIMER_CONTROL on, LOCKS_EVENT_SELECTION_0 and DMA_EVENT_CHANNEL_SELECTION.
 */
export class EventRegisters {
  readonly module: TraceModule;
  readonly #values = new Map<number, number>();
  readonly #control0: number;
  readonly #base: number;

  constructor(module: TraceModule) {
    this.module = module;
    this.#control0 = traceRegisterOffset(module, "Trace_Control0");
    this.#base = eventBlockOffset(module);
  }

  /** Whether a register of the tile is one of these. */
  static has(module: TraceModule, offset: number): boolean {
    const inBlock = offset - eventBlockOffset(module);
    const { locks, ports, channels } = selections[module];
    return (
      inBlock === timerControl ||
      inBlock === generate ||
      (inBlock >= firstBroadcast && inBlock < firstBroadcast + 4 * broadcasts) ||
      traceBlock.includes(inBlock) ||
      (offset >= locks.at && offset < locks.at + 4 * locks.count) ||
      (ports !== undefined && (offset === ports || offset === ports + 4)) ||
      offset === channels
    );
  }

  write(offset: number, value: number): void {
    this.#values.set(offset, value);
  }

  value(offset: number): number {
    return this.#values.get(offset) ?? 0;
  }

  /** True for the write that makes an event happen. */
  isGenerate(offset: number): boolean {
    return offset === this.#base + generate;
  }

  isControl(offset: number): boolean {
    return offset === this.#control0;
  }

  /** Something was written that a trace needs. */
  get isTrace(): boolean {
    const words = [0xd0, 0xe0, 0xe4].map((at) => this.value(this.#base + at));
    return words.some((word) => word !== 0);
  }

  /** 0 event-time, 1 event-PC, 2 execution; only a core's unit has others than 0. */
  get mode(): number {
    return this.module === "core" ? this.value(this.#control0) & 3 : 0;
  }

  get packet(): { readonly id: number; readonly type: number } {
    const word = this.value(this.#control0 + 4);
    return { id: word & 0x1f, type: (word >>> 12) & 7 };
  }

  event(field: EventField): number {
    if (field === "reset") return (this.value(this.#base + timerControl) >>> 8) & this.#eventMask;
    return (this.value(this.#control0) >>> (field === "start" ? 16 : 24)) & this.#eventMask;
  }

  /** Events of slots 0 to 7. */
  get slots(): readonly number[] {
    return [0xe0, 0xe4].flatMap((at) => this.#fields(this.#base + at));
  }

  /** The event that each broadcast is made by; 0 for none. */
  get broadcastEvents(): readonly number[] {
    return Array.from({ length: broadcasts }, (_, i) => this.value(this.#base + firstBroadcast + 4 * i) & 0xff);
  }

  /** Inputs A to D of the combinations. */
  get comboInputs(): readonly number[] {
    return this.#fields(this.#base + 0x400);
  }

  /** How combination 0 to 2 joins its two: AND, AND_NOT, OR, OR_NOT. */
  comboLogic(combo: number): number {
    return (this.value(this.#base + 0x404) >>> (8 * combo)) & 3;
  }

  edge(index: number): { readonly event: number; readonly rising: boolean; readonly falling: boolean } {
    const word = this.value(this.#base + 0x408) >>> (16 * index);
    return { event: word & this.#eventMask, rising: ((word >>> 9) & 1) === 1, falling: ((word >>> 10) & 1) === 1 };
  }

  /** Locks that the lock events are of. */
  get locks(): readonly number[] {
    const { at, count } = selections[this.module].locks;
    return Array.from({ length: count }, (_, i) => this.value(at + 4 * i) & 0x3f);
  }

  /** Ports of the switch that the port events are of, in order; none where the module has no switch. */
  get ports(): readonly { readonly number: number; readonly side: "master" | "slave" }[] {
    const { ports } = selections[this.module];
    if (ports === undefined) return [];
    return [ports, ports + 4].flatMap((at) =>
      [0, 8, 16, 24].map((shift) => {
        const field = this.value(at) >>> shift;
        return { number: field & 0x1f, side: field & 0x20 ? ("master" as const) : ("slave" as const) };
      }),
    );
  }

  /** Channel of a memtile that events of `SEL0` and `SEL1` are of. */
  selectedChannel(direction: "S2MM" | "MM2S", index: number): number {
    const { channels } = selections[this.module];
    const shift = (direction === "S2MM" ? 0 : 16) + 8 * index;
    return channels === undefined ? 0 : (this.value(channels) >>> shift) & 7;
  }

  get #eventMask(): number {
    return this.module === "memtile" ? 0xff : 0x7f;
  }

  #fields(offset: number): number[] {
    return [0, 8, 16, 24].map((shift) => (this.value(offset) >>> shift) & this.#eventMask);
  }
}

const { timerControl, generate, firstBroadcast } = inEventBlock;
const traceBlock = [0xd0, 0xd4, 0xe0, 0xe4, 0x400, 0x404, 0x408];

/** Registers outside the block: which locks, switch ports and DMA channels the events of a module are of. */
const selections: Readonly<
  Record<
    TraceModule,
    {
      readonly locks: { readonly at: number; readonly count: number };
      readonly ports?: number;
      readonly channels?: number;
    }
  >
> = {
  core: { locks: { at: 0, count: 0 }, ports: 0x3ff00 },
  memory: { locks: { at: 0x1f100, count: 8 } },
  memtile: { locks: { at: 0xc0400, count: 8 }, ports: 0xb0f00, channels: 0xa06a0 },
  shim: { locks: { at: 0x14100, count: 6 }, ports: 0x3ff00 },
};
