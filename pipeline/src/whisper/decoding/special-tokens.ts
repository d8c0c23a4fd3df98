/** Ids of a model's special tokens; a model for English alone has no languages and may lack the tasks. */
export interface SpecialTokens {
  /** <|endoftext|>: text tokens lie below it. */
  readonly eot: number;
  /** <|startoftranscript|> */
  readonly sot: number;
  /** By language code: <|en|>. */
  readonly languages: Readonly<Record<string, number>>;
  readonly translate: number;
  readonly transcribe: number;
  /** <|startoflm|> */
  readonly sotLm: number;
  /** <|startofprev|> */
  readonly sotPrev: number;
  /** <|nospeech|> */
  readonly noSpeech: number;
  readonly noTimestamps: number;
  /** <|0.00|>; every token from here on is a timestamp, two frames apart. */
  readonly timestampBegin: number;
}

/** What is never sampled, whatever the suppress list says. Source: openai/whisper, decoding.py, `_get_suppress_tokens`. */
export function neverSampled(special: SpecialTokens): readonly number[] {
  const { transcribe, translate, sot, sotPrev, sotLm, noSpeech } = special;
  return [transcribe, translate, sot, sotPrev, sotLm, noSpeech];
}
