import { type ArgSpec, dtypeBytes, elementCount } from "@aiekit/core";
import { axisLayout } from "./axis-layout.ts";

// A prime period, so that the pattern never lines up with rows of a power of two.
const periodBytes = 4093;
const pattern = makePattern();

// A random result of 8 bytes equals the pattern once in 2^64 runs; a shorter one too often.
const minGroupBytes = 8;

/** First byte and end of what a launch may write of an output's buffer: all of it, or the caller's rows between zeros. */
export function writtenRange({ dtype, shape, padded, margin, bytes }: ArgSpec): readonly [start: number, end: number] {
  if (padded === undefined || margin === undefined) return [0, bytes];
  const rowBytes = elementCount(padded.slice(1)) * dtypeBytes(dtype);
  const start = margin.before * rowBytes;
  return [start, start + (shape[0] ?? 1) * rowBytes];
}

/** Overwrites `bytes` with a fixed pseudo-random pattern that no kernel output looks like. */
export function fillGuard(bytes: Uint8Array): void {
  for (let start = 0; start < bytes.length; start += periodBytes) {
    bytes.set(pattern.subarray(0, Math.min(periodBytes, bytes.length - start)), start);
  }
}

/**
 * Indices of the units of an output that still hold the guard pattern in every byte, so were never written. Units of
 * less than 8 bytes are judged in groups of neighbours. An argument without a unit axis counts as one unit.
 */
export function unwrittenUnits(bytes: Uint8Array, arg: ArgSpec): readonly number[] {
  const span = arg.units;
  if (span === undefined) return isPattern(bytes, 0, bytes.length) ? [0] : [];
  const layout = axisLayout(arg, span.axis);
  const units = Math.floor((layout.axisLength - span.window) / span.hop) + 1;
  const unitBytes = layout.outerCount * span.window * layout.rowBytes;
  const groupUnits = Math.ceil(minGroupBytes / unitBytes);

  const unwritten: number[] = [];
  for (let first = 0; first < units; first += groupUnits) {
    const last = Math.min(first + groupUnits, units);
    const startRow = first * span.hop;
    const endRow = (last - 1) * span.hop + span.window;
    let untouched = true;
    for (let outer = 0; outer < layout.outerCount && untouched; outer++) {
      const base = outer * layout.axisLength;
      untouched = isPattern(bytes, (base + startRow) * layout.rowBytes, (base + endRow) * layout.rowBytes);
    }
    if (untouched) for (let unit = first; unit < last; unit++) unwritten.push(unit);
  }
  return unwritten;
}

function isPattern(bytes: Uint8Array, start: number, end: number): boolean {
  for (let i = start; i < end; i++) if (bytes[i] !== pattern[i % periodBytes]) return false;
  return true;
}

// Numerical Recipes' 32-bit linear congruential generator, top byte; 0xa5 set apart runs of zeros in a dump.
function makePattern(): Uint8Array {
  const bytes = new Uint8Array(periodBytes);
  let state = 0xa5a5a5a5;
  for (let i = 0; i < periodBytes; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    bytes[i] = (state >>> 24) ^ 0xa5;
  }
  return bytes;
}
