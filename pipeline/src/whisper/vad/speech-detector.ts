import { ShapeError, type Tensor } from "@aiekit/core";
import { floorReach, floorStep, noiseFloor } from "./noise-floor.ts";
import { SpeechRuns } from "./speech-runs.ts";
import { speechScore } from "./speech-score.ts";

export interface TimeRange {
  readonly startSeconds: number;
  readonly endSeconds: number;
}

export interface SpeechDetectorOptions {
  readonly frameSeconds?: number;
  /** Excess over the noise at which speech begins, and below which it ends. */
  readonly onDb?: number;
  readonly offDb?: number;
  /** A range of speech has frames as uneven over the bands as this. */
  readonly contourDb?: number;
  /** What is shorter is no speech; what is interrupted for less goes on. */
  readonly minSpeechSeconds?: number;
  readonly minSilenceSeconds?: number;
  /** Added before and behind. */
  readonly paddingSeconds?: number;
}

/** Finds speech in log-mel features as they come; what it holds does not grow with the recording. */
export interface SpeechDetector {
  /** Takes Whisper's features, f32[mels, frames]. Returns ranges of speech that are complete, in order. */
  push(features: Tensor<"f32">): TimeRange[];
  /** What is left. */
  end(): TimeRange[];
}

/** Chosen on synthesised speech and noise: pipeline/README.md says on which, and what they miss. */
const defaults: Required<SpeechDetectorOptions> = {
  ...{ frameSeconds: 0.01, onDb: 12, offDb: 9, contourDb: 5.5 },
  ...{ minSpeechSeconds: 0.1, minSilenceSeconds: 0.5, paddingSeconds: 0.2 },
};

/** Below this energy there is no sound: two units of 16-bit samples. */
const silenceDb = -80;
/** Frames over which energy is averaged: 25 ms windows that overlap, 65 ms together. */
const smoothed = 5;

/**
 * Voice activity by energy and spectrum: a frame is speech where its bands stand out of a floor that follows stationary
 * noise, and a range of such frames where some are as uneven over the bands as voices are. Looks 2 s ahead.
 */
export function createSpeechDetector(options: SpeechDetectorOptions = {}): SpeechDetector {
  const settings = { ...defaults, ...options };
  const runs = new SpeechRuns(settings);
  /** Energies of the last frames, not yet averaged, and averaged levels from `first` on. */
  const energies: Float64Array[] = [];
  let levels: Float64Array[] = [];
  let first = 0;
  let judged = 0;

  const average = (frames: readonly Float64Array[]) =>
    frames[0]!.map((_, band) => {
      const mean = frames.reduce((sum, frame) => sum + frame[band]!, 0) / frames.length;
      return Math.max(silenceDb, 10 * Math.log10(mean));
    });
  const judge = (isEnd: boolean): void => {
    const known = first + levels.length;
    while (judged < known && (isEnd || judged + floorReach <= known)) {
      const floor = noiseFloor(levels, judged - first);
      const to = Math.min(judged + floorStep, known);
      for (let frame = judged; frame < to; frame++) runs.add(speechScore(levels[frame - first]!, floor));
      judged = to;
      const done = Math.max(0, judged - floorReach - first);
      levels = levels.slice(done);
      first += done;
    }
  };
  const half = (smoothed - 1) / 2;
  return {
    push(features) {
      const [mels = 0, frames = 0] = features.shape;
      const before = energies[0]?.length ?? mels;
      if (features.shape.length !== 2 || mels < 1 || mels !== before) {
        throw new ShapeError(
          `speech: features: expected f32[${before}, frames], got f32[${features.shape.join(", ")}]`,
        );
      }
      for (let frame = 0; frame < frames; frame++) {
        // Whisper's features are (log10 + 4) / 4.
        energies.push(
          Float64Array.from({ length: mels }, (_, b) => 10 ** (4 * features.data[b * frames + frame]! - 4)),
        );
        if (energies.length > half) levels.push(average(energies));
        if (energies.length === smoothed) energies.shift();
      }
      judge(false);
      return runs.taken();
    },
    end() {
      for (let left = Math.min(half, energies.length); left > 0; left--) {
        // A recording of fewer frames than are averaged has one level a frame all the same.
        levels.push(average(energies));
        if (energies.length > 1) energies.shift();
      }
      judge(true);
      runs.end();
      return runs.taken();
    },
  };
}
