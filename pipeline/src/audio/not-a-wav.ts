import { FormatError } from "@aiekit/core";

/** Command that makes a readable file of any other, for hints. */
export const ffmpegHint = "convert it first: ffmpeg -i INPUT -ar 16000 -ac 1 -c:a pcm_s16le OUTPUT.wav";

const starts: readonly (readonly [what: string, pattern: RegExp])[] = [
  ["a Git LFS pointer", /^version https:\/\/git-lfs/],
  ["MP3", /^(ID3|\xff[\xe2-\xff])/],
  ["FLAC", /^fLaC/],
  ["Ogg (Vorbis or Opus)", /^OggS/],
  ["MP4 or M4A", /^[\s\S]{4}ftyp/],
  ["AIFF", /^FORM[\s\S]{4}AIF[FC]/],
  ["Sun AU", /^\.snd/],
  ["WebM or Matroska", /^.\x45\xdf\xa3/s],
  ["AVI", /^RIFF[\s\S]{4}AVI /],
  ["a RIFF file of another kind", /^RIF[FX]/],
  ["Sony Wave64", /^riff/],
  ["a web page", /^\s*<(!doctype|html)/i],
  ["JSON text", /^\s*[[{]/],
];

/** @throws FormatError, always: the bytes are no WAV, and the message says what they look like. */
export function refuseOtherFormat(bytes: Uint8Array, name: string): never {
  const start = String.fromCharCode(...bytes.subarray(0, 32));
  const isCut = bytes.length < 12 && /^RIF[FX]/.test(start);
  const kind = isCut
    ? `a RIFF file cut off after ${bytes.length} bytes`
    : starts.find(([, pattern]) => pattern.test(start))?.[0];
  const first = [...bytes.subarray(0, 8)].map((byte) => byte.toString(16).padStart(2, "0")).join(" ");
  const found = bytes.length === 0 ? "an empty file" : (kind ?? `something else (first bytes ${first})`);
  const pointer = "fetch the real file: git lfs pull";
  const hint = kind === "a Git LFS pointer" ? pointer : isCut ? "copy or download the file again" : ffmpegHint;
  throw new FormatError(`${name}: expected a WAV file (RIFF/WAVE), got ${found}`, { offset: 0, hint });
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
