import type { TranscribedSegment, TranscribedWord, Transcript } from "../transcription.ts";

/** As openai-whisper writes it: text, segments, language. */
export function jsonText({ text, segments, language }: Transcript): string {
  const record = { text, segments: segments.map((segment) => segmentRecord(segment, true)), language };
  return `${JSON.stringify(record)}\n`;
}

/** OpenAI's `verbose_json`: task, language by name, duration, text, segments, and words where there are any. */
export function verboseJsonText(transcript: Transcript, languageName: (code: string) => string): string {
  const { task, language, durationSeconds, text, segments } = transcript;
  const hasWords = segments.some(({ words }) => words !== undefined);
  const record = {
    task,
    language: language === undefined ? null : languageName(language),
    duration: durationSeconds,
    text,
    segments: segments.map((segment) => segmentRecord(segment, false)),
    ...(hasWords ? { words: segments.flatMap(({ words = [] }) => words.map(plainWord)) } : {}),
  };
  return `${JSON.stringify(record, null, 2)}\n`;
}

function segmentRecord(segment: TranscribedSegment, withWords: boolean) {
  const { id, seek, startSeconds, endSeconds, text, tokens, temperature, words } = segment;
  return {
    id,
    seek,
    start: startSeconds,
    end: endSeconds,
    text,
    tokens,
    temperature,
    avg_logprob: segment.avgLogProb,
    compression_ratio: segment.compressionRatio,
    no_speech_prob: segment.noSpeechProb,
    ...(withWords && words !== undefined
      ? { words: words.map((word) => ({ ...plainWord(word), probability: word.probability })) }
      : {}),
  };
}

function plainWord({ word, startSeconds, endSeconds }: TranscribedWord) {
  return { word, start: startSeconds, end: endSeconds };
}
