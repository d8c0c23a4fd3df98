import type { ExecutorKind, Transcription, TranscriptionPhases, WhisperPart } from "@aiekit/pipeline";
import { type Summary, summarize } from "../statistics.ts";
import type { RtfRun } from "./rtf-run.ts";

/** What a figure is: taken by a clock here; a simulator's own time, of no device; or counted by the simulator's cost model. */
type FigureKind = "measured, CPU" | "simulator's own" | "measured, NPU" | "modelled";

/** One phase of one placement over one sound. */
export interface RtfRow {
  readonly seconds: number;
  /** `encoder + decoder`, or one name for both. */
  readonly placement: string;
  readonly phase: string;
  readonly kind: FigureKind;
  /** The first pass after opening; undefined where nothing is measured. */
  readonly coldMs: number | undefined;
  readonly warmMs: Summary & { readonly least: number; readonly most: number };
  readonly timesRealTime: number;
}

const phases = [
  ["audio", "audioMs"],
  ["mel", "melMs"],
  ["encoder", "encoderMs"],
  ["decoder", "decoderMs"],
  ["rest", "otherMs"],
  ["whole", "totalMs"],
] as const satisfies readonly (readonly [string, keyof TranscriptionPhases])[];

/** All phases of a run, and what is modelled of its launches. */
export function rtfRows(run: RtfRun): readonly RtfRow[] {
  const { encoder, decoder } = run.placement;
  const wall = phases.map(([phase, key]): RtfRow => {
    const opening = phase === "whole" ? run.openMs : 0;
    const places =
      phase === "encoder" ? [encoder] : phase === "decoder" ? [decoder] : phase === "whole" ? [encoder, decoder] : [];
    return row(run, phase, kindOf(places), {
      coldMs: run.cold.phases[key] + opening,
      warmMs: run.warm.map((pass) => pass.phases[key]),
    });
  });
  return [...wall, ...modelledRows(run)];
}

function modelledRows(run: RtfRun): readonly RtfRow[] {
  const parts = (["encoder", "decoder"] as const).flatMap((part) => {
    const warmMs = run.warm.map((pass) => modelledMs(pass, part));
    return warmMs.every((ms) => ms !== undefined) ? [{ part, warmMs }] : [];
  });
  return parts.map(({ part, warmMs }) => row(run, part, "modelled", { coldMs: undefined, warmMs }));
}

function row(
  { seconds, placement: { encoder, decoder } }: RtfRun,
  phase: string,
  kind: FigureKind,
  { coldMs, warmMs }: { readonly coldMs: number | undefined; readonly warmMs: readonly number[] },
): RtfRow {
  const summary = { ...summarize(warmMs), least: Math.min(...warmMs), most: Math.max(...warmMs) };
  const placement = encoder === decoder ? encoder : `${encoder} + ${decoder}`;
  return { seconds, placement, phase, kind, coldMs, warmMs: summary, timesRealTime: (1000 * seconds) / summary.median };
}

/**
 * Time of a part's launches by the simulator's model: of the array, of launches and of changes of context; undefined where none
 * was modelled.
 */
function modelledMs({ trace }: Transcription, part: WhisperPart): number | undefined {
  const known = trace.launches.filter((launch) => launch.part === part && launch.modelledSeconds !== undefined);
  if (known.length === 0) return undefined;
  const seconds = known.map(
    ({ modelledSeconds = 0, modelledLaunchSeconds = 0, modelledSwitchSeconds = 0 }) =>
      modelledSeconds + modelledLaunchSeconds + modelledSwitchSeconds,
  );
  return 1000 * seconds.reduce((sum, one) => sum + one, 0);
}

function kindOf(places: readonly ExecutorKind[]): FigureKind {
  if (places.includes("sim")) return "simulator's own";
  return places.includes("xrt") ? "measured, NPU" : "measured, CPU";
}
