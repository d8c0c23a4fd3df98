import { FormatError } from "@aiekit/core";
import { audioKind } from "./audio-kind.ts";

/** Command that makes a readable file of any other, for hints. */
export const ffmpegHint = "convert it first: ffmpeg -i INPUT -ar 16000 -ac 1 -c:a pcm_s16le OUTPUT.wav";

/** @throws FormatError, always: the bytes are no WAV, and the message says what they look like. */
export function refuseOtherFormat(bytes: Uint8Array, name: string): never {
  throw new FormatError(`${name}: expected a WAV file (RIFF/WAVE), got ${looksLike(bytes)}`, {
    offset: 0,
    hint: hintFor(looksLike(bytes)),
  });
}

/** @throws FormatError, always: the bytes are no sound, and the message says what they look like. */
export function refuseNoSound(bytes: Uint8Array, name: string): never {
  throw new FormatError(`${name}: expected a recording, got ${looksLike(bytes)}`, {
    offset: 0,
    hint: hintFor(looksLike(bytes)),
  });
}

function looksLike(bytes: Uint8Array): string {
  const kind = audioKind(bytes);
  if (kind.is === "empty") return "an empty file";
  return kind.is === "unknown" ? `something else (first bytes ${kind.firstBytes})` : kind.name;
}

function hintFor(what: string): string {
  if (what === "a Git LFS pointer") return "fetch the real file: git lfs pull";
  if (what === "an empty file" || what.includes("cut off")) return "copy, download or record the file again";
  if (/text|web page|PDF|picture|array|archive/.test(what))
    return "name the recording itself: WAV, FLAC, MP3, Ogg Opus or Vorbis";
  return ffmpegHint;
}

const formatNames: Readonly<Record<number, string>> = {
  2: "Microsoft ADPCM",
  6: "A-law",
  7: "mu-law",
  17: "IMA ADPCM",
  49: "GSM 6.10",
  64: "G.721 ADPCM",
  80: "MPEG",
  85: "MP3",
  146: "Dolby AC-3",
  255: "AAC",
  353: "Windows Media Audio",
  354: "Windows Media Audio Pro",
  26447: "Vorbis",
  28751: "Opus",
  61868: "FLAC",
};

/** Name of a WAVE format tag that is neither PCM nor float. Source: mmreg.h of the Windows SDK. */
export function formatTagName(tag: number): string {
  const hex = `0x${tag.toString(16).padStart(4, "0")}`;
  const name = formatNames[tag];
  return name === undefined ? `format ${hex}` : `${name} (format ${hex})`;
}
