import { eventName, type TileCoord, type TraceModule } from "@aiekit/mlir";
import { DmaChannel } from "../dma-channel.ts";
import { tileName } from "../fault.ts";
import { Stream } from "../stream.ts";
import { broadcasts, type EventRegisters } from "./event-registers.ts";
import { broadcastNumber, unknownEvents } from "./event-sources.ts";
import { TracePort } from "./trace-port.ts";
import type { TraceUnit } from "./trace-unit.ts";
import type { TraceUnits } from "./trace-units.ts";

/** What of a design's traces did not come to the host behind a run, and why; what hardware would do without a word is told too. */
export function traceWarnings(units: TraceUnits): string[] {
  const silent = units.silent.map(({ tile, registers }) => noFlow(tile, registers));
  return [...silent, ...units.sending.filter(({ registers }) => registers.isTrace).flatMap(unitWarnings)];
}

const portOf = (module: TraceModule): number => (module === "memory" ? 1 : 0);
const nameOf = (module: TraceModule, tile: TileCoord): string => `trace unit ${module} of ${tileName(tile)}`;

function noFlow(tile: TileCoord, { module, packet }: EventRegisters): string {
  const port = `Trace : ${portOf(module)}`;
  return `${nameOf(module, tile)} is set up, and no flow leads from its port ${port} to a DMA, so that nothing of it arrives; add aie.packet_flow(${packet.id}) from there to a DMA of a shim`;
}

function unitWarnings(unit: TraceUnit): string[] {
  const { registers, port, place } = unit;
  const who = nameOf(registers.module, place.tile);
  if (registers.mode !== 0) {
    const mode = ["", "event-PC", "execution", "3"][registers.mode];
    return [`${who}: mode ${mode} is not simulated, nothing is sent; set Event-Time`];
  }
  const all = [notKnown(unit), notStarted(unit), notStopped(unit), notTaken(unit), headerless(unit), mixed(unit)];
  if (port.lost > 0) all.push(`${port.lost} packets were lost behind ${port.waiting} that wait`);
  return all.flatMap((text) => (text === undefined ? [] : [`${who}: ${text}`]));
}

/** Events that the simulator does not know: they are not in the trace, whether or not they happen on hardware. */
function notKnown(unit: TraceUnit): string | undefined {
  const { registers, place } = unit;
  const watched = [...registers.slots, registers.event("start"), registers.event("stop")];
  // Of a port of which somebody tells, it is known that it is idle before.
  const hasPort = (source: string): boolean => unit.knows(source.replace(/\w+$/, "IDLE"));
  const unknown = unknownEvents(registers, { kind: place.kind, events: watched, hasPort });
  if (unknown.length === 0) return undefined;
  const names = unknown.map((event) => eventName(registers.module, event)).join(", ");
  return `the simulator does not know ${names}: nothing of ${unknown.length === 1 ? "it" : "them"} is in the trace`;
}

function notStarted({ registers, wasStarted }: TraceUnit): string | undefined {
  if (wasStarted) return undefined;
  const start = registers.event("start");
  const { module } = registers;
  const meant = start > 0 && start < broadcasts ? broadcastNumber(module, start) : undefined;
  const hint =
    meant === undefined
      ? ""
      : `; ${eventName(module, meant)} has the number ${meant}, write event=<"${eventName(module, meant)}"> for it`;
  return `it never started: its start event is ${start} (${eventName(module, start)}), which did not happen${hint}`;
}

function notStopped({ registers, isRunning, waitingWords }: TraceUnit): string | undefined {
  if (!isRunning || waitingWords === 0) return undefined;
  const stop = eventName(registers.module, registers.event("stop"));
  return `it was not stopped (stop event ${stop}), so that the last ${waitingWords} words stay in it; let the sequence make its stop event at the end`;
}

function notTaken({ port, registers }: TraceUnit): string | undefined {
  if (port.waiting === 0) return undefined;
  const packets = `${port.waiting} packet${port.waiting === 1 ? " was" : "s were"} not taken`;
  const id = port.packetId ?? registers.packet.id;
  const [stream] = port.streams;
  const sinks = stream?.sinks() ?? [];
  if (sinks.length === 0) {
    const ids = stream?.packetIds.join(", ");
    return `${packets}: no flow from its port has packet id ${id}, flows have ${ids}; give the trace and its flow one id`;
  }
  const full = sinks.find((sink) => sink instanceof DmaChannel && sink.state !== "ready");
  if (full === undefined)
    return `${packets} before the run ended: others were before ${port.waiting === 1 ? "it" : "them"}`;
  return full.movedWords === 0
    ? `${packets}: ${full.agentName} was not started; write a BD for the trace's host argument and push it to its queue`
    : `${packets}: ${full.agentName} took ${4 * full.movedWords} bytes and has no more room; make the trace's buffer larger`;
}

/** Packets without headers cannot be told apart, so that nobody can read them. */
function headerless({ port, registers }: TraceUnit): string | undefined {
  const all = port.streams.flatMap((stream) => (stream instanceof Stream ? stream.routes : []));
  const routes = all.filter(({ packetId }) => packetId === undefined || packetId === registers.packet.id);
  const drops = routes.some(({ sinks, headerSinks }) => sinks.some((sink) => !headerSinks.includes(sink)));
  return drops ? "its flow drops the packets' headers, which readers need; set keep_pkt_header = true" : undefined;
}

/** Words of others among the packets of a channel. */
function mixed({ port }: TraceUnit): string | undefined {
  for (const sink of port.streams.flatMap(({ ends }) => ends)) {
    const other = sink.streams.find(({ source }) => !(source instanceof TracePort));
    if (other === undefined) continue;
    return `its packets come to ${sink.agentName}, and words of ${other.source.agentName} as well; give them a channel of their own`;
  }
  return undefined;
}
