import { bound } from "./bound-call.ts";
import { pointerSlotBytes } from "./core-emitter.ts";
import { SimFault, tileName } from "./fault.ts";
import { type KernelFunction, windowPage } from "./kernel-module.ts";
import { bufferBehind, type KernelSite } from "./kernel-site.ts";
import { pageBytes } from "./stack-room.ts";
import type { TileMemory } from "./tile-memory.ts";

/** Bytes around a neighbour's buffer that are kept right as well, so that small overruns do what they do on hardware. */
const windowSlackBytes = 256;
/** Bytes at each end of a guard page that are looked at after a call. */
const guardBytes = 1024;
/** What they hold, eight bytes at a time: two words, which make no NaN. */
const guardValue = new Float64Array(Uint32Array.of(0xa5c3_5a3c, 0xa5c3_5a3c).buffer)[0]!;

/** True for a core whose memory has more pages than its tile's own. */
export function hasWindows({ memories, module }: KernelSite): boolean {
  return memories.length > 1 || module!.stack?.guardPage !== undefined;
}

/** A kernel whose arguments in neighbours' memory are copied into their windows before a call, and back behind it. */
interface KernelWindows {
  readonly run: KernelFunction;
  /** The same with these arguments: what has to be copied for them is looked up once. */
  readonly bound: (args: readonly (number | bigint)[]) => () => number | bigint | undefined;
}

export function kernelWindows(kernel: KernelFunction, site: KernelSite): KernelWindows {
  const { call, memories } = site;
  const windows = new Uint8Array(site.module!.memory.buffer);
  const guards = memories.slice(1).flatMap((_, i) => guardsOf(windows, i + 1));
  const { guardPage } = site.module!.stack ?? {};
  if (guardPage !== undefined) guards.push(guardAt(windows, guardPage * pageBytes, memories.length));
  for (const { values } of guards) values.fill(guardValue);
  const pointers = [...call.pointers.keys()].filter((i) => call.pointers[i]);
  // Bodies pass few addresses, again and again.
  const shared = new Map<number, SharedBytes | undefined>();
  const sharedBehind = (pointer: number): SharedBytes | undefined => {
    if (!shared.has(pointer)) shared.set(pointer, sharedBytes(windows, memories, pointer));
    return shared.get(pointer);
  };
  const around = (there: readonly SharedBytes[], invoke: () => number | bigint | undefined) => {
    for (const { window, memory } of there) window.set(memory);
    const value = invoke();
    for (const guard of guards) if (!isWhole(guard.values)) throw overrun(guard, site);
    for (const { window, memory } of there) memory.set(window);
    return value;
  };
  const boundTo: KernelWindows["bound"] = (args) => {
    const there = pointers.flatMap((i) => sharedBehind(args[i] as number) ?? []);
    const invoke = bound(
      kernel,
      args.map((arg, i) => (call.pointers[i] ? windowAddress(arg as number) : arg)),
    );
    return () => around(there, invoke);
  };
  const ownOnly: readonly SharedBytes[] = [];
  return {
    bound: boundTo,
    run: (...args) => {
      const isOwn = pointers.every((i) => (args[i] as number) < pointerSlotBytes);
      return isOwn ? around(ownOnly, () => kernel(...args)) : boundTo(args)();
    },
  };
}

/** Address by which the kernel sees what a pointer means. */
function windowAddress(pointer: number): number {
  return windowPage(Math.floor(pointer / pointerSlotBytes)) * pageBytes + (pointer % pointerSlotBytes);
}

/** Bytes of a neighbour's buffer, in its memory and in the core's window. */
interface SharedBytes {
  readonly memory: Uint8Array;
  readonly window: Uint8Array;
}

/** Undefined for a pointer into the core's own memory, or to no buffer. */
function sharedBytes(windows: Uint8Array, memories: readonly TileMemory[], pointer: number): SharedBytes | undefined {
  const slot = Math.floor(pointer / pointerSlotBytes);
  const memory = memories[slot];
  const buffer = bufferBehind(memories, pointer);
  if (slot === 0 || !memory || !buffer) return undefined;
  const from = Math.max(0, buffer.address - windowSlackBytes);
  const to = Math.min(memory.sizeBytes, buffer.address + buffer.bytes + windowSlackBytes);
  const base = windowPage(slot) * pageBytes;
  return { memory: memory.bytes.subarray(from, to), window: windows.subarray(base + from, base + to) };
}

/** One end of the guard page before the window of neighbour `slot`. */
interface Guard {
  readonly slot: number;
  readonly end: "first" | "last";
  readonly values: Float64Array;
}

function guardsOf(windows: Uint8Array, slot: number): Guard[] {
  const start = (windowPage(slot) - 1) * pageBytes;
  return [
    guardAt(windows, start, slot),
    { slot, end: "last", values: new Float64Array(windows.buffer, start + pageBytes - guardBytes, guardBytes / 8) },
  ];
}

/** The start of a guard page, behind the memory before slot `slot`. */
function guardAt(windows: Uint8Array, start: number, slot: number): Guard {
  return { slot, end: "first", values: new Float64Array(windows.buffer, start, guardBytes / 8) };
}

/** A loop of its own: it runs after every call, and with `findIndex` took a tenth of a transcription. */
function isWhole(values: Float64Array): boolean {
  for (let i = 0; i < values.length; i++) if (values[i] !== guardValue) return false;
  return true;
}

function overrun({ slot, end }: Guard, { call, core, memories, now }: KernelSite): SimFault {
  const { tile } = memories[end === "first" ? slot - 1 : slot]!;
  return new SimFault(
    `kernel ${call.name} on core ${tileName(core.tile)}: wrote ${end === "first" ? "behind the end" : "before the start"} of the data memory of tile ${tileName(tile)}`,
    { kind: "kernel-overrun", cycle: now(), tile: core.tile },
    { hint: "check the kernel's loop bounds against the sizes of its arguments" },
  );
}
