import { mel80 } from "../references/mel-definition.ts";
import { emptyBands, snappedFilterBank } from "../references/mel-filters.ts";
import { type MelClip, type MelClips, melClips } from "../signals/mel-clips.ts";
import { type MelOutput, melCriteria } from "./mel-criteria.ts";
import { judgeMelClip } from "./mel-judge.ts";
import { runCases, suiteRun } from "./run-cases.ts";
import type { Subject, SuiteControl, SuiteRun } from "./suite-result.ts";

/** `pcm`: i16[samples] at 16 kHz. Gives Q8.8 dB, i16[frames, 80], frames = 1 + ⌊(samples − 400)/160⌋. */
export type MelRunner = (pcm: Int16Array, options: { readonly signal?: AbortSignal }) => Promise<MelOutput>;

export interface MelSubject extends Subject {
  readonly run: MelRunner;
}

export interface MelSuiteOptions extends SuiteControl {
  readonly seed?: number;
  /** Clips instead of the built-in ones; {@link melClips} makes them. */
  readonly clips?: MelClips;
  /** Clips that are also held against meyda, from the first; default 32. meyda takes about 0.5 ms a frame. */
  readonly meydaClips?: number;
}

/**
 * Holds a log-mel kernel against the float64 reference, clip by clip.
 * @throws AbortedError when the caller's signal fires; what the device throws goes through.
 */
export async function melSuite(subject: MelSubject, options: MelSuiteOptions = {}): Promise<SuiteRun> {
  const { seed = 1, meydaClips = 32 } = options;
  const { clips, notes } = options.clips ?? (await melClips({ seed }));
  const withMeyda = new Set(clips.filter((c) => c.group !== "silence").slice(0, meydaClips));
  const judged = await runCases(
    clips,
    async (clip: MelClip) => {
      const output = await subject.run(clip.pcm, options.signal ? { signal: options.signal } : {});
      return judgeMelClip({ clip, output, meyda: withMeyda.has(clip) });
    },
    options,
  );
  return suiteRun({
    suite: "mel",
    subject,
    seed,
    criteria: melCriteria,
    judged,
    notes: [...notes, ...meydaNotes(withMeyda.size)],
  });
}

function meydaNotes(clips: number): string[] {
  if (clips === 0) return [];
  const empty = emptyBands(snappedFilterBank(mel80)).length;
  return [
    `meyda was asked about ${clips} clips. "meyda power": meyda's power spectrum of the same windowed, zero-padded frames, ` +
      "through the same continuous-edge filters, in dB: the same quantity, computed by other code. " +
      `"meyda bands": meyda's own melBands in dB, a different definition: edges floored to bins, which reduces low bands to ` +
      `one bin or (${empty} of ${mel80.bins}) to none; correlation over the bands that are left, for shape only.`,
  ];
}
