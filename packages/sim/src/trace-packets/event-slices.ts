import type { TraceFrame } from "./decode-frames.ts";

/** A stretch of cycles in which the event of a slot was active. */
export interface EventSlice {
  readonly slot: number;
  /** Cycles of the unit's timer; in mode event-PC the number of the frame, since that mode has no time. */
  readonly start: number;
  readonly end: number;
  /** Program counter, in mode event-PC. */
  readonly pc?: number;
}

interface EventSlices {
  readonly slices: readonly EventSlice[];
  /** Frames that repeat one that is not there. */
  readonly repeatsOfNothing: number;
}

/** Cycles that a sync frame stands for. Source: mlir-aie, python/utils/trace/parse.py. */
const syncCycles = 0x3_ffff;
const slotCount = 8;

/**
 * When the event of each slot was active. A frame tells one cycle: the frame before it told the cycle `cycles` + 1 earlier, and
 * between them nothing was active, so that an event lasts over frames that follow each other without idle cycles.
 */
export function eventSlices(frames: readonly TraceFrame[]): EventSlices {
  const slices: EventSlice[] = [];
  const since = new Array<number | undefined>(slotCount).fill(undefined);
  let time = 0;
  let last: { readonly slots: number; readonly cycles: number } | undefined;
  let repeatsOfNothing = 0;
  const endAll = (but: number): void => {
    for (const [slot, start] of since.entries()) {
      if (start === undefined || (but >> slot) & 1) continue;
      slices.push({ slot, start, end: time });
      since[slot] = undefined;
    }
  };
  const next = ({ slots, cycles }: { readonly slots: number; readonly cycles: number }): void => {
    time++;
    endAll(cycles === 0 ? slots : 0);
    time += cycles;
    for (let slot = 0; slot < slotCount; slot++) if ((slots >> slot) & 1) since[slot] ??= time;
  };
  for (const frame of frames) {
    switch (frame.kind) {
      case "start":
        time++;
        endAll(0);
        time = frame.timer;
        break;
      case "events":
        last = frame;
        next(frame);
        break;
      case "repeat":
        if (last === undefined) repeatsOfNothing++;
        else if (last.cycles === 0) time += frame.times;
        else for (let i = 0; i < frame.times; i++) next(last);
        break;
      case "sync":
        time++;
        endAll(0);
        time += syncCycles - 1;
        break;
      case "pc":
        time++;
        for (let slot = 0; slot < slotCount; slot++) {
          if ((frame.slots >> slot) & 1) slices.push({ slot, start: time, end: time + 1, pc: frame.pc });
        }
        break;
    }
  }
  time++;
  endAll(0);
  return { slices: slices.sort((a, b) => a.start - b.start || a.slot - b.slot), repeatsOfNothing };
}
