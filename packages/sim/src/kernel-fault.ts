import { DesignError } from "@aiekit/core";
import { pointerSlotBytes } from "./core-emitter.ts";
import { at, type FaultKind, SimFault, tileName, type WasmFrame } from "./fault.ts";
import { KernelTrap, windowPage } from "./kernel-module.ts";
import { bufferBehind, type KernelSite } from "./kernel-site.ts";
import { pageBytes, redZoneBytes } from "./stack-room.ts";
import type { TileMemory } from "./tile-memory.ts";
import { wasmTrap } from "./wasm-trap.ts";
import { wasm } from "./webassembly.ts";

interface KernelFailure {
  readonly site: KernelSite;
  /** Pointer arguments of the call. */
  readonly pointers: readonly number[];
  /** Stack pointer of the instance that ran the kernel, where that is another thread's. */
  readonly stackPointer?: number | undefined;
}

export const endlessHint = "look for a loop whose end is never reached, or give the run more time";

/** Says what went wrong in a kernel, in the design's words. Errors that are no trap come back as they are. */
export function kernelFault(error: unknown, failure: KernelFailure): unknown {
  const { call, core, module, now, memories } = failure.site;
  const place = `kernel ${call.name} on core ${tileName(core.tile)}`;
  if (error instanceof TypeError) {
    return new DesignError(`${place}${at(call.op.loc)}: ${error.message}`, {
      cause: error,
      hint: "compare the scalar arguments of the func.func declaration with those of the C++ function",
    });
  }
  const isTrap = error instanceof KernelTrap || error instanceof wasm.RuntimeError || error instanceof RangeError;
  if (!isTrap) return error;
  const found = diagnose(error, failure);
  const kernel = {
    name: call.name,
    frames: wasmFrames(error.stack ?? "", module!.offsetBefore),
    module: module!.bytes,
    callLoc: call.op.loc,
    ...(error instanceof KernelTrap && { trapCode: error.trapCode }),
  };
  const buffer = found.address === undefined ? undefined : (found.memory ?? memories[0]!).bufferAt(found.address)?.name;
  return new SimFault(
    `${place}: ${found.what}\n  ${callText(failure.site, failure.pointers)}`,
    {
      kind: found.kind,
      cycle: now(),
      tile: core.tile,
      kernel,
      ...(found.address !== undefined && { address: found.address }),
      ...(buffer !== undefined && { buffer }),
    },
    { cause: error, ...(found.hint !== undefined && { hint: found.hint }) },
  );
}

/** `called (design.mlir:12:7) with in_cons_buff_0 (0x400, 64 bytes)` */
export function callText({ call, memories }: KernelSite, pointers: readonly number[]): string {
  return `called${at(call.op.loc)} with ${describeArguments(memories, pointers)}`;
}

interface Finding {
  readonly kind: FaultKind;
  readonly what: string;
  readonly address?: number;
  /** Where the address is; the core's own memory where it is not said. */
  readonly memory?: TileMemory;
  readonly hint?: string;
}

function diagnose(error: Error, { site, stackPointer: elsewhere }: KernelFailure): Finding {
  const memory = site.memories[0]!;
  if (Number(site.module!.budget?.left.value ?? 0) < 0) {
    return {
      kind: "kernel-endless",
      what: "did not return: its loops went on for longer than any kernel should",
      hint: endlessHint,
    };
  }
  if (error instanceof KernelTrap) return diagnoseTrap(error, site.memories);
  const stackPointer = elsewhere ?? site.module!.stackPointer();
  const trap = wasmTrap(error.message);
  const outside = trap === undefined && /out of bounds/.test(error.message);
  const { stackBytes } = site.core;
  const below = stackPointer !== undefined && (stackPointer | 0) < 0 ? -(stackPointer | 0) : undefined;
  const mayBeStack = outside && stackPointer !== undefined && !site.module!.stackFits;
  const nearEnd = mayBeStack && (stackPointer | 0) < redZoneBytes;
  if (error instanceof RangeError || below !== undefined || nearEnd) {
    return {
      kind: "stack-overflow",
      what: `stack overflow: the core has ${stackBytes} bytes of stack${below === undefined ? "" : `, the call needs at least ${stackBytes + below}`}`,
      hint: `raise stack_size of the core, or keep large arrays out of local variables${notCounted(site)}`,
    };
  }
  if (outside) {
    return {
      kind: "kernel-trap",
      what: `access outside the ${memory.sizeBytes} bytes of data memory (${error.message})`,
      hint: "check the kernel's loop bounds and pointers against the sizes of its arguments",
    };
  }
  return trap ?? { kind: "kernel-trap", what: error.message };
}

/** What lies on the stack here and is not counted; `""` for a module without. */
function notCounted({ module }: KernelSite): string {
  const bytes = module!.stack?.registerBytes;
  return bytes === undefined
    ? ""
    : `; up to ${bytes} bytes of sums of aie::mmul and of vectors, for which the device has registers, are not counted`;
}

/** Codes of `aiekit_trap`: 1 misaligned vector access, 2 assertion, 3 value out of an instruction's range. */
function diagnoseTrap(trap: KernelTrap, memories: readonly TileMemory[]): Finding {
  const memory = memories[0]!;
  if (trap.trapCode === 1) {
    const seen = seenMemory(memories, trap.a);
    const address = seen === undefined ? trap.a : trap.a % pageBytes;
    const where = seen ?? memory;
    const of = where === memory ? "" : ` in the memory of tile ${tileName(where.tile)}`;
    return {
      kind: "kernel-misaligned",
      what: `vector access that is not aligned to ${trap.b} bytes, ${where.describe(address)}${of}`,
      address,
      memory: where,
      hint: "align the pointer, or use the unaligned load of the vector API (aie::load_unaligned_v)",
    };
  }
  if (trap.trapCode === 2) {
    return {
      kind: "kernel-trap",
      what: `assertion failed: ${readText(memory.bytes, trap.a)}`,
      hint: "an NPU's build leaves assertions out (-DNDEBUG), and the kernel goes on",
    };
  }
  if (trap.trapCode === 3) {
    return {
      kind: "kernel-trap",
      what: `a call of the vector API got ${trap.a}, and its limit is ${trap.b}`,
      hint: "lanes and parts count from 0 and stay below the limit, shifts are 0 up to it; an NPU does not test it and takes other lanes or bits",
    };
  }
  return { kind: "kernel-trap", what: `trap ${trap.trapCode} (${trap.a}, ${trap.b})` };
}

/** The memory that a kernel sees at an address: its own, or a neighbour's by its window. */
function seenMemory(memories: readonly TileMemory[], address: number): TileMemory | undefined {
  const page = Math.floor((address >>> 0) / pageBytes);
  return memories.find((_, slot) => page === (slot === 0 ? 0 : windowPage(slot)));
}

function readText(bytes: Uint8Array, address: number): string {
  const end = bytes.indexOf(0, address);
  // A copy: the memory may be shared by threads, and texts are not decoded from such.
  return new TextDecoder().decode(bytes.slice(address, end < 0 ? address + 200 : end));
}

/** `in_cons_buff_0 (0x8000, 800 bytes), ...` */
function describeArguments(memories: readonly TileMemory[], pointers: readonly number[]): string {
  const texts = pointers.map((pointer) => {
    const buffer = bufferBehind(memories, pointer);
    const address = `0x${(pointer % pointerSlotBytes).toString(16)}`;
    return buffer ? `${buffer.name} (${address}, ${buffer.bytes} bytes)` : `address ${address}`;
  });
  return texts.join(", ") || "no buffers";
}

/**
 * Frames of WebAssembly in a stack as V8 and SpiderMonkey write it: `at mel (wasm://wasm/7e1a:wasm-function[12]:0x1f4)`. Names of
 * C++ have parentheses and spaces in them. Offsets count from the start of the module, as it was before its loops were given a budget.
 */
export function wasmFrames(stack: string, offsetBefore = (offset: number) => offset): WasmFrame[] {
  return [...stack.matchAll(/(?:at (.+) \(|^([^\s@]+)@)?[^\s(]*wasm-function\[\d+\]:(0x[0-9a-f]+)/gm)].map((match) => ({
    functionName: match[1] ?? match[2],
    byteOffset: offsetBefore(Number(match[3])),
  }));
}
