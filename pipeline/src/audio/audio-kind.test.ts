import { expect, test } from "vitest";
import { type AudioKind, audioKind } from "./audio-kind.ts";
import { ascii } from "./wav.test-support.ts";

const pad = (...bytes: (number | number[])[]): Uint8Array => Uint8Array.from([...bytes.flat(), ...Array(900).fill(0)]);
const oggPage = (codec: number[]): Uint8Array => pad(ascii("OggS"), Array(22).fill(0), 1, 19, codec);
const decoded = (name: string) => ({ is: "decoded", name }) as AudioKind;
const media = (name: string): AudioKind => ({ is: "media", name });
const noSound = (name: string): AudioKind => ({ is: "no-sound", name });

// 128 kb/s at 44.1 kHz: 144 · 128000 / 44100 = 417 bytes a frame, one more where it is padded.
const mp3Frame = (padded: 0 | 1): number[] => [0xff, 0xfb, 0x90 + 2 * padded, 0x40, ...Array(413 + padded).fill(0x55)];

test.each<[string, Uint8Array, AudioKind]>([
  ["RIFF/WAVE", pad(ascii("RIFF"), 1, 2, 3, 4, ascii("WAVEfmt ")), decoded("WAV")],
  ["RF64", pad(ascii("RF64"), 255, 255, 255, 255, ascii("WAVEds64")), decoded("WAV")],
  ["fLaC", pad(ascii("fLaC")), decoded("FLAC")],
  ["a tag in front", pad(ascii("ID3"), 4), decoded("MP3")],
  ["MP3 frames without a tag", Uint8Array.from([...mp3Frame(0), ...mp3Frame(1), ...mp3Frame(0)]), decoded("MP3")],
  ["a padded frame first", Uint8Array.from([...mp3Frame(1), ...mp3Frame(0)]), decoded("MP3")],
  ["Opus", oggPage(ascii("OpusHead")), decoded("Ogg Opus")],
  ["Vorbis", oggPage([1, ...ascii("vorbis")]), decoded("Ogg Vorbis")],
  ["FLAC in Ogg", oggPage([0x7f, ...ascii("FLAC")]), decoded("Ogg FLAC")],
  ["Speex", oggPage(ascii("Speex   ")), media("Ogg with another codec than Opus, Vorbis and FLAC")],
  ["M4A", pad(0, 0, 0, 32, ascii("ftypM4A ")), media("MP4 or M4A")],
  ["AIFF", pad(ascii("FORM"), 0, 0, 0, 0, ascii("AIFF")), media("AIFF")],
  ["WebM", pad(0x1a, 0x45, 0xdf, 0xa3), media("WebM or Matroska")],
  ["AAC", pad(0xff, 0xf1, 0x50, 0x80), media("AAC (ADTS)")],
  ["text", Uint8Array.from(ascii("Dear all,\r\n\tno sound\n")), noSound("text")],
  ["UTF-8 text cut within a character", new TextEncoder().encode("schön, größ").subarray(0, 13), noSound("text")],
  ["a web page", Uint8Array.from(ascii("\n<html>")), noSound("a web page")],
  ["JSON", Uint8Array.from(ascii('[ {"a": 1} ]')), noSound("JSON text")],
  ["a RIFF header cut off", Uint8Array.from([...ascii("RIFF"), 1]), noSound("a RIFF file cut off after 5 bytes")],
  ["nothing", new Uint8Array(), { is: "empty" }],
  // The same first header, without a second where the first frame ends.
  ["one frame header by chance", pad(0xff, 0xfb, 0x90, 0x40), { is: "unknown", firstBytes: "ff fb 90 40 00 00 00 00" }],
  ["UTF-16 text", Uint8Array.from([0xff, 0xfe, 0x41, 0, 0x42, 0]), { is: "unknown", firstBytes: "ff fe 41 00 42 00" }],
])("%s", (_, bytes, kind) => {
  expect(audioKind(bytes)).toEqual(kind);
});
