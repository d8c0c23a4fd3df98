import { FormatError } from "@aiekit/core";
import type { TileCoord, TraceModule } from "@aiekit/mlir";
import { tileName } from "../fault.ts";
import { TraceRecorder } from "../trace-recorder.ts";
import { decodeFrames } from "./decode-frames.ts";
import { type EventSlice, eventSlices } from "./event-slices.ts";
import { headerKey, readTracePackets, type TraceProblem, type TraceStream } from "./read-packets.ts";
import type { TraceUnitSettings } from "./unit-settings.ts";

/** An event that a trace unit watched. Cycles are those of its timer. */
export interface TracedEvent {
  readonly name: string;
  readonly times: number;
  readonly cycles: number;
  readonly first: number | undefined;
  readonly last: number | undefined;
}

/** Cycles from each INSTR_EVENT_0 to the INSTR_EVENT_1 that follows it, which kernels set around what is to be timed. */
export interface KernelTimes {
  readonly calls: number;
  readonly least: number;
  readonly median: number;
  readonly most: number;
}

export interface TracedUnit {
  /** Columns are those of the design. */
  readonly tile: TileCoord;
  readonly module: TraceModule;
  readonly packets: number;
  readonly mode: TraceUnitSettings["mode"];
  readonly events: readonly TracedEvent[];
  readonly kernel: KernelTimes | undefined;
}

export interface HardwareTrace {
  readonly units: readonly TracedUnit[];
  /** Units of the design that sent nothing. */
  readonly silent: readonly Pick<TraceUnitSettings, "tile" | "module">[];
  /** Columns by which the partition lies to the right of the design's. */
  readonly columnShift: number;
  /** A track for each event of each unit. */
  readonly trace: TraceRecorder;
  readonly problems: readonly TraceProblem[];
}

/**
 * What the trace units of a design wrote to a host buffer, by the names of the design's events. `columnShift`: found from the
 * leftmost columns when left out.
 * @throws FormatError when there are no packets, and when none is of a unit of the design.
 */
export function hardwareTrace(
  words: Uint32Array,
  units: readonly TraceUnitSettings[],
  columnShift?: number,
): HardwareTrace {
  const expected = units.map(({ packetId, packetType: type, tile }) => headerKey({ packetId, type, row: tile.row }));
  const { streams, problems } = readTracePackets(words, new Set(expected));
  const shift = columnShift ?? leftmost(streams) - leftmost(units);
  const trace = new TraceRecorder();
  const found: {
    readonly problems: readonly TraceProblem[];
    readonly unit: TracedUnit;
    readonly of: TraceUnitSettings;
  }[] = [];
  const strangers: TraceProblem[] = [];
  for (const stream of streams) {
    const of = units.find((unit) => isFrom(stream, unit, shift));
    if (of === undefined) strangers.push(stranger(stream, shift));
    else found.push({ of, ...readUnit(stream, of, trace) });
  }
  if (found.length === 0) throw noneOfDesign(strangers, units, shift);
  const all = [...problems, ...strangers, ...found.flatMap((one) => one.problems)];
  return {
    units: found.map(({ unit }) => unit),
    silent: units.filter((unit) => !found.some(({ of }) => of === unit)).map(({ tile, module }) => ({ tile, module })),
    columnShift: shift,
    trace,
    problems: all.sort((a, b) => a.offset - b.offset),
  };
}

function readUnit(stream: TraceStream, of: TraceUnitSettings, trace: TraceRecorder) {
  const { tile, module, mode } = of;
  const [first] = stream.words;
  if (mode === "execution" || mode === undefined) {
    const message = `the ${module} unit of tile ${tileName(tile)} is in mode execution, which is not read: set Event-Time or Event-PC`;
    const unit: TracedUnit = { tile, module, packets: stream.packets, mode, events: [], kernel: undefined };
    return { unit, problems: [{ offset: first?.offset ?? 0, message }] };
  }
  const { frames, problems } = decodeFrames(stream.words, mode);
  const { slices, repeatsOfNothing } = eventSlices(frames);
  const who = `${module} (${tile.col},${tile.row})`;
  for (const { slot, start, end, pc } of slices) {
    const event = of.events[slot]!;
    const name = pc === undefined ? event : `${event} at 0x${pc.toString(16)}`;
    trace.slice({ track: `${who} ${slot} ${event}`, name, start, end, stall: isStall(event) });
  }
  const unit: TracedUnit = {
    ...{ tile, module, packets: stream.packets, mode },
    events: of.events.flatMap((name, slot) => (name === "NONE" ? [] : [summary(name, slot, slices)])),
    kernel: mode === "event-time" ? kernelTimes(of.events, slices) : undefined,
  };
  const unstarted =
    repeatsOfNothing === 0
      ? []
      : [{ offset: first?.offset ?? 0, message: `${who}: ${repeatsOfNothing} repeats of a frame that is not there` }];
  const named = problems.map(({ offset, message }) => ({ offset, message: `${who}: ${message}` }));
  return { unit, problems: [...named, ...unstarted] };
}

const isStall = (event: string): boolean => /STALL|STARVATION|BACKPRESSURE|CONFLICT/.test(event);

function summary(name: string, slot: number, slices: readonly EventSlice[]): TracedEvent {
  const own = slices.filter((slice) => slice.slot === slot);
  const cycles = own.reduce((sum, { start, end }) => sum + end - start, 0);
  return { name, times: own.length, cycles, first: own[0]?.start, last: own.at(-1)?.start };
}

function kernelTimes(events: readonly string[], slices: readonly EventSlice[]): KernelTimes | undefined {
  const [begin, end] = [events.indexOf("INSTR_EVENT_0"), events.indexOf("INSTR_EVENT_1")];
  if (begin < 0 || end < 0) return undefined;
  const cycles: number[] = [];
  let began: number | undefined;
  for (const { slot, start } of slices) {
    if (slot === begin) began ??= start;
    if (slot !== end || began === undefined) continue;
    cycles.push(start - began);
    began = undefined;
  }
  cycles.sort((a, b) => a - b);
  const [least, most] = [cycles[0], cycles.at(-1)];
  if (least === undefined || most === undefined) return undefined;
  const middle = (cycles.length - 1) / 2;
  const median = (cycles[Math.floor(middle)]! + cycles[Math.ceil(middle)]!) / 2;
  return { calls: cycles.length, least, median, most };
}

function leftmost(places: readonly { readonly tile: TileCoord }[]): number {
  return Math.min(...places.map(({ tile }) => tile.col));
}

function isFrom({ tile, type, packetId }: TraceStream, unit: TraceUnitSettings, shift: number): boolean {
  const { col, row } = unit.tile;
  return tile.row === row && tile.col === col + shift && type === unit.packetType && packetId === unit.packetId;
}

function stranger({ tile, type, packetId, packets, words }: TraceStream, shift: number): TraceProblem {
  const design = `(${tile.col - shift},${tile.row})`;
  return {
    offset: (words[0]?.offset ?? 1) - 1,
    message: `${packets} packets of type ${type}, id ${packetId} from tile ${tileName(tile)}, ${design} of the design: no trace unit of the design sends these`,
  };
}

function noneOfDesign(
  strangers: readonly TraceProblem[],
  units: readonly TraceUnitSettings[],
  shift: number,
): FormatError {
  const sending = units.map(
    ({ tile, packetType, packetId }) => `type ${packetType}, id ${packetId} from ${tileName(tile)}`,
  );
  return new FormatError(`trace: ${strangers[0]?.message ?? "no packets"}`, {
    hint: `units of the design send ${sending.join("; ") || "nothing"}; columns were taken to be shifted by ${shift}`,
    offset: (strangers[0]?.offset ?? 0) * 4,
  });
}
