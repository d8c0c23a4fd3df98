import type { Bundle } from "../device-model/ports.ts";
import type { DmaDirection, TileKind } from "../device-model/tile-model.ts";
import type { Operation } from "../ir/operation.ts";
import { withLocation } from "./location.ts";
import { eventNumber, type TraceModule } from "./trace-events.ts";
import { switchPortNumber } from "./trace-registers.ts";

/** What one field of a register has to hold for a trace. */
export interface TraceSetting {
  readonly register: string;
  readonly field: string;
  readonly value: number;
  readonly comment: string;
  /** The operation that asks for it. */
  readonly op: Operation;
}

export interface TraceUnit {
  readonly module: TraceModule;
  readonly kind: TileKind;
}

/** The values of the dialect's keywords in the registers. */
const modes = ["Event-Time", "Event-PC", "Execution"];
const packetTypes = ["core", "mem", "shimtile", "memtile"];
const logics = ["AND", "AND_NOT", "OR", "OR_NOT"];

/** The fields that the operations of an `aie.trace` set, in the order in which the unit is to be written. */
export function traceSettings(ops: readonly Operation[], unit: TraceUnit): TraceSetting[] {
  const all = (name: string, settings: (op: Operation) => TraceSetting[]) =>
    ops.filter((op) => op.name === name).flatMap((op) => withLocation(op, () => settings(op)));
  return [
    ...all("aie.trace.combo_event", (op) => comboSettings(op, unit)),
    ...all("aie.trace.edge_event", (op) => edgeSettings(op, unit)),
    ...ops.flatMap((op) => withLocation(op, () => controlSettings(op, unit))),
    ...all("aie.trace.port", (op) => portSettings(op, unit)),
    ...ops.filter((op) => op.name === "aie.trace.event").map((op, slot) => eventSetting(op, slot, unit)),
  ];
}

function comboSettings(op: Operation, { module }: TraceUnit): TraceSetting[] {
  const slot = op.int("slot") ?? 0;
  const [a, b] = slot === 1 ? ["eventC", "eventD"] : ["eventA", "eventB"];
  const register = "Combo_event_inputs";
  const input = (field: string, name: "eventA" | "eventB"): TraceSetting => ({
    register,
    field,
    value: eventNumber(module, eventName(op, name)),
    comment: `combo${slot} ${name}`,
    op,
  });
  const value = logics.indexOf(op.text("logic") ?? "");
  const control = { register: "Combo_event_control", field: `combo${slot}`, value, comment: `combo${slot} logic`, op };
  return [input(a ?? "", "eventA"), input(b ?? "", "eventB"), control];
}

function edgeSettings(op: Operation, { module }: TraceUnit): TraceSetting[] {
  const slot = op.int("slot") ?? 0;
  const register = "Edge_Detection_event_control";
  const source = eventNumber(module, eventName(op, "event"));
  const trigger = op.text("trigger");
  const set = (field: string, value: number, what: string): TraceSetting => ({
    register,
    field,
    value,
    comment: `edge${slot} ${what}`,
    op,
  });
  return [
    set(`Edge_Detection_Event_${slot}`, source, "source"),
    set(`Edge_Detection_${slot}_Trigger_Rising`, trigger === "FALLING" ? 0 : 1, "rising"),
    set(`Edge_Detection_${slot}_Trigger_Falling`, trigger === "RISING" ? 0 : 1, "falling"),
  ];
}

/** When the unit runs, how it records and how its packets are marked. A data memory's unit has no mode to set. */
function controlSettings(op: Operation, { module }: TraceUnit): TraceSetting[] {
  const control = (field: string, value: number, comment: string): TraceSetting => ({
    register: "Trace_Control0",
    field,
    value,
    comment,
    op,
  });
  switch (op.name) {
    case "aie.trace.start":
      return [control("Trace_Start_Event", triggerOf(op, module), "start event")];
    case "aie.trace.stop":
      return [control("Trace_Stop_Event", triggerOf(op, module), "stop event")];
    case "aie.trace.mode":
      return module === "memory" ? [] : [control("Mode", modes.indexOf(op.text("mode") ?? ""), "trace mode")];
    case "aie.trace.packet": {
      const type = packetTypes.indexOf(op.text("type") ?? "");
      const register = "Trace_Control1";
      return [
        { register, field: "ID", value: op.int("id") ?? 0, comment: "packet ID", op },
        { register, field: "Packet_Type", value: type, comment: "packet type", op },
      ];
    }
    default:
      return [];
  }
}

/** A broadcast goes in as its own number, as the dialect's compiler has it, not as that of the event BROADCAST_n. */
function triggerOf(op: Operation, module: TraceModule): number {
  return op.int("broadcast") ?? eventNumber(module, eventName(op, "event"));
}

function portSettings(op: Operation, { kind }: TraceUnit): TraceSetting[] {
  const slot = op.int("slot") ?? 0;
  const direction = op.text("direction") as DmaDirection;
  const port = { bundle: op.text("port") as Bundle, channel: op.int("channel") ?? 0, direction };
  const register = `Stream_Switch_Event_Port_Selection_${slot < 4 ? 0 : 1}`;
  const isMaster = direction === "S2MM" ? 1 : 0;
  return [
    { register, field: `Port_${slot}_ID`, value: switchPortNumber(kind, port), comment: `port ${slot} ID`, op },
    { register, field: `Port_${slot}_Master_Slave`, value: isMaster, comment: `port ${slot} master/slave`, op },
  ];
}

function eventSetting(op: Operation, slot: number, { module }: TraceUnit): TraceSetting {
  const comment = eventName(op, "event");
  const value = withLocation(op, () => eventNumber(module, comment));
  return { register: `Trace_Event${slot < 4 ? 0 : 1}`, field: `Trace_Event${slot}`, value, comment, op };
}

/** The event that an attribute names, as `"LOCK_STALL"` or as `CoreEventAIE2::LOCK_STALL`. */
function eventName(op: Operation, key: string): string {
  const attribute = op.attributes.get(key);
  const text = attribute?.kind === "opaque" ? attribute.text : "";
  const name = (/<(.*)>$/.exec(text)?.[1] ?? "").replace(/^"(.*)"$/, "$1");
  return name.split("::").at(-1) ?? "";
}
