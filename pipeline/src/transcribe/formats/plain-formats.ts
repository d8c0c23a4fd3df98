import type { Transcript } from "../transcription.ts";
import { type SubtitleOptions, subtitles } from "./subtitles.ts";
import { milliseconds } from "./time-text.ts";

/** A line a segment. */
export function txtText({ segments }: Transcript): string {
  return segments.map(({ text }) => `${text.trim()}\n`).join("");
}

/** SubRip: numbered, hours always, a comma before the milliseconds. */
export function srtText({ segments }: Transcript, options: SubtitleOptions): string {
  return subtitles(segments, options, { alwaysHours: true, decimalMark: "," })
    .map(({ start, end, text }, i) => `${i + 1}\n${start} --> ${end}\n${text}\n\n`)
    .join("");
}

/** WebVTT. */
export function vttText({ segments }: Transcript, options: SubtitleOptions): string {
  const blocks = subtitles(segments, options, { alwaysHours: false, decimalMark: "." });
  return ["WEBVTT\n\n", ...blocks.map(({ start, end, text }) => `${start} --> ${end}\n${text}\n\n`)].join("");
}

/** Whole milliseconds and text; a tab in the text becomes a space. */
export function tsvText({ segments }: Transcript): string {
  const rows = segments.map(({ startSeconds, endSeconds, text }) =>
    [milliseconds(startSeconds), milliseconds(endSeconds), text.trim().replaceAll("\t", " ")].join("\t"),
  );
  return [["start", "end", "text"].join("\t"), ...rows].map((row) => `${row}\n`).join("");
}
