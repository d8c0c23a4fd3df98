import { fileURLToPath } from "node:url";

/**
 * Path of the recording that this package carries: one spoken sentence, 5.9 s, 16 kHz, mono, 16 bits, made by
 * scripts/make-speech-sample.mjs.
 */
export const speechSamplePath = fileURLToPath(new URL("../fixtures/speech.wav", import.meta.url));
