import type { Transcript } from "../transcription.ts";
import { jsonText, verboseJsonText } from "./json-formats.ts";
import { srtText, tsvText, txtText, vttText } from "./plain-formats.ts";
import type { SubtitleOptions } from "./subtitles.ts";

/** Formats that a transcript is written in; each is the end of its file's name. */
export const transcriptFormats = ["txt", "srt", "vtt", "tsv", "json", "verbose.json"] as const;
export type TranscriptFormat = (typeof transcriptFormats)[number];

export interface FormatOptions extends SubtitleOptions {
  /** The English name of a language's code, for `verbose.json`. */
  readonly languageName: (code: string) => string;
}

/** A transcript as the text of a file. All but `verbose.json` are those of openai-whisper. */
export function formatTranscript(transcript: Transcript, format: TranscriptFormat, options: FormatOptions): string {
  switch (format) {
    case "txt":
      return txtText(transcript);
    case "srt":
      return srtText(transcript, options);
    case "vtt":
      return vttText(transcript, options);
    case "tsv":
      return tsvText(transcript);
    case "json":
      return jsonText(transcript);
    case "verbose.json":
      return verboseJsonText(transcript, options.languageName);
  }
}
