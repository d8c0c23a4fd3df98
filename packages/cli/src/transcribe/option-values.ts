import type { RawPcm, TranscriptFormat } from "@aiekit/pipeline";
import { InvalidArgumentError } from "commander";

// Parsing loads no pipeline, which costs every command a quarter of a second; the type keeps this list whole.
const everyFormat: Record<TranscriptFormat, true> = {
  txt: true,
  srt: true,
  vtt: true,
  tsv: true,
  json: true,
  "verbose.json": true,
};
const transcriptFormats = Object.keys(everyFormat) as readonly TranscriptFormat[];

/** As users write them. */
const formatNames = transcriptFormats.map((name) => name.replace(".", "-"));

/** `s16le:16000:1`: encoding, rate, channels of samples without a header; the last two are 16000 and 1 where left out. */
export function parsePcm(text: string): RawPcm {
  const [encoding = "", rate = "16000", channels = "1", ...more] = text.split(":");
  const [sampleRateHz, channelCount] = [Number(rate), Number(channels)];
  const isKnown = encoding === "s16le" || encoding === "f32le";
  if (!isKnown || !isCount(sampleRateHz) || !isCount(channelCount) || more.length > 0)
    throw new InvalidArgumentError("Expected ENCODING:RATE:CHANNELS with s16le or f32le, for example s16le:16000:1.");
  return { encoding, sampleRateHz, channelCount };
}

/** `txt,srt`, or `all`. */
export function parseFormats(text: string): readonly TranscriptFormat[] {
  if (text === "all") return transcriptFormats;
  const names = text.split(",").map((name) => (name === "verbose-json" ? "verbose.json" : name));
  const unknown = names.find((name) => !Object.hasOwn(everyFormat, name));
  if (unknown !== undefined)
    throw new InvalidArgumentError(`Expected some of ${formatNames.join(", ")}, or all; got ${unknown}.`);
  return [...new Set(names)] as TranscriptFormat[];
}

/** `0,0.2,0.4`: numbers of at least 0. */
export function parseTemperatures(text: string): readonly number[] {
  const values = text.split(",").map((part) => (part.trim() === "" ? Number.NaN : Number(part)));
  if (values.some((value) => !Number.isFinite(value) || value < 0))
    throw new InvalidArgumentError("Expected numbers of at least 0, for example 0,0.2,0.4.");
  return values;
}

/** Seconds above 0. A recording behind an option without a value is taken for one. */
export function parseOverlap(text: string): number {
  const value = Number(text);
  if (text.trim() !== "" && value > 0 && Number.isFinite(value)) return value;
  throw new InvalidArgumentError("Expected seconds above 0; without them it stands behind the recordings.");
}

/** `1.5,3` in seconds, or `auto`. */
export function parseShortWindows(text: string): readonly number[] | "auto" {
  if (text === "auto") return "auto";
  const values = text.split(",").map((part) => (part.trim() === "" ? Number.NaN : Number(part)));
  if (values.every((value) => value > 0 && Number.isFinite(value))) return values;
  throw new InvalidArgumentError("Expected seconds, 1.5,3, or auto; without either it stands behind the recordings.");
}

/** `1,2,7`, or `none`. */
export function parseTokens(text: string): readonly number[] {
  if (text === "none") return [];
  const values = text.split(",").map((part) => (part.trim() === "" ? Number.NaN : Number(part)));
  if (values.some((value) => !Number.isSafeInteger(value) || value < 0))
    throw new InvalidArgumentError("Expected ids of tokens, for example 1,2,7, or none.");
  return values;
}

/** A number, or `none`, which is null: no such threshold. */
export function parseThreshold(text: string): number | null {
  if (text === "none") return null;
  const value = Number(text);
  if (text.trim() === "" || !Number.isFinite(value)) throw new InvalidArgumentError("Expected a number, or none.");
  return value;
}

/** A whole number of at least 0. */
export function parseSeed(text: string): number {
  const value = Number(text);
  if (text.trim() === "" || !Number.isSafeInteger(value) || value < 0)
    throw new InvalidArgumentError("Expected a whole number of at least 0.");
  return value;
}

/** Above 0 and at most 1. */
export function parseProbability(text: string): number {
  const value = Number(text);
  if (!(value > 0 && value <= 1)) throw new InvalidArgumentError("Expected a number above 0 and at most 1.");
  return value;
}

function isCount(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 1;
}
