// Makes pipeline/fixtures/tones.{flac,mp3,opus,ogg,oga}: half a second of two tones, in each format that the pipeline decodes.
//
// 440 Hz of amplitude 0.4 left and 1000 Hz of 0.3 right, computed here; ffmpeg with libmp3lame, libopus and libvorbis encodes
// them. The files in the repository were made with ffmpeg 9.0.2; other versions give other bytes.
//
//   node scripts/make-audio-fixtures.mjs [path of ffmpeg]
import { execFileSync } from "node:child_process";
import { statSync } from "node:fs";
import { fileURLToPath } from "node:url";

const ffmpeg = process.argv[2] ?? "ffmpeg";
const seconds = 0.5;
// File name, sample rate, encoder.
const files = [
  ["tones.flac", 44_100, ["-c:a", "flac", "-sample_fmt", "s16"]],
  ["tones.mp3", 44_100, ["-c:a", "libmp3lame", "-b:a", "128k"]],
  ["tones.opus", 48_000, ["-c:a", "libopus", "-b:a", "96k"]],
  ["tones.ogg", 32_000, ["-c:a", "libvorbis", "-q:a", "4"]],
  ["tones.oga", 22_050, ["-c:a", "flac", "-sample_fmt", "s16", "-f", "ogg"]],
];

for (const [name, rateHz, encoder] of files) {
  const output = fileURLToPath(new URL(`../pipeline/fixtures/${name}`, import.meta.url));
  const input = ["-f", "f32le", "-ar", `${rateHz}`, "-ac", "2", "-i", "pipe:0"];
  const plain = ["-map_metadata", "-1", "-fflags", "+bitexact", "-flags:a", "+bitexact"];
  execFileSync(ffmpeg, ["-y", "-v", "error", ...input, ...encoder, ...plain, output], { input: tones(rateHz) });
  console.log(`${name}: ${statSync(output).size} bytes`);
}

function tones(rateHz) {
  const frames = rateHz * seconds;
  const samples = Float32Array.from({ length: 2 * frames }, (_, i) => {
    const time = Math.floor(i / 2) / rateHz;
    return i % 2 === 0 ? 0.4 * Math.sin(2 * Math.PI * 440 * time) : 0.3 * Math.sin(2 * Math.PI * 1000 * time);
  });
  return new Uint8Array(samples.buffer);
}
