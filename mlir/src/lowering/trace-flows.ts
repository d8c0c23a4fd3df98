import { DesignError } from "@aiekit/core";
import { tileOp } from "../builder/aie-ops.ts";
import { packetFlowOp } from "../builder/fabric-ops.ts";
import { addressPatchOp, maskWrite32Op, write32Op } from "../builder/npu-ops.ts";
import { bdOffset, channelControlOffset, taskQueueRegisterOffset, tileAddress } from "../device-model/registers.ts";
import { tileModels } from "../device-model/tile-model.ts";
import { enumAttr, integerAttr } from "../ir/attributes.ts";
import { Operation, type Value } from "../ir/operation.ts";
import { i32, memrefBytes } from "../ir/types.ts";
import { controllerId } from "./controller-ids.ts";
import {
  appendToDevice,
  coordOf,
  type Device,
  opsNamed,
  placeText,
  sameTile,
  symbolName,
  tileModelOf,
  tileOperand,
} from "./device-ops.ts";
import { withLocation } from "./location.ts";
import { broadcastName, eventNumber, type TraceModule } from "./trace-events.ts";
import { eventBlockOffset, inEventBlock } from "./trace-registers.ts";

/** Shim, BD and burst that carry packets to the host. Source: AIEInsertTraceFlows; measured. */
const shimPlace = { col: 0, row: 0 };
const traceBd = 15;
const burstBytes = 64;
/** Id for a shim's tokens where its tile names none, and the field of the channel's control register that takes it. */
const tokenPacketId = 15;
const tokenIdMask = 0xff00;
const packetIdMax = 31;

/** An `aie.trace`, and the port by which its unit sends. */
interface TraceSource {
  readonly trace: Operation;
  readonly tile: Value;
  readonly module: TraceModule;
  readonly id: number;
  /** Broadcasts that start and stop it; undefined where other events do. */
  readonly start: number | undefined;
  readonly stop: number | undefined;
}

/**
 * Makes what `aie.trace.host_config` of a sequence asks for: a packet flow from each trace's unit to shim (0,0), and in the sequence
 * the BD for the host's argument, timers that the start resets, and the shim's user events that start and stop the units. Broadcasts are
 * then the events BROADCAST_n of the units, a mode is a core's alone, and a trace without a packet id gets one. Designs without host_config stay as they are.
 * Source: AIEInsertTraceFlows, and AIETraceToConfig of the same age, which are younger than the revision of the other passes; measured.
 * @throws DesignError for traces without start or stop, ids and units that are used twice, and a shim without a free channel.
 */
export function insertTraceFlows(device: Device): void {
  const hosts = opsNamed(device, "aie.runtime_sequence").flatMap((sequence) => {
    const config = sequence.regions[0]?.entry.ops.find((op) => op.name === "aie.trace.host_config");
    return config === undefined ? [] : [{ sequence, config }];
  });
  const traces = opsNamed(device, "aie.trace");
  if (hosts.length === 0 || traces.length === 0) return;
  givePackets(traces, device);
  const sources = traces.map((trace) => withLocation(trace, () => sourceOf(trace, device)));
  expectOwnIds(sources);
  expectOwnUnits(sources);
  const shim = shimTile(device);
  const channel = withLocation(hosts[0]!.config, () => freeChannel(device));
  for (const { tile, id, module } of sources) {
    const from = { tile, bundle: "Trace" as const, channel: module === "memory" ? 1 : 0 };
    const to = [{ tile: shim, bundle: "DMA" as const, channel }];
    appendToDevice(device, packetFlowOp({ id, from, to, keepHeader: true }));
  }
  for (const source of sources) {
    nameBroadcasts(source);
    dropMode(source);
  }
  const tokens = controllerId(device, shimPlace) ?? tokenPacketId;
  for (const host of hosts) withLocation(host.config, () => drive(host, sources, channel, tokens));
}

/** The least ids that no trace has, in the order of the traces; each at the head of its trace. */
function givePackets(traces: readonly Operation[], device: Device): void {
  const packetOf = (trace: Operation) => bodyOf(trace).find((op) => op.name === "aie.trace.packet");
  const taken = new Set(traces.map((trace) => packetOf(trace)?.int("id")));
  for (const trace of traces) {
    const block = trace.regions[0]?.entry;
    if (block === undefined || packetOf(trace) !== undefined) continue;
    const id = Array.from({ length: packetIdMax }, (_, i) => i + 1).find((one) => !taken.has(one));
    if (id === undefined) {
      withLocation(trace, () => {
        throw new DesignError(`no packet id is left for trace @${symbolName(trace)}: there are 1 to ${packetIdMax}`);
      });
      continue;
    }
    taken.add(id);
    const { kind } = tileModelOf(device, tileOperand(trace));
    const type = kind === "computeTile" ? "core" : kind === "shim" ? "shimtile" : "memtile";
    const packet = new Operation("aie.trace.packet", {
      attributes: { id: integerAttr(id, i32), type: enumAttr(type) },
      loc: trace.loc,
    });
    const [first] = block.ops;
    if (first === undefined) block.append(packet);
    else block.insertBefore(first, packet);
  }
}

const bodyOf = (trace: Operation): readonly Operation[] => trace.regions[0]?.entry.ops ?? [];

function sourceOf(trace: Operation, device: Device): TraceSource {
  const ops = bodyOf(trace);
  const find = (name: string): Operation => {
    const op = ops.find((one) => one.name === `aie.trace.${name}`);
    if (op !== undefined) return op;
    throw new DesignError(`trace is missing 'aie.trace.${name}'`, {
      hint: `aie.trace.host_config drives trace @${symbolName(trace)}, which needs a start and a stop`,
    });
  };
  const packet = find("packet");
  const tile = tileOperand(trace);
  const { kind } = tileModelOf(device, tile);
  const module = kind !== "computeTile" ? kind : packet.text("type") === "mem" ? "memory" : "core";
  const [start, stop] = [find("start").int("broadcast"), find("stop").int("broadcast")];
  return { trace, tile, module, id: packet.int("id") ?? 0, start, stop };
}

function expectOwnIds(sources: readonly TraceSource[]): void {
  for (const [i, { trace, id }] of sources.entries()) {
    const other = sources.slice(0, i).find((one) => one.id === id);
    if (other === undefined) continue;
    withLocation(trace, () => {
      throw new DesignError(
        `trace packet id ${id} is already used by another trace; explicit packet ids must be unique across the device`,
        { hint: `trace @${symbolName(other.trace)} has it: by the id packets find their flow` },
      );
    });
  }
}

function expectOwnUnits(sources: readonly TraceSource[]): void {
  for (const [i, { trace, tile, module }] of sources.entries()) {
    const other = sources.slice(0, i).find((one) => one.module === module && sameTile(one.tile, tile));
    if (other === undefined) continue;
    withLocation(trace, () => {
      throw new DesignError(
        `tile ${placeText(coordOf(tile))} is traced more than once on the same trace unit, its ${module}'s`,
        { hint: `trace @${symbolName(other.trace)} has it: put the events of both into one trace` },
      );
    });
  }
}

function shimTile(device: Device): Value {
  const known = opsNamed(device, "aie.tile").find((op) => op.int("col") === shimPlace.col && op.int("row") === 0);
  if (known !== undefined) return known.result;
  const made = tileOp(shimPlace);
  const [first] = device.block.ops;
  return (first === undefined ? device.block.append(made) : device.block.insertBefore(first, made)).result;
}

/** Channel 1, or 0 where a flow has taken 1. objectFifos take the lowest that are free. */
function freeChannel(device: Device): number {
  const isShim = (tile: Value | undefined): boolean =>
    tile !== undefined && coordOf(tile).col === shimPlace.col && coordOf(tile).row === 0;
  const used = new Set<number>();
  for (const op of opsNamed(device, "aie.flow", "aie.packet_flow", "aie.shim_dma_allocation")) {
    if (op.name === "aie.flow" && op.text("dest_bundle") === "DMA" && isShim(op.operands[1])) {
      used.add(op.int("dest_channel") ?? 0);
    } else if (op.name === "aie.shim_dma_allocation" && op.text("channel_dir") === "S2MM" && isShim(op.operands[0])) {
      used.add(op.int("channel_index") ?? 0);
    }
    for (const end of op.regions[0]?.entry.ops ?? []) {
      const isDma = end.name === "aie.packet_dest" && end.text("bundle") === "DMA";
      if (isDma && isShim(end.operands[0])) used.add(end.int("channel") ?? 0);
    }
  }
  const fifos = opsNamed(device, "aie.objectfifo").filter((op) => op.operands.slice(1).some(isShim)).length;
  const free = [1, 0].filter((channel) => !used.has(channel));
  const channel = free.find((one) => fifos === 0 || one > 0) ?? free[0];
  if (channel !== undefined && fifos < free.length) return channel;
  throw new DesignError(`no S2MM channels available on shim tile at column ${shimPlace.col} for trace packets`, {
    hint: "both are taken by flows and objectFifos: let one of these end at another column's shim",
  });
}

/** Broadcasts become events. The shim that makes them does not hear them: its unit goes by the user events. */
function nameBroadcasts({ trace, tile, module }: TraceSource): void {
  const isMaker = module === "shim" && coordOf(tile).col === shimPlace.col;
  for (const op of bodyOf(trace)) {
    const broadcast = op.int("broadcast");
    if (broadcast === undefined || !/^aie\.trace\.(start|stop)$/.test(op.name)) continue;
    const user = op.name === "aie.trace.start" ? "USER_EVENT_1" : "USER_EVENT_0";
    const name = isMaker ? user : broadcastName(module, broadcast);
    op.attributes.delete("broadcast");
    op.attributes.set("event", { kind: "opaque", text: `#aie.trace_event<"${name}">` });
  }
}

/** Units of memtiles and shims have none, no more than those of memories. */
function dropMode({ trace, module }: TraceSource): void {
  if (module === "core") return;
  for (const op of bodyOf(trace).filter(({ name }) => name === "aie.trace.mode")) trace.regions[0]?.entry.remove(op);
}

interface Host {
  readonly sequence: Operation;
  readonly config: Operation;
}

/** Starts the units behind the writes of their registers, at the head where there are none, and stops them at the end. */
function drive({ sequence, config }: Host, sources: readonly TraceSource[], channel: number, tokens: number): void {
  const block = sequence.regions[0]!.entry;
  const { loc } = config;
  const started = block.ops.filter((op) => op.name === "aie.trace.start_config").at(-1);
  const anchor = block.ops[started === undefined ? 0 : block.ops.indexOf(started) + 1];
  const insert = (op: Operation): void => {
    if (anchor === undefined) block.append(op);
    else block.insertBefore(anchor, op);
  };
  const { shim } = tileModels;
  const { argIndex, argPlus } = argumentOf(sequence, config);
  const write = (address: number, value: number, place = shimPlace): Operation =>
    write32Op({ address, value, ...place, loc });
  for (const { tile, module, start } of sources) {
    const place = coordOf(tile);
    if (start === undefined || (place.col === shimPlace.col && place.row === 0)) continue;
    insert(write(timerOf(module), eventNumber(module, broadcastName(module, start)) << 8, place));
  }
  insert(writeBdOp((config.int("buffer_size") ?? 0) / 4, config));
  insert(addressPatchOp({ address: tileAddress(0, 0, bdOffset(shim, traceBd)) + 4, argIndex, argPlus }, loc));
  const control = channelControlOffset(shim, "S2MM", channel);
  insert(maskWrite32Op({ address: control, value: tokens << 8, mask: tokenIdMask, ...shimPlace, loc }));
  insert(write(taskQueueRegisterOffset(shim, "S2MM", channel), 2 ** 31 + traceBd));
  const [start, stop] = (["start", "stop"] as const).map(
    (what) => sources.find((one) => one[what] !== undefined)?.[what],
  );
  if (start !== undefined) {
    insert(write(timerOf("shim"), eventNumber("shim", "USER_EVENT_1") << 8));
    for (const op of broadcastOps("USER_EVENT_1", start, write)) insert(op);
  }
  const end = block.ops.at(-1);
  for (const op of stop === undefined ? [] : broadcastOps("USER_EVENT_0", stop, write)) {
    if (end?.name === "aie.end") block.insertBefore(end, op);
    else block.append(op);
  }
  block.remove(config);
}

/** The shim makes a user event that goes out as a broadcast. */
function broadcastOps(
  user: string,
  broadcast: number,
  write: (address: number, value: number) => Operation,
): Operation[] {
  const event = eventNumber("shim", user);
  const block = eventBlockOffset("shim");
  const { firstBroadcast, generate } = inEventBlock;
  return [write(block + firstBroadcast + 4 * broadcast, event), write(block + generate, event)];
}

const timerOf = (module: TraceModule): number => eventBlockOffset(module) + inEventBlock.timerControl;

/** `arg_idx = -1`: behind what the last argument holds. */
function argumentOf(sequence: Operation, config: Operation): { argIndex: number; argPlus: number } {
  const argIndex = config.int("arg_idx") ?? 4;
  if (argIndex !== -1) return { argIndex, argPlus: 0 };
  const args = sequence.regions[0]?.entry.args ?? [];
  const type = args.at(-1)?.type;
  if (type?.kind === "memref") return { argIndex: args.length - 1, argPlus: memrefBytes(type) };
  throw new DesignError(
    "aie.trace.host_config arg_idx = -1: expected a memref as last argument of the sequence, got none",
    {
      hint: `declare an argument, or give the index of the host's buffer (tile ${placeText(shimPlace)} writes it)`,
    },
  );
}

/** Fields that a BD for packets leaves 0. */
const zeroFields = [
  ...["buffer_offset", "column", "row", "packet_id", "packet_type", "out_of_order_id", "next_bd", "use_next_bd"],
  ...["iteration_current", "iteration_size", "iteration_stride"],
  ...["lock_acq_enable", "lock_acq_id", "lock_acq_val", "lock_rel_id", "lock_rel_val"],
  ...["d0", "d1", "d2"].flatMap((d) => ["size", "stride", "zero_after", "zero_before"].map((what) => `${d}_${what}`)),
];

function writeBdOp(lengthWords: number, config: Operation): Operation {
  if (!Number.isInteger(lengthWords) || lengthWords <= 0) {
    throw new DesignError(
      `aie.trace.host_config: expected a buffer_size of whole words, got ${4 * lengthWords} bytes`,
      {
        hint: "packets have 32 bytes: give a multiple of that",
      },
    );
  }
  const given = { bd_id: traceBd, buffer_length: lengthWords, burst_length: burstBytes, enable_packet: 1, valid_bd: 1 };
  const fields = [...Object.entries(given), ...zeroFields.map((name) => [name, 0] as const)];
  return new Operation("aiex.npu.writebd", {
    attributes: Object.fromEntries(fields.map(([name, value]) => [name, integerAttr(value, i32)])),
    loc: config.loc,
  });
}
