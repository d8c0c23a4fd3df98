import type { TileCoord } from "../device-model/neighbours.ts";
import { bdOffset, splitAddress, taskQueueRegisterOffset, tileAddress } from "../device-model/registers.ts";
import { tileModels } from "../device-model/tile-model.ts";
import type { Operation, Value } from "../ir/operation.ts";
import { coordOf, type Device, placeText, symbolOp } from "./device-ops.ts";
import type { HostMemory } from "./sequence/emitter.ts";
import { hostMemory } from "./sequence/host-memory.ts";
import { shimAllocation } from "./sequence/memcpy.ts";
import { absoluteAddress } from "./sequence/register-ops.ts";
import { traceRegisterOffset } from "./trace-registers.ts";

/** A task that a sequence gives to an S2MM channel of a shim tile. */
export interface Start {
  readonly op: Operation;
  readonly place: TileCoord;
  readonly channelIndex: number;
  /** The sequence's argument that it writes; undefined where that is not known, or no argument. */
  readonly argument: string | undefined;
  /** Undefined where the lowering of the sequence gives it its number. */
  readonly bd: number | undefined;
  /** Of the allocation or the objectFifo that names the channel. */
  readonly allocation: string | undefined;
  readonly token: boolean;
  /** The operation that would wait for it. */
  readonly wait: string;
}

/** True where a sequence sets up trace units, whose packets do not fill the buffers that take them. */
export function setsUpTraces(sequence: Operation): boolean {
  const isControl = (op: Operation): boolean =>
    op.name === "aiex.npu.write32" && traceControls.has(splitAddress(absoluteAddress(op)).offset);
  return (sequence.regions[0]?.entry.ops ?? []).some(isControl);
}

const traceControls = new Set(
  (["core", "memory", "memtile", "shim"] as const).map((module) => traceRegisterOffset(module, "Trace_Control0")),
);

/** What a sequence does with one S2MM channel of a shim tile: a task is started, or a token taken. */
export type ChannelUse = { readonly channel: string } & ({ readonly start: Start } | { readonly takes: true });

type ChannelOfShim = Pick<Start, "place" | "channelIndex" | "allocation">;

/**
 * Starts and waits of a sequence on S2MM channels of shim tiles, in order. Undefined where the operations alone do not
 * tell: loops, other devices' sequences, locks of shim tiles.
 */
export function channelUses(device: Device, sequence: Operation): readonly ChannelUse[] | undefined {
  const reader = new SequenceReader(device, sequence);
  return (sequence.regions[0]?.entry.ops ?? []).every((op) => reader.read(op)) ? reader.uses : undefined;
}

export function channelKey(place: TileCoord, channel: number): string {
  return `${placeText(place)} S2MM ${channel}`;
}

class SequenceReader {
  readonly uses: ChannelUse[] = [];
  readonly #device: Device;
  readonly #args: ReadonlyMap<Value, HostMemory>;
  readonly #names: readonly string[];
  /** Arguments by the address of the BD that a patch gave them to. */
  readonly #patched = new Map<number, string>();

  constructor(device: Device, sequence: Operation) {
    const args = sequence.regions[0]?.entry.args ?? [];
    this.#device = device;
    this.#args = new Map(args.map((arg, argIndex) => [arg, { argIndex, offsetBytes: 0 }]));
    this.#names = args.map(({ name }, i) => (name === undefined || /^\d/.test(name) ? `arg${i}` : name));
  }

  /** False where what follows cannot be known. */
  read(op: Operation): boolean {
    switch (op.name) {
      case "aiex.npu.dma_memcpy_nd":
        this.#memcpy(op);
        return true;
      case "aiex.npu.dma_wait":
        this.#takes(this.#allocated(op.text("symbol")));
        return true;
      case "aiex.npu.sync":
        this.#sync(op);
        return true;
      case "aiex.dma_start_task":
        return this.#task(op, op.operands[0]?.definingOp);
      case "aiex.dma_start_bd_chain":
      case "aiex.dma_start_bd_chain_for":
        return this.#task(op, op);
      case "aiex.dma_await_task":
        this.#takes(this.#channelOf(op.operands[0]?.definingOp));
        return true;
      case "aiex.npu.address_patch":
        this.#patched.set(op.int("addr") ?? 0, this.#names[op.int("arg_idx") ?? 0] ?? `arg${op.int("arg_idx") ?? 0}`);
        return true;
      case "aiex.npu.writebd":
        return (op.int("row") ?? 0) > 0 || (op.int("lock_rel_val") ?? 0) === 0;
      case "aiex.npu.push_queue":
        this.#push(op);
        return true;
      case "aiex.npu.write32":
        this.#write(op);
        return true;
      default:
        return op.regions.length === 0 || op.name.startsWith("aiex.dma_configure_task");
    }
  }

  #memcpy(op: Operation): void {
    const name = op.text("metadata");
    const at = this.#allocated(name);
    if (at === undefined) return;
    this.#start(op, {
      ...at,
      argument: this.#argument(op.operands[0]),
      bd: op.int("id") ?? 0,
      // One that goes to the host always gives a token. Source: AIEDmaToNpu DmaToNpuPattern; measured.
      token: true,
      wait: `aiex.npu.dma_wait {symbol = @${at.allocation}}`,
    });
  }

  #task(op: Operation, task: Operation | undefined): boolean {
    const at = this.#channelOf(task);
    if (task === undefined || at === undefined) return true;
    const chain = task.text("symbol");
    const body = chain === undefined ? task : symbolOp(this.#device, chain);
    const ops = (body?.regions ?? []).flatMap(({ blocks }) => blocks.flatMap((block) => block.ops));
    // A reader that waits for the lock of a BD knows that it has run.
    if (ops.some(({ name }) => name === "aie.use_lock")) return false;
    const bds = ops.filter(({ name }) => name === "aie.dma_bd");
    const values = chain === undefined ? bds.map((bd) => bd.operands[0]) : task.operands;
    const names = values.flatMap((value) => this.#argument(value) ?? []);
    this.#start(op, {
      ...at,
      argument: names.length === 0 ? undefined : [...new Set(names)].join(", %"),
      bd: bds[0]?.int("bd_id"),
      token: task.flag("issue_token"),
      wait: `aiex.dma_await_task(%${task.results[0]?.name ?? "task"})`,
    });
    return true;
  }

  #sync(op: Operation): void {
    const n = (key: string, absent: number): number => op.int(key) ?? absent;
    if (n("direction", 0) !== 0) return;
    for (let col = 0; col < n("column_num", 1); col++) {
      const place = { col: n("column", 0) + col, row: n("row", 0) };
      if (place.row === 0) this.#takes({ place, channelIndex: n("channel", 0), allocation: undefined });
    }
  }

  #push(op: Operation): void {
    if (op.text("direction") === "MM2S" || (op.int("row") ?? 0) > 0) return;
    const place = { col: op.int("column") ?? 0, row: 0 };
    const push = { bd: op.int("bd_id") ?? 0, token: op.flag("issue_token") };
    this.#pushed(op, { place, channelIndex: op.int("channel") ?? 0, allocation: undefined }, push);
  }

  /** A write to a task queue is a push. */
  #write(op: Operation): void {
    if (op.attributes.has("buffer")) return;
    const { col, row, offset } = splitAddress(absoluteAddress(op));
    const { dma } = tileModels.shim;
    for (let channelIndex = 0; channelIndex < dma.channels && row === 0; channelIndex++) {
      if (offset !== taskQueueRegisterOffset(tileModels.shim, "S2MM", channelIndex)) continue;
      const value = op.int("value") ?? 0;
      const push = { bd: value & 0xf, token: value >>> 31 === 1 };
      this.#pushed(op, { place: { col, row }, channelIndex, allocation: undefined }, push);
    }
  }

  #pushed(op: Operation, at: ChannelOfShim, push: { readonly bd: number; readonly token: boolean }): void {
    const { col } = at.place;
    const address = tileAddress(col, 0, bdOffset(tileModels.shim, push.bd) + 4);
    const wait = `aiex.npu.sync {column = ${col} : i32, row = 0 : i32, direction = 0 : i32, channel = ${at.channelIndex} : i32, column_num = 1 : i32, row_num = 1 : i32}`;
    this.#start(op, { ...at, ...push, argument: this.#patched.get(address), wait });
  }

  #start(op: Operation, start: Omit<Start, "op">): void {
    this.uses.push({ channel: channelKey(start.place, start.channelIndex), start: { op, ...start } });
  }

  #takes(at: ChannelOfShim | undefined): void {
    if (at !== undefined) this.uses.push({ channel: channelKey(at.place, at.channelIndex), takes: true });
  }

  #argument(value: Value | undefined): string | undefined {
    const memory = value && hostMemory(value, this.#args);
    return memory && this.#names[memory.argIndex];
  }

  /** The S2MM channel of a shim tile that a task runs on. */
  #channelOf(task: Operation | undefined): ChannelOfShim | undefined {
    if (task === undefined) return undefined;
    const allocation = task.text("alloc");
    if (allocation !== undefined) return this.#allocated(allocation);
    const tile = task.operands.find(({ definingOp }) => definingOp?.name === "aie.tile");
    if (tile === undefined || task.text("direction") !== "S2MM") return undefined;
    const place = coordOf(tile);
    return place.row > 0 ? undefined : { place, channelIndex: task.int("channel") ?? 0, allocation: undefined };
  }

  #allocated(name: string | undefined): ChannelOfShim | undefined {
    const found = name === undefined ? undefined : shimAllocation(this.#device, name);
    if (name === undefined || found?.direction !== "S2MM") return undefined;
    const { place, channel } = found;
    return { place, channelIndex: channel, allocation: name.replace(/_shim_alloc$/, "") };
  }
}
