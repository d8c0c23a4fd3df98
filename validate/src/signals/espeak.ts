import { AbortedError } from "@aiekit/core";
import type { MelClip } from "./mel-clips.ts";
import { resample } from "./resample.ts";
import { readWav } from "./wav.ts";

/** Runs a program and gives what it wrote to standard output; rejects when it is missing or fails. */
export type RunProgram = (command: string, args: readonly string[]) => Promise<Uint8Array>;

export interface EspeakOptions {
  readonly run: RunProgram;
  /** Clips wanted; at most sentences × voices × speeds = 120. */
  readonly clips: number;
  readonly signal?: AbortSignal | undefined;
}

/** Speech made by espeak-ng at 16 kHz, 0.8 to 2 s a clip, or the reason why there is none. */
export async function espeakClips(options: EspeakOptions): Promise<{ clips: MelClip[]; skipped: string }> {
  const wanted = combinations().slice(0, options.clips);
  const clips: MelClip[] = [];
  for (const [i, request] of wanted.entries()) {
    if (options.signal?.aborted) throw new AbortedError("speech clips: stopped");
    const args = ["-v", request.voice, "-s", `${request.wordsPerMinute}`, "--stdout", request.sentence];
    try {
      const wav = readWav(await options.run("espeak-ng", args), `espeak-ng ${request.voice}`);
      const samples = Math.round((0.8 + 0.1 * (i % 13)) * outputRateHz);
      clips.push({
        name: `speech ${request.voice} ${request.wordsPerMinute} wpm ${request.number}`,
        group: "speech",
        pcm: resample(wav, outputRateHz).slice(0, samples),
        origin: "espeak-ng",
      });
    } catch (cause) {
      return { clips: [], skipped: `no espeak-ng speech: ${reasonOf(cause)}` };
    }
  }
  return { clips, skipped: "" };
}

function reasonOf(cause: unknown): string {
  if ((cause as NodeJS.ErrnoException | null)?.code === "ENOENT") return "it is not installed (apt install espeak-ng)";
  return cause instanceof Error ? (cause.message.split("\n")[0] ?? "") : String(cause);
}

const outputRateHz = 16000;
const voices = ["en-us", "en-gb", "en-us+f3", "en-gb-scotland+m4", "de+f2", "fr+m2"];
const speeds = [150, 210];
const sentences = [
  "Seven grey ships waited at the quay for a change of wind.",
  "She asked why the small bridge had been closed since Thursday.",
  "Fresh bread, sharp cheese and a jug of cold water were enough.",
  "Five judges chose the loudest of the young musicians.",
  "Measure twice, cut once, and keep the pieces you did not need.",
  "The azure vase on the top shelf is older than the house.",
  "Who left this umbrella hanging behind the kitchen door?",
  "Thick fog rolled over both hills before the sun went down.",
  "A rusty engine coughed, shook, and finally came to life.",
  "Please repeat the last four numbers slowly: eight, zero, two, six.",
];

interface SpeechRequest {
  readonly number: number;
  readonly sentence: string;
  readonly voice: string;
  readonly wordsPerMinute: number;
}

// Sentences outermost: any number of clips from the start holds all voices and speeds.
function combinations(): SpeechRequest[] {
  return sentences.flatMap((sentence, i) =>
    voices.flatMap((voice) => speeds.map((wordsPerMinute) => ({ number: i + 1, sentence, voice, wordsPerMinute }))),
  );
}
