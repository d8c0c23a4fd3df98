import { broadcastName, eventNumber, isEvent, type TileKind, type TraceModule, tileModels } from "@aiekit/mlir";
import type { EventRegisters } from "./event-registers.ts";

/** What happens in a tile, whatever event of a module it is: `DMA S2MM 0 FINISHED_BD`, `port master 1 RUNNING`. */
export type Source = string;

export const channelSource = (direction: "S2MM" | "MM2S", channel: number, what: string): Source =>
  `DMA ${direction} ${channel} ${what}`;
export const lockSource = (id: number, what: LockWhat): Source => `lock ${id} ${what}`;
export const portSource = (side: "master" | "slave", number: number, what: PortWhat): Source =>
  `port ${side} ${number} ${what}`;

type LockWhat = "ACQ_EQ" | "ACQ_GE" | "REL";
export type PortWhat = "IDLE" | "RUNNING" | "STALLED" | "TLAST";

/** Endings of the names of a channel's events by direction. Those of memory that keeps a channel waiting never come here. */
const channelWhat = {
  S2MM: ["START_TASK", "FINISHED_BD", "FINISHED_TASK", "STALLED_LOCK", "STREAM_STARVATION"],
  MM2S: ["START_TASK", "FINISHED_BD", "FINISHED_TASK", "STALLED_LOCK", "STREAM_BACKPRESSURE"],
} as const;

/** Events that a core tells by their own names. */
const coreEvents = [
  ...["ACTIVE", "DISABLED", "LOCK_STALL", "STREAM_STALL", "CASCADE_STALL", "INSTR_EVENT_0", "INSTR_EVENT_1"],
  ...["INSTR_LOCK_ACQUIRE_REQ", "INSTR_LOCK_RELEASE_REQ", "INSTR_STREAM_GET", "INSTR_STREAM_PUT"],
  ...["INSTR_CASCADE_GET", "INSTR_CASCADE_PUT"],
];

/** Numbers of a module's events by what they tell, as its selection registers are now. */
export function eventsBySource(registers: EventRegisters, kind: TileKind): Map<Source, number[]> {
  const { module } = registers;
  const events = new Map<Source, number[]>();
  const add = (source: Source, ...names: readonly string[]): void => {
    const known = events.get(source) ?? [];
    for (const name of names) if (isEvent(module, name)) known.push(eventNumber(module, name));
    if (known.length > 0) events.set(source, known);
  };
  if (module === "core") for (const name of coreEvents) add(name, name);
  if (module !== "core") addChannels(registers, kind, add);
  registers.locks.forEach((id, i) => {
    add(lockSource(id, "ACQ_EQ"), `LOCK_SEL${i}_ACQ_EQ`, `LOCK_${i}_ACQ_EQ`);
    add(lockSource(id, "ACQ_GE"), `LOCK_SEL${i}_ACQ_GE`, `LOCK_${i}_ACQ_GE`);
    add(lockSource(id, "REL"), `LOCK_SEL${i}_REL`, `LOCK_${i}_REL`);
  });
  registers.ports.forEach(({ side, number }, i) => {
    for (const what of ["IDLE", "RUNNING", "STALLED", "TLAST"] as const) {
      add(portSource(side, number, what), `PORT_${what}_${i}`);
    }
  });
  return events;
}

type Add = (source: Source, ...names: readonly string[]) => void;

function addChannels(registers: EventRegisters, kind: TileKind, add: Add): void {
  for (const direction of ["S2MM", "MM2S"] as const) {
    for (const what of channelWhat[direction]) {
      if (kind === "memtile") {
        for (const index of [0, 1]) {
          const channel = registers.selectedChannel(direction, index);
          add(channelSource(direction, channel, what), `DMA_${direction}_SEL${index}_${what}`);
        }
        continue;
      }
      for (let channel = 0; channel < tileModels[kind].dma.channels; channel++) {
        add(channelSource(direction, channel, what), `DMA_${direction}_${channel}_${what}`);
      }
    }
  }
}

/**
 * Those of `events` that the simulator does not know, each once: what they depend on is not modelled. `hasPort`: whether
 * somebody tells of a port when its words move.
 */
export function unknownEvents(
  registers: EventRegisters,
  { kind, events, hasPort }: UnknownQuestion,
  depth = 0,
): number[] {
  const known = new Set<number>([0, 1]);
  for (const [source, numbers] of eventsBySource(registers, kind)) {
    if (source.startsWith("port ") && !hasPort(source)) continue;
    for (const number of numbers) known.add(number);
  }
  const isKnown = (number: number): boolean => {
    if (known.has(number) || alwaysKnown(registers.module).has(number)) return true;
    const inputs = derivedFrom(registers, number);
    return (
      inputs !== undefined &&
      depth < 2 &&
      unknownEvents(registers, { kind, events: inputs, hasPort }, depth + 1).length === 0
    );
  };
  return [...new Set(events)].filter((number) => !isKnown(number));
}

interface UnknownQuestion {
  readonly kind: TileKind;
  readonly events: readonly number[];
  readonly hasPort: (source: Source) => boolean;
}

/** Combinations and edges: the events that they are made of. */
function derivedFrom(registers: EventRegisters, number: number): readonly number[] | undefined {
  const { module, comboInputs: inputs } = registers;
  const [combo0, combo1, combo2, edge0, edge1] = derivedNumbers(module);
  switch (number) {
    case combo0:
      return inputs.slice(0, 2);
    case combo1:
      return inputs.slice(2, 4);
    case combo2:
      return inputs;
    case edge0:
      return [registers.edge(0).event];
    case edge1:
      return [registers.edge(1).event];
    default:
      return undefined;
  }
}

/** Numbers of COMBO_EVENT_0 to 2 and of EDGE_DETECTION_EVENT_0 and 1. */
export function derivedNumbers(module: TraceModule): readonly number[] {
  const names = ["COMBO_EVENT_0", "COMBO_EVENT_1", "COMBO_EVENT_2", "EDGE_DETECTION_EVENT_0", "EDGE_DETECTION_EVENT_1"];
  return names.map((name) => eventNumber(module, name));
}

export function broadcastNumber(module: TraceModule, broadcast: number): number {
  return eventNumber(module, broadcastName(module, broadcast));
}

function alwaysKnown(module: TraceModule): ReadonlySet<number> {
  const users = [0, 1, 2, 3].map((i) => `USER_EVENT_${i}`).filter((name) => isEvent(module, name));
  const all = Array.from({ length: 16 }, (_, i) => broadcastNumber(module, i));
  return new Set([...users.map((name) => eventNumber(module, name)), ...all]);
}
