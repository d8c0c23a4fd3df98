import {
  type DeviceModel,
  type DmaDirection,
  switchPortNumber,
  type TileCoord,
  type TileKind,
  type TraceModule,
  tileKind,
  tileModels,
} from "@aiekit/mlir";
import { extentWords } from "../bd.ts";
import { CorePort } from "../core-port.ts";
import { DmaChannel } from "../dma-channel.ts";
import { tileName } from "../fault.ts";
import type { Lock } from "../lock.ts";
import type { Scheduler } from "../scheduler.ts";
import type { StreamEnd } from "../stream-end.ts";
import type { ArrayEvents, ChannelEvent, CoreEvent, CoreStall } from "./array-events.ts";
import { EventRegisters } from "./event-registers.ts";
import { broadcastNumber, channelSource, lockSource, type PortWhat, portSource, type Source } from "./event-sources.ts";
import { TracePort } from "./trace-port.ts";
import { TraceUnit } from "./trace-unit.ts";

/** A place where trace packets enter the switches: of a compute tile port 0 is the core's, port 1 its data memory's. */
interface TracePlace {
  readonly tile: TileCoord;
  readonly channel: number;
}

/** Host memory that a BD for trace packets was given. */
export interface TraceMemory {
  readonly argIndex: number;
  readonly firstWord: number;
  readonly words: number;
}

/** A port of a tile's stream switch, as the selection registers number it. */
interface WatchedPort {
  readonly unit: TraceUnit;
  readonly side: "master" | "slave";
  readonly number: number;
}

/**
 * The trace units of an array. Those whose ports a flow leaves are told what happens in their tiles; of the others only the registers are
 * known, for what is said about them.
 */
export class TraceUnits implements ArrayEvents {
  readonly #device: DeviceModel;
  readonly #clock: Scheduler;
  readonly #units = new Map<string, TraceUnit>();
  /** Registers of modules whose tiles send no trace. */
  readonly #others = new Map<string, { readonly tile: TileCoord; readonly registers: EventRegisters }>();
  readonly #ports = new Map<StreamEnd, WatchedPort | undefined>();
  readonly #memory = new Map<string, TraceMemory>();
  readonly #stalls = new Map<TraceUnit, CoreStall>();

  constructor(device: DeviceModel, clock: Scheduler) {
    this.#device = device;
    this.#clock = clock;
  }

  /** Units whose port a flow leaves. */
  get sending(): readonly TraceUnit[] {
    return [...this.#units.values()];
  }

  /** Modules that were set up to trace and that no flow leaves, with their registers. */
  get silent(): readonly { readonly tile: TileCoord; readonly registers: EventRegisters }[] {
    return [...this.#others.values()].filter(({ registers }) => registers.isTrace);
  }

  /** Host memory that was given to trace packets, filled or not. */
  get memory(): readonly TraceMemory[] {
    return [...this.#memory.values()];
  }

  /** Some unit can send and was set up. */
  get isActive(): boolean {
    return this.sending.some((unit) => unit.isSet);
  }

  /** Packets are on their way, or wait. */
  get hasPackets(): boolean {
    return this.sending.some(({ port }) => port.waiting > 0);
  }

  /** The port of a unit; the array tells what happens from then on. */
  port({ tile, channel }: TracePlace): TracePort {
    const kind = tileKind(this.#device, tile.col, tile.row)!;
    const module = moduleOfPort(kind, channel);
    const known = this.#units.get(unitKey(tile, module));
    if (known !== undefined) return known.port;
    const port = new TracePort({ tile, module, channel }, this.#clock);
    const unit = new TraceUnit({ tile, kind }, new EventRegisters(module), { port, clock: this.#clock });
    this.#units.set(unitKey(tile, module), unit);
    if (module === "core") unit.level("DISABLED", true, this.#clock.now);
    if (module !== "memory") for (const source of idlePorts(kind)) unit.level(source, true, this.#clock.now);
    this.#clock.events = this;
    return port;
  }

  /** Whether packets of trace units come to this channel. */
  takes(channel: DmaChannel): boolean {
    return channel.streams.some(({ source }) => source instanceof TracePort);
  }

  /** The tile's core is enabled. */
  coreBegan(tile: TileCoord): void {
    this.#enabled(tile, true);
  }

  /** A register's word, as far as it is known here. */
  register(tile: TileCoord, offset: number): number | undefined {
    return this.#registersAt(tile, offset)?.registers.value(offset);
  }

  /** False for registers that are not of traces or events. */
  write(tile: TileCoord, offset: number, value: number): boolean {
    const place = this.#registersAt(tile, offset);
    if (place === undefined) return false;
    const { registers, unit } = place;
    if (registers.isGenerate(offset)) this.#happens(tile, registers, value & 0x7f, this.#clock.now);
    else if (unit === undefined) registers.write(offset, value);
    else unit.write(offset, value);
    return true;
  }

  /** Ends what units know of at this time, so that those that were stopped send what they hold. */
  settle(): void {
    for (const unit of this.sending) unit.advance(this.#clock.now + 1);
  }

  coreDoes(tile: TileCoord, event: CoreEvent, at: number): void {
    const unit = this.#unit(tile, "core");
    if (unit !== undefined) this.#pulse(unit, event, at);
  }

  coreStalls(tile: TileCoord, stall: CoreStall | undefined): void {
    const unit = this.#unit(tile, "core");
    if (unit === undefined) return;
    const before = this.#stalls.get(unit);
    if (before !== undefined) unit.level(before, false, this.#clock.now);
    if (stall === undefined) this.#stalls.delete(unit);
    else this.#stalls.set(unit, stall);
    if (stall !== undefined) unit.level(stall, true, this.#clock.now);
  }

  coreEnded(tile: TileCoord): void {
    this.#enabled(tile, false);
  }

  lockAsked(agent: string): void {
    this.#coreOf(agent, "INSTR_LOCK_ACQUIRE_REQ");
  }

  lockTaken({ tile, id }: Lock, equal: boolean): void {
    const unit = this.#dataUnit(tile);
    if (unit !== undefined) this.#pulse(unit, lockSource(id, equal ? "ACQ_EQ" : "ACQ_GE"), this.#clock.now);
  }

  lockGiven({ tile, id }: Lock, agent: string): void {
    this.#coreOf(agent, "INSTR_LOCK_RELEASE_REQ");
    const unit = this.#dataUnit(tile);
    if (unit !== undefined) this.#pulse(unit, lockSource(id, "REL"), this.#clock.now);
  }

  channelDoes({ tile, direction, channel }: DmaChannel, event: ChannelEvent): void {
    const unit = this.#dataUnit(tile);
    if (unit !== undefined) this.#pulse(unit, channelSource(direction, channel, event), this.#clock.now);
  }

  channelWaitsForLock({ tile, direction, channel }: DmaChannel, waits: boolean): void {
    this.#dataUnit(tile)?.level(channelSource(direction, channel, "STALLED_LOCK"), waits, this.#clock.now);
  }

  endReady(end: StreamEnd, at: number): void {
    this.#waitsForPeer(end, true, at);
    if (sends(end)) this.#setPort(end, "STALLED", at);
    else if (end instanceof DmaChannel && this.takes(end)) this.#given(end);
  }

  endMoves(end: StreamEnd, at: number): void {
    this.#waitsForPeer(end, false, at);
    this.#setPort(end, "RUNNING", at);
  }

  endMoved(end: StreamEnd, isLast: boolean): void {
    const { now } = this.#clock;
    const place = this.#portOf(end);
    if (isLast && place !== undefined) this.#pulse(place.unit, portSource(place.side, place.number, "TLAST"), now);
    this.#setPort(end, isLast || !sends(end) ? "IDLE" : "STALLED", now);
    if (!isLast) this.#waitsForPeer(end, true, now);
  }

  #given({ bd }: DmaChannel): void {
    if (bd?.memory.kind !== "host") return;
    const { first, last } = extentWords(bd.pattern, 0);
    const { argIndex } = bd.memory;
    this.#memory.set(`${argIndex} ${first}`, { argIndex, firstWord: first, words: last + 1 - first });
  }

  #enabled(tile: TileCoord, isOn: boolean): void {
    const unit = this.#unit(tile, "core");
    unit?.level("ACTIVE", isOn, this.#clock.now);
    unit?.level("DISABLED", !isOn, this.#clock.now);
  }

  #unit(tile: TileCoord, module: TraceModule): TraceUnit | undefined {
    return this.#units.get(unitKey(tile, module));
  }

  /** The unit that sees DMA and locks of a tile. */
  #dataUnit(tile: TileCoord): TraceUnit | undefined {
    const kind = tileKind(this.#device, tile.col, tile.row)!;
    return this.#unit(tile, kind === "computeTile" ? "memory" : kind);
  }

  #coreOf(agent: string, event: CoreEvent): void {
    for (const unit of this.#units.values()) {
      const { place, registers } = unit;
      if (registers.module === "core" && agent === `core ${tileName(place.tile)}`)
        this.#pulse(unit, event, this.#clock.now);
    }
  }

  #pulse(unit: TraceUnit, source: string, at: number): void {
    for (const event of unit.pulse(source, at)) this.#broadcast(unit.registers, event, at);
  }

  /** An event of a module by its number, which somebody has made happen. */
  #happens(tile: TileCoord, registers: EventRegisters, event: number, at: number): void {
    this.#unit(tile, registers.module)?.event(event, "pulse", at);
    this.#broadcast(registers, event, at);
  }

  /** A broadcast comes to all other modules in the same cycle; on hardware it takes some cycles for each tile. */
  #broadcast(registers: EventRegisters, event: number, at: number): void {
    if (event === 0) return;
    registers.broadcastEvents.forEach((cause, broadcast) => {
      if (cause !== event) return;
      for (const unit of this.#units.values()) {
        if (unit.registers === registers) continue;
        this.#happens(unit.place.tile, unit.registers, broadcastNumber(unit.registers.module, broadcast), at);
      }
    });
  }

  /** A DMA channel that has its lock, and no words or no room for them. */
  #waitsForPeer(end: StreamEnd, waits: boolean, at: number): void {
    if (!(end instanceof DmaChannel)) return;
    const what = end.direction === "S2MM" ? "STREAM_STARVATION" : "STREAM_BACKPRESSURE";
    this.#dataUnit(end.tile)?.level(channelSource(end.direction, end.channel, what), waits, at);
  }

  #setPort(end: StreamEnd, what: Exclude<PortWhat, "TLAST">, at: number): void {
    const place = this.#portOf(end);
    if (place === undefined) return;
    for (const one of ["IDLE", "RUNNING", "STALLED"] as const) {
      place.unit.level(portSource(place.side, place.number, one), one === what, at);
    }
  }

  /** The port of the tile's switch by which words of an end pass, where the tile's unit sees it. */
  #portOf(end: StreamEnd): WatchedPort | undefined {
    const known = this.#ports.get(end);
    if (known !== undefined || this.#ports.has(end)) return known;
    const found = this.#findPort(end);
    this.#ports.set(end, found);
    return found;
  }

  #findPort(end: StreamEnd): WatchedPort | undefined {
    if (!(end instanceof DmaChannel || end instanceof CorePort)) return undefined;
    const { tile, direction } = end;
    const kind = tileKind(this.#device, tile.col, tile.row)!;
    const unit = this.#unit(tile, kind === "computeTile" ? "core" : kind);
    if (unit === undefined) return undefined;
    return {
      unit,
      side: direction === "S2MM" ? "master" : "slave",
      number: portNumber(kind, end instanceof DmaChannel ? "DMA" : "Core", end),
    };
  }

  #registersAt(
    tile: TileCoord,
    offset: number,
  ): { registers: EventRegisters; unit: TraceUnit | undefined } | undefined {
    const kind = tileKind(this.#device, tile.col, tile.row);
    const modules: readonly TraceModule[] =
      kind === undefined ? [] : kind === "computeTile" ? ["core", "memory"] : [kind];
    const module = modules.find((one) => EventRegisters.has(one, offset));
    if (module === undefined) return undefined;
    const unit = this.#unit(tile, module);
    if (unit !== undefined) return { registers: unit.registers, unit };
    const key = unitKey(tile, module);
    const other = this.#others.get(key) ?? { tile, registers: new EventRegisters(module) };
    this.#others.set(key, other);
    return { registers: other.registers, unit: undefined };
  }
}

const unitKey = (tile: TileCoord, module: TraceModule): string => `${tile.col},${tile.row},${module}`;

function moduleOfPort(kind: TileKind, channel: number): TraceModule {
  if (kind !== "computeTile") return kind;
  return channel === 0 ? "core" : "memory";
}

/** Ports of a shim's switch behind which its mux has the DMA. Source: AM025, NoC module, MUX_CONFIG and DEMUX_CONFIG. */
const shimSouth = { MM2S: [3, 7], S2MM: [2, 3] } as const;

/** Ports of which it is told when their words move: those of the tile's DMA and core. */
function idlePorts(kind: TileKind): Source[] {
  return (["S2MM", "MM2S"] as const).flatMap((direction) => {
    const side = direction === "S2MM" ? "master" : "slave";
    const dma = Array.from({ length: tileModels[kind].dma.channels }, (_, channel) =>
      portNumber(kind, "DMA", { direction, channel }),
    );
    const core = kind === "computeTile" ? [portNumber(kind, "Core", { direction, channel: 0 })] : [];
    return [...dma, ...core].map((number) => portSource(side, number, "IDLE"));
  });
}

function portNumber(
  kind: TileKind,
  bundle: "DMA" | "Core",
  { direction, channel }: { readonly direction: DmaDirection; readonly channel: number },
): number {
  if (kind !== "shim") return switchPortNumber(kind, { bundle, channel, direction });
  return switchPortNumber(kind, { bundle: "South", channel: shimSouth[direction][channel] ?? 0, direction });
}

function sends(end: StreamEnd): boolean {
  return (end as StreamEnd & { readonly direction?: DmaDirection }).direction === "MM2S";
}
