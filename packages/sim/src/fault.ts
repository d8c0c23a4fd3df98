import { DeviceError } from "@aiekit/core";
import type { Location, TileCoord } from "@aiekit/mlir";

export type { TileCoord };

export const faultKinds = [
  "kernel-trap",
  "stack-overflow",
  "kernel-misaligned",
  "kernel-overrun",
  "kernel-overread",
  "kernel-endless",
  "buffer-bounds",
  "division-by-zero",
  "memory-bounds",
  "memory-overlap",
  "uninitialised-read",
  "use-after-release",
  "acquire-beyond-depth",
  "release-beyond-held",
  "host-bounds",
  "lock-range",
  "queue-overflow",
  "bd-in-use",
  "bd-invalid",
  "bd-overrun",
  "bd-field",
  "register-unmodelled",
  "deadlock",
] as const;
export type FaultKind = (typeof faultKinds)[number];

/** One frame of a kernel's stack when it trapped. `byteOffset` counts from the first byte of `KernelFault.module`. */
export interface WasmFrame {
  readonly functionName: string | undefined;
  readonly byteOffset: number;
}

/** What a symbolizer needs to turn a trap into a source line: the module as linked, and where in it the trap was. */
export interface KernelFault {
  readonly name: string;
  /** Innermost first. */
  readonly frames: readonly WasmFrame[];
  readonly module: Uint8Array;
  /** Where the design calls the kernel. */
  readonly callLoc: Location | undefined;
  /** Code given to `aiekit_trap`; undefined when WebAssembly itself trapped. */
  readonly trapCode?: number;
}

/** Who cannot go on, and for what it waits. Both are in the design's names. */
export interface Wait {
  readonly agent: string;
  readonly waitsFor: string;
}

/** A lock that an agent of a circle waits for. `isHeld`: the next of the circle took it, and would give it back. */
export interface WaitedLock {
  readonly agent: string;
  readonly lock: string;
  readonly init: number;
  readonly isHeld: boolean;
}

export interface FaultRecord {
  readonly kind: FaultKind;
  /** Virtual time of the array, in cycles since it was configured. */
  readonly cycle: number;
  readonly tile?: TileCoord;
  /** Buffer of the design that was touched, or that lies nearest. */
  readonly buffer?: string;
  /** Byte address in the tile's data memory. */
  readonly address?: number;
  /** Element of `buffer`. */
  readonly element?: number;
  /** objectFifo that the buffer or lock belongs to. */
  readonly objectFifo?: string;
  readonly lock?: string;
  /** BD with its buffer, as messages name it: `BD 3 (out_buff_1)`. */
  readonly bd?: string;
  /** Where in the design it happened. */
  readonly loc?: Location;
  /** Host argument that was touched outside its bounds; `lastByte` is included. */
  readonly argument?: {
    readonly index: number;
    readonly bytes: number;
    readonly firstByte: number;
    readonly lastByte: number;
  };
  readonly kernel?: KernelFault;
  readonly waits?: readonly Wait[];
  /** Waits of the instruction stream that had ended before the one that does not. */
  readonly waitsDone?: number;
  /** Agents of a circle of waiting, in order; the last waits for the first. */
  readonly waitCycle?: readonly string[];
  /** objectFifos that they wait for, in that order. */
  readonly waitFifos?: readonly string[];
  /** Locks of the design's own that they wait for. */
  readonly waitLocks?: readonly WaitedLock[];
}

/** The array did something that hardware cannot do or that hangs it. `fault` is the same for programs to read. */
export class SimFault extends DeviceError {
  readonly fault: FaultRecord;

  constructor(message: string, fault: FaultRecord, options?: { readonly hint?: string; readonly cause?: unknown }) {
    super(message, options);
    this.fault = fault;
  }
}

/** `(0,2)`: column first. */
export function tileName(tile: TileCoord): string {
  return `(${tile.col},${tile.row})`;
}

/** ` (design.mlir:12:7)`, or nothing where the place is not known. */
export function at(loc: Location | undefined): string {
  return loc === undefined ? "" : ` (${loc.file}:${loc.line}:${loc.column})`;
}
