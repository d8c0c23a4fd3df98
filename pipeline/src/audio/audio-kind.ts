import { mpegFrame } from "./mpeg-frame.ts";

/** Containers that are decoded here. */
export type DecodedKind = "WAV" | "FLAC" | "MP3" | "Ogg Opus" | "Ogg Vorbis" | "Ogg FLAC";

/** What the first bytes of a file look like. */
export type AudioKind =
  | { readonly is: "decoded"; readonly name: DecodedKind }
  /** Sound or film in another container, for ffmpeg. */
  | { readonly is: "media"; readonly name: string }
  | { readonly is: "no-sound"; readonly name: string }
  | { readonly is: "empty" }
  /** Nothing that is known here; `firstBytes` in hex. */
  | { readonly is: "unknown"; readonly firstBytes: string };

/** So many bytes are enough to tell. */
export const kindBytes = 4096;

/** Tells by content, not by name. `bytes`: the first `kindBytes` of the file, fewer where it is shorter. */
export function audioKind(bytes: Uint8Array): AudioKind {
  if (bytes.length === 0) return { is: "empty" };
  const start = String.fromCharCode(...bytes.subarray(0, 64));
  if (bytes.length < 12 && /^RIF[FX]/.test(start)) {
    return { is: "no-sound", name: `a RIFF file cut off after ${bytes.length} bytes` };
  }
  const decoded = decodedStarts.find(([, pattern]) => pattern.test(start));
  if (decoded !== undefined) return { is: "decoded", name: decoded[0] };
  const media = mediaStarts.find(([, pattern]) => pattern.test(start));
  if (media !== undefined) return { is: "media", name: media[0] };
  const noSound = noSoundStarts.find(([, pattern]) => pattern.test(start));
  if (noSound !== undefined) return { is: "no-sound", name: noSound[0] };
  if (isMpegAudio(bytes)) return { is: "decoded", name: "MP3" };
  if (isText(bytes)) return { is: "no-sound", name: "text" };
  const firstBytes = [...bytes.subarray(0, 8)].map((byte) => byte.toString(16).padStart(2, "0")).join(" ");
  return { is: "unknown", firstBytes };
}

type Starts<Name> = readonly (readonly [name: Name, pattern: RegExp])[];

// The first packet of an Ogg stream, which names the codec, begins after a header of 27 bytes and one segment size.
const decodedStarts: Starts<DecodedKind> = [
  ["WAV", /^(RIF[FX]|RF64|BW64)[\s\S]{4}WAVE/],
  ["FLAC", /^fLaC/],
  ["MP3", /^ID3/],
  ["Ogg Opus", /^OggS[\s\S]{24}OpusHead/],
  ["Ogg Vorbis", /^OggS[\s\S]{24}[\s\S]vorbis/],
  ["Ogg FLAC", /^OggS[\s\S]{24}[\s\S]FLAC/],
];

const mediaStarts: Starts<string> = [
  ["Ogg with another codec than Opus, Vorbis and FLAC", /^OggS/],
  ["MP4 or M4A", /^[\s\S]{4}ftyp/],
  ["AIFF", /^FORM[\s\S]{4}AIF[FC]/],
  ["Sun AU", /^\.snd/],
  ["WebM or Matroska", /^[\s\S]E\xdf\xa3/],
  ["AVI", /^RIFF[\s\S]{4}AVI /],
  ["a RIFF file of another kind", /^RIF[FX]/],
  ["Sony Wave64", /^riff/],
  ["Core Audio", /^caff/],
  ["AMR", /^#!AMR/],
  ["AAC (ADTS)", /^\xff[\xf0\xf1\xf8\xf9]/],
  ["Windows Media", /^0&\xb2u\x8ef\xcf/],
];

const noSoundStarts: Starts<string> = [
  ["a Git LFS pointer", /^version https:\/\/git-lfs/],
  ["a web page", /^\s*<(!doctype|html)/i],
  ["JSON text", /^\s*[[{]\s*["[{\d\]}-]/],
  ["a .npy array", /^\x93NUMPY/],
  ["a ZIP archive", /^PK[^ -~]{2}/],
  ["a PDF", /^%PDF/],
  ["a PNG picture", /^\x89PNG/],
];

/** One frame header can be chance; a second one where the first frame ends is not. */
function isMpegAudio(bytes: Uint8Array): boolean {
  const first = mpegFrame(bytes, 0);
  if (first === undefined) return false;
  return first.bytes >= bytes.length || mpegFrame(bytes, first.bytes) !== undefined;
}

/** UTF-8 without control characters, as far as the bytes go. */
function isText(bytes: Uint8Array): boolean {
  const isControl = (byte: number): boolean => byte === 127 || (byte < 32 && (byte < 9 || byte > 13));
  return !bytes.some(isControl) && !new TextDecoder().decode(bytes, { stream: true }).includes("\ufffd");
}
