import type { ModelledTime } from "@aiekit/host";
import { formatMs, formatTable } from "./table.ts";

/** A part of the work and its wall time. */
export interface Phase {
  readonly name: string;
  readonly wallMs: number;
}

/** RTF = processing time / audio time; below 1 is faster than real time. */
export function rtf(wallMs: number, audioSeconds: number): number {
  return wallMs / 1000 / audioSeconds;
}

/** How many times: three digits, or all before the point. */
export function timesText(times: number): string {
  return times >= 100 ? times.toFixed(0) : times.toPrecision(3);
}

/** Phases and their sum as a table; with an RTF column where there is audio. */
export function phaseTable(phases: readonly Phase[], audioSeconds: number | undefined): string {
  const rows = [...phases, { name: "sum", wallMs: sumMs(phases) }].map(({ name, wallMs }) => [
    name,
    formatMs(wallMs),
    audioSeconds === undefined ? "" : rtf(wallMs, audioSeconds).toFixed(5),
  ]);
  return formatTable(
    [
      { title: "phase" },
      { title: "wall time", align: "right" },
      { title: audioSeconds === undefined ? "" : "RTF", align: "right" },
    ],
    rows,
  );
}

export function sumMs(phases: readonly Phase[]): number {
  return phases.reduce((sum, { wallMs }) => sum + wallMs, 0);
}

/** Modelled seconds of what ran on the array, and of what that costs besides. */
type ModelledSeconds = Pick<ModelledTime, "seconds" | "launchSeconds" | "switchSeconds">;

/**
 * `1.00 ms of the array, 6.00 ms of launches, 13.0 ms of contexts that change: 20.0 ms, 100 x real time`. The speed is that of all
 * three together: the array alone says of no program how fast it is.
 */
export function modelledText(modelled: ModelledSeconds, audioSeconds: number | undefined): string {
  const { seconds, launchSeconds, switchSeconds } = modelled;
  const ms = (of: number) => formatMs(of * 1000);
  const whole = seconds + launchSeconds + switchSeconds;
  const speed = audioSeconds === undefined ? "" : `, ${timesText(audioSeconds / whole)} x real time`;
  return `${ms(seconds)} of the array, ${ms(launchSeconds)} of launches, ${ms(switchSeconds)} of contexts that change: ${ms(whole)}${speed}`;
}

/** One line on what an NPU would take by the simulator's model; undefined for a device that is measured. */
export function modelledLine(modelled: ModelledTime | undefined, audioSeconds: number | undefined): string | undefined {
  if (modelled === undefined) return undefined;
  const cycles = `${Math.round(modelled.cycles)} cycles at ${modelled.clockHz / 1e6} MHz`;
  return `modelled, not measured: ${cycles} = ${modelledText(modelled, audioSeconds)}`;
}
