import { DesignError } from "@aiekit/core";
import type { Bundle } from "../device-model/ports.ts";
import type { DmaDirection, TileKind } from "../device-model/tile-model.ts";
import type { TraceModule } from "./trace-events.ts";

/** Bits `shift` to `shift + width - 1` of a register. */
interface RegisterField {
  readonly shift: number;
  readonly width: number;
}

/** Offset of a trace register within its tile. @throws DesignError when the module has no such register. */
export function traceRegisterOffset(module: TraceModule, register: string): number {
  const offset = registersOf(module).get(register);
  if (offset !== undefined) return offset;
  throw new DesignError(`Register not found in database: ${register}: the ${module} module's trace unit lacks it`);
}

/** Place of a field in a trace register. @throws DesignError when the register lacks it. */
export function traceField(module: TraceModule, register: string, field: string): RegisterField {
  traceRegisterOffset(module, register);
  const place = fieldsOf(module, register)[field];
  if (place !== undefined) return place;
  throw new DesignError(`Field not found in register: ${field} in ${register} of the ${module} module`, {
    ...(field === "Mode" && { hint: "only a core's trace has a mode: leave aie.trace.mode out" }),
  });
}

/** Offset of a module's block of event registers within its tile; those of `inEventBlock` are counted from it. */
export function eventBlockOffset(module: TraceModule): number {
  return bases[module].events;
}

/** Registers of the block that are no trace's own. */
export const inEventBlock = { timerControl: 0, generate: 0x8, firstBroadcast: 0x10 } as const;

interface SwitchPort {
  readonly bundle: Bundle;
  readonly channel: number;
  readonly direction: DmaDirection;
}

/** Number of a port among all of its switch's masters (S2MM) or slaves (MM2S), as the port selection takes it. */
export function switchPortNumber(kind: TileKind, port: SwitchPort): number {
  const first = firstPorts[kind][port.direction][port.bundle];
  if (first !== undefined) return first + port.channel;
  throw new DesignError(`Failed to resolve port value: ${port.bundle}:${port.channel}`, {
    hint: `ports that a trace can watch here: ${Object.keys(firstPorts[kind][port.direction]).join(", ")}`,
  });
}

/**
 * Start of the block of event registers, and of the port selection where the module has one. Source: aie-rt
 * xaiemlgbl_params.h, TRACE_CONTROL0 - 0xD0 and STREAM_SWITCH_EVENT_PORT_SELECTION_0 of each module.
 */
const bases: Readonly<Record<TraceModule, { readonly events: number; readonly ports?: number }>> = {
  core: { events: 0x34000, ports: 0x3ff00 },
  memory: { events: 0x14000 },
  memtile: { events: 0x94000, ports: 0xb0f00 },
  shim: { events: 0x34000, ports: 0x3ff00 },
};

function registersOf(module: TraceModule): ReadonlyMap<string, number> {
  const { events, ports } = bases[module];
  const registers = new Map([
    ["Trace_Control0", events + 0xd0],
    ["Trace_Control1", events + 0xd4],
    ["Trace_Event0", events + 0xe0],
    ["Trace_Event1", events + 0xe4],
    ["Combo_event_inputs", events + 0x400],
    ["Combo_event_control", events + 0x404],
    ["Edge_Detection_event_control", events + 0x408],
  ]);
  if (ports === undefined) return registers;
  return registers
    .set("Stream_Switch_Event_Port_Selection_0", ports)
    .set("Stream_Switch_Event_Port_Selection_1", ports + 4);
}

/** Memtiles have more than 128 events. Source for these and the fields: aie-rt xaiemlgbl_params.h. */
const eventBits: Readonly<Record<TraceModule, number>> = { core: 7, memory: 7, memtile: 8, shim: 7 };

function fieldsOf(module: TraceModule, register: string): Readonly<Record<string, RegisterField | undefined>> {
  const event = (shift: number): RegisterField => ({ shift, width: eventBits[module] });
  const bit = (shift: number): RegisterField => ({ shift, width: 1 });
  const fields: Readonly<Record<string, Readonly<Record<string, RegisterField>>>> = {
    Trace_Control0: {
      ...(module === "core" && { Mode: { shift: 0, width: 2 } }),
      Trace_Start_Event: event(16),
      Trace_Stop_Event: event(24),
    },
    Trace_Control1: { ID: { shift: 0, width: 5 }, Packet_Type: { shift: 12, width: 3 } },
    Trace_Event0: fourOf("Trace_Event#", 0, event),
    Trace_Event1: fourOf("Trace_Event#", 4, event),
    Combo_event_inputs: { eventA: event(0), eventB: event(8), eventC: event(16), eventD: event(24) },
    Combo_event_control: {
      combo0: { shift: 0, width: 2 },
      combo1: { shift: 8, width: 2 },
      combo2: { shift: 16, width: 2 },
    },
    Edge_Detection_event_control: {
      Edge_Detection_Event_0: event(0),
      Edge_Detection_0_Trigger_Rising: bit(9),
      Edge_Detection_0_Trigger_Falling: bit(10),
      Edge_Detection_Event_1: event(16),
      Edge_Detection_1_Trigger_Rising: bit(25),
      Edge_Detection_1_Trigger_Falling: bit(26),
    },
    Stream_Switch_Event_Port_Selection_0: portFields(0),
    Stream_Switch_Event_Port_Selection_1: portFields(4),
  };
  return fields[register] ?? {};
}

function portFields(first: number): Record<string, RegisterField> {
  return {
    ...fourOf("Port_#_ID", first, (shift) => ({ shift, width: 5 })),
    ...fourOf("Port_#_Master_Slave", first, (shift) => ({ shift: shift + 5, width: 1 })),
  };
}

/** One field in each byte of a register; `#` in the name counts from `first`. */
function fourOf(name: string, first: number, field: (shift: number) => RegisterField): Record<string, RegisterField> {
  return Object.fromEntries([0, 1, 2, 3].map((i) => [name.replace("#", String(first + i)), field(8 * i)]));
}

/** Number of each bundle's port 0. Source: aie-rt, stream switch port maps of AIE-ML; measured. */
const firstPorts: Readonly<Record<TileKind, Record<DmaDirection, Partial<Record<Bundle, number>>>>> = {
  computeTile: {
    S2MM: { Core: 0, DMA: 1, FIFO: 4, South: 5, West: 9, North: 13, East: 19 },
    MM2S: { Core: 0, DMA: 1, FIFO: 4, South: 5, West: 11, North: 15, East: 19 },
  },
  memtile: {
    S2MM: { DMA: 0, South: 7, North: 11 },
    MM2S: { DMA: 0, South: 7, North: 13 },
  },
  shim: {
    S2MM: { FIFO: 1, South: 2, West: 8, North: 12, East: 18 },
    MM2S: { FIFO: 1, South: 2, West: 10, North: 14, East: 18 },
  },
};
