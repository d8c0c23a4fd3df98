import { closeSync, openSync, readSync, unlinkSync, writeSync } from "node:fs";
import { DeviceError } from "@aiekit/core";

/** A range of a process's device memory, in bytes from the start of its file. */
export interface MemoryRange {
  readonly offset: number;
  readonly bytes: number;
}

const lineBytes = 64;
const pageBytes = 4096;

/** Memory of one process's emulated device: a file that its driver maps. It has no name any more once it is open here. */
export class DeviceMemory {
  readonly #file: number;

  constructor(path: string) {
    this.#file = openSync(path, "r+");
    unlinkSync(path);
  }

  read({ offset, bytes }: MemoryRange): Uint8Array {
    const result = new Uint8Array(bytes);
    for (let at = 0; at < bytes; ) {
      const n = readSync(this.#file, result, at, bytes - at, offset + at);
      if (n === 0) throw new DeviceError(`emulated NPU: ${bytes} bytes at ${offset} lie behind the device's memory`);
      at += n;
    }
    return result;
  }

  /** Writes the cache lines in which `after` differs from `before`: what nobody wrote stays the host's to write. */
  writeChanges(offset: number, before: Uint8Array, after: Uint8Array): void {
    for (let page = 0; page < after.length; page += pageBytes) {
      const end = Math.min(page + pageBytes, after.length);
      if (equal(before, after, page, end)) continue;
      for (let line = page; line < end; line += lineBytes) {
        let last = Math.min(line + lineBytes, end);
        if (equal(before, after, line, last)) continue;
        const first = line;
        while (last < end && !equal(before, after, last, Math.min(last + lineBytes, end))) {
          last = Math.min(last + lineBytes, end);
        }
        writeSync(this.#file, after, first, last - first, offset + first);
        line = last - lineBytes;
      }
    }
  }

  close(): void {
    closeSync(this.#file);
  }
}

function equal(a: Uint8Array, b: Uint8Array, start: number, end: number): boolean {
  return Buffer.compare(a.subarray(start, end), b.subarray(start, end)) === 0;
}
