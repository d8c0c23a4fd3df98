import { DesignError } from "@aiekit/core";
import { pointerSlotBytes } from "./core-emitter.ts";
import { type KernelOps, kernelCycles, uncountedKernelCycles } from "./cost-model.ts";
import { SimFault, tileName } from "./fault.ts";
import { badOp } from "./ir-read.ts";
import { checkedKernel } from "./kernel-check.ts";
import { kernelFault } from "./kernel-fault.ts";
import { type KernelMark, KernelMarks } from "./kernel-marks.ts";
import { type KernelFunction, windowPage } from "./kernel-module.ts";
import { bufferBehind, type KernelSite } from "./kernel-site.ts";
import { pageBytes } from "./stack-room.ts";
import { ThreadedCall } from "./threaded-call.ts";
import type { BufferPlace, TileMemory } from "./tile-memory.ts";

/** Bytes around a neighbour's buffer that are kept right as well, so that small overruns do what they do on hardware. */
const windowSlackBytes = 256;
/** Bytes at each end of a guard page that are looked at after a call. */
const guardBytes = 1024;
const guardWord = 0xa5c3_5a3c | 0;

export interface KernelSiteFunction {
  readonly name: string;
  /** The buffer that each pointer among the arguments leads into; undefined for one that leads to none. */
  readonly buffersBehind: (args: readonly (number | bigint)[]) => readonly (BufferPlace | undefined)[];
  /** False when the kernel counts no work, so that its cycles are a lower bound. */
  readonly counted: boolean;
  /** Arguments are numbers, BigInts for i64, and pointers (slot * 2^20 + byte address). */
  readonly run: KernelFunction;
  /** The kernel alone: throws what it throws, and leaves cycles and counts to `took`. */
  readonly invoke: KernelFunction;
  /** The fault of a call with these arguments that threw `error`, in the instance with this stack pointer. */
  readonly faultOf: (error: unknown, args: readonly (number | bigint)[], stackPointer?: number | undefined) => unknown;
  /** Makes the kernel ready to be called again after it threw. */
  readonly recover: () => void;
  /** Whether the call that has just been made took these cycles and counts. Where it did not, `cycles` and `ops` tell which. */
  readonly took: (before: { readonly cycles: number; readonly ops: KernelOps | undefined }) => boolean;
  /** Modelled cycles of the last run. */
  cycles: number;
  /** Work of the last run; undefined where the kernel counts none. */
  ops: KernelOps | undefined;
  /** Events that the last run marked, with the cycles from its start; none where nobody hears them. */
  readonly marks: () => readonly KernelMark[];
  /** Pointers among the arguments. */
  readonly pointersOf: (args: readonly (number | bigint)[]) => readonly number[];
  /** Bits that a result of an integer below 32 bits lacks. */
  readonly narrow: number;
  /** The result with these bits filled. */
  readonly narrowed: (value: number | bigint | undefined) => number | bigint | undefined;
  /** There where other threads may run the calls. */
  readonly threaded: ThreadedCall | undefined;
}

/**
 * One place where a core calls a kernel. Arguments in a neighbour's memory are copied into the core's window before the
 * call and back behind it; a core runs alone in its turn, so nobody sees the copy.
 * @throws DesignError when the kernel is missing or takes another number of arguments.
 */
export function kernelSite(site: KernelSite): KernelSiteFunction {
  const kernel = findKernel(site);
  const hasGuards = site.memories.length > 1 || site.module!.stack?.guardPage !== undefined;
  const marks = site.traced ? new KernelMarks(site.module!) : undefined;
  const plain = hasGuards ? throughWindows(kernel, site) : kernel;
  const direct = marks ? marks.heard(plain) : plain;
  const invoke = site.checks ? checkedKernel(direct, site, site.checks) : direct;
  const { call, cost } = site;
  const { takeOps, counted } = site.module!;
  const narrow = call.resultBits === undefined ? 0 : 32 - call.resultBits;
  const pointersOf = (args: readonly (number | bigint)[]): number[] =>
    args.filter((_, i) => call.pointers[i]) as number[];
  const buffers = new Map<number, BufferPlace | undefined>();
  const knownBuffer = (pointer: number): BufferPlace | undefined => {
    if (!buffers.has(pointer)) buffers.set(pointer, bufferBehind(site.memories, pointer));
    return buffers.get(pointer);
  };
  const argumentBytes = (args: readonly (number | bigint)[]): number =>
    pointersOf(args).reduce((n, pointer) => n + (knownBuffer(pointer)?.bytes ?? 0), 0);

  const narrowed = (value: number | bigint | undefined) =>
    typeof value === "number" && narrow > 0 ? (value << narrow) >> narrow : value;
  const { threads } = site;
  const result: KernelSiteFunction = {
    name: call.name,
    buffersBehind: (args) => pointersOf(args).map(knownBuffer),
    ...{ narrow, narrowed, pointersOf },
    threaded: threads && new ThreadedCall({ site, ...threads }, argumentBytes),
    counted: takeOps !== undefined,
    cycles: 0,
    ops: undefined,
    invoke,
    recover: () => site.module!.recover(),
    faultOf: (error, args, stackPointer) => kernelFault(error, { site, pointers: pointersOf(args), stackPointer }),
    took: (before) => {
      // Without counts, cycles follow from the arguments.
      if (takeOps === undefined || before.ops === undefined) return true;
      if (counted?.(before.ops)) return true;
      result.ops = takeOps();
      result.cycles = kernelCycles(cost, result.ops);
      return isSame(result.ops, before.ops);
    },
    marks: () => marks?.marks(cost, result.cycles) ?? [],
    run: (...args) => {
      let value: number | bigint | undefined;
      marks?.begin();
      try {
        value = invoke(...args);
      } catch (error) {
        throw result.faultOf(error, args);
      }
      result.ops = marks ? marks.end(takeOps?.()) : takeOps?.();
      result.cycles = result.ops ? kernelCycles(cost, result.ops) : uncountedKernelCycles(cost, argumentBytes(args));
      return narrowed(value);
    },
  };
  return result;
}

function isSame(a: KernelOps, b: KernelOps): boolean {
  return (Object.keys(a) as (keyof KernelOps)[]).every((kind) => a[kind] === b[kind]);
}

/** The kernel with the arguments in neighbours' memory copied into their windows before, and back behind. */
function throughWindows(kernel: KernelFunction, site: KernelSite): KernelFunction {
  const { call, memories } = site;
  const windows = new Uint8Array(site.module!.memory.buffer);
  const guards = memories.slice(1).flatMap((_, i) => guardsOf(windows, i + 1));
  const { guardPage } = site.module!.stack ?? {};
  if (guardPage !== undefined) guards.push(guardAt(windows, guardPage * pageBytes, memories.length));
  for (const { words } of guards) words.fill(guardWord);
  // Bodies pass few addresses, again and again.
  const shared = new Map<number, SharedBytes | undefined>();
  const sharedBehind = (pointer: number): SharedBytes | undefined => {
    if (!shared.has(pointer)) shared.set(pointer, sharedBytes(windows, memories, pointer));
    return shared.get(pointer);
  };
  return (...args) => {
    const there = args.flatMap((arg, i) => (call.pointers[i] ? (sharedBehind(arg as number) ?? []) : []));
    for (const { window, memory } of there) window.set(memory);
    const value = kernel(...args.map((arg, i) => (call.pointers[i] ? windowAddress(arg as number) : arg)));
    for (const guard of guards) if (!isWhole(guard.words)) throw overrun(guard, site);
    for (const { window, memory } of there) memory.set(window);
    return value;
  };
}

/** Address by which the kernel sees what a pointer means. */
function windowAddress(pointer: number): number {
  return windowPage(Math.floor(pointer / pointerSlotBytes)) * pageBytes + (pointer % pointerSlotBytes);
}

function findKernel({ call, core, module }: KernelSite): KernelFunction {
  const place = `core ${tileName(core.tile)}`;
  if (!module) {
    throw badOp(
      call.op,
      `${place} calls ${call.name}, but no kernels were built for it`,
      "give the design a source for it",
    );
  }
  const kernel = module.find(call.name);
  if (!kernel) {
    throw badOp(
      call.op,
      `${place} calls ${call.name}, its module exports ${module.functionNames.join(", ") || "no functions"}`,
      'C++ functions need extern "C", and the object of link_with must define them',
    );
  }
  if (kernel.length !== call.pointers.length) {
    throw new DesignError(
      `${place}: kernel ${call.name} takes ${kernel.length} arguments, the design passes ${call.pointers.length}`,
      { hint: "compare the func.func declaration with the C++ function" },
    );
  }
  return kernel;
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
  readonly words: Int32Array;
}

function guardsOf(windows: Uint8Array, slot: number): Guard[] {
  const start = (windowPage(slot) - 1) * pageBytes;
  return [
    guardAt(windows, start, slot),
    { slot, end: "last", words: new Int32Array(windows.buffer, start + pageBytes - guardBytes, guardBytes / 4) },
  ];
}

/** The start of a guard page, behind the memory before slot `slot`. */
function guardAt(windows: Uint8Array, start: number, slot: number): Guard {
  return { slot, end: "first", words: new Int32Array(windows.buffer, start, guardBytes / 4) };
}

/** A loop of its own: it runs after every call, and with `findIndex` took a tenth of a transcription. */
function isWhole(words: Int32Array): boolean {
  let changed = 0;
  for (let i = 0; i < words.length; i++) changed |= words[i]! ^ guardWord;
  return changed === 0;
}

function overrun({ slot, end }: Guard, { call, core, memories, now }: KernelSite): SimFault {
  const { tile } = memories[end === "first" ? slot - 1 : slot]!;
  return new SimFault(
    `kernel ${call.name} on core ${tileName(core.tile)}: wrote ${end === "first" ? "behind the end" : "before the start"} of the data memory of tile ${tileName(tile)}`,
    { kind: "kernel-overrun", cycle: now(), tile: core.tile },
    { hint: "check the kernel's loop bounds against the sizes of its arguments" },
  );
}
