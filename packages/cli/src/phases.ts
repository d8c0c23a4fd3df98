import type { ArrayTime } from "@aiekit/host";
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

/** One line on what the array would take by the simulator's model; undefined for a device that is measured. */
export function modelledLine(modelled: ArrayTime | undefined, audioSeconds: number | undefined): string | undefined {
  if (modelled === undefined) return undefined;
  const { cycles, clockHz, seconds } = modelled;
  const speed = audioSeconds === undefined ? "" : `, ${(audioSeconds / seconds).toFixed(0)} x real time`;
  return `modelled, not measured: ${Math.round(cycles)} cycles at ${clockHz / 1e6} MHz = ${formatMs(seconds * 1000)}${speed}`;
}
