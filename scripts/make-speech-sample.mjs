// Makes pipeline/fixtures/speech.wav: one sentence, 16 kHz, mono, 16 bits, about 5 seconds.
//
// espeak-ng (a formant synthesizer: apt-get install espeak-ng) speaks the sentence below at its own rate of 22.05 kHz; the
// pipeline's reader, resampler and writer turn that into 16 kHz. The sentence was written for this project and nobody's
// voice was recorded, so the file is free to use under the project's licence. Versions of espeak-ng differ in single
// samples: the file in the repository was made with 1.51.
//
//   pnpm build && node scripts/make-speech-sample.mjs
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { loadSpeech, speechRateHz, writeWav } from "../pipeline/dist/index.js";

const sentence = "Sixteen thousand numbers a second come in, and every hundredth of a second eighty bands go out.";
const output = fileURLToPath(new URL("../pipeline/fixtures/speech.wav", import.meta.url));

const { pcm, seconds, notes } = loadSpeech(speak(sentence), "espeak-ng");
mkdirSync(dirname(output), { recursive: true });
writeFileSync(output, writeWav({ sampleRateHz: speechRateHz, channels: [pcm] }));
console.log(`${output}: ${seconds.toFixed(2)} s, ${pcm.length * 2 + 44} bytes; ${notes.join("; ")}`);

function speak(text) {
  const folder = mkdtempSync(join(tmpdir(), "speech-"));
  try {
    const file = join(folder, "spoken.wav");
    execFileSync("espeak-ng", ["-v", "en-us", "-s", "165", "-w", file, text]);
    return new Uint8Array(readFileSync(file));
  } finally {
    rmSync(folder, { recursive: true });
  }
}
