import { closeSync, openSync, readSync, writeSync } from "node:fs";
import { join } from "node:path";

/** Where the emulated driver can be made to misbehave: its ioctls by number, and four more places. */
export const faultPlaces = {
  createContext: 0x40,
  destroyContext: 0x41,
  configureContext: 0x42,
  createBo: 0x43,
  getBoInfo: 0x44,
  syncBo: 0x45,
  execute: 0x46,
  getInfo: 0x47,
  closeHandle: 0x09,
  createSyncobj: 0xbf,
  wait: 0xca,
  /** Opening the device node. */
  open: 0xf0,
  /** The mapping of the device's heap, which is locked memory. */
  lockedMap: 0xf1,
  /** The array's work: `fail` ends the command at once in the state that `errno` gives (ert.h); `hang` never. */
  execution: 0xf2,
  /** Starting a thread, of the program or of XRT; `errno` 11 is EAGAIN, no thread left. */
  createThread: 0xf3,
} as const;

export type FaultPlace = keyof typeof faultPlaces;

export interface Fault {
  readonly kind: "fail" | "hang" | "interrupt";
  /** errno of `fail`. */
  readonly errno?: number;
  /** Calls that pass before the first that is hit; 0 when left out. */
  readonly skip?: number;
  /** Calls that are hit; all of them when left out. */
  readonly times?: number;
}

const entryBytes = 16;
export const faultTableBytes = 256 * entryBytes;

/** Counts calls at a place from here on; gives how many there were. Takes the place of a fault there. */
export function countCalls(folder: string, place: FaultPlace): () => number {
  const most = 0xffffffff;
  setFault(folder, place, { kind: "fail", skip: most });
  return () => most - faultLeft(folder, place).skip;
}

/** Calls that a fault still lets pass, and those that it is still to hit. */
export function faultLeft(folder: string, place: FaultPlace): { readonly skip: number; readonly times: number } {
  const entry = new DataView(new ArrayBuffer(entryBytes));
  const file = openSync(join(folder, "faults"), "r");
  try {
    readSync(file, new Uint8Array(entry.buffer), 0, entryBytes, faultPlaces[place] * entryBytes);
  } finally {
    closeSync(file);
  }
  return { skip: entry.getUint32(8, true), times: entry.getUint32(12, true) };
}

/** Asks the drivers of all processes on an emulated machine for a fault, or takes it back: who hangs there goes on. */
export function setFault(folder: string, place: FaultPlace, fault: Fault | undefined): void {
  const entry = new DataView(new ArrayBuffer(entryBytes));
  if (fault !== undefined) {
    entry.setUint32(4, fault.errno ?? 0, true);
    entry.setUint32(8, fault.skip ?? 0, true);
    entry.setUint32(12, fault.times ?? 0xffffffff, true);
  }
  const offset = faultPlaces[place] * entryBytes;
  const file = openSync(join(folder, "faults"), "r+");
  try {
    writeSync(file, new Uint8Array(entry.buffer), 0, entryBytes, offset);
    if (fault === undefined) return;
    // The kind last: it makes the entry valid.
    entry.setUint32(0, { fail: 1, hang: 2, interrupt: 3 }[fault.kind], true);
    writeSync(file, new Uint8Array(entry.buffer), 0, 4, offset);
  } finally {
    closeSync(file);
  }
}
