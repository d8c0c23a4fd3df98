/** Ids of the tokens that are no text. */
export interface WhisperTokens {
  readonly endOfText: number;
  readonly startOfTranscript: number;
  /** By their codes: `en`, `de`, `haw`. */
  readonly languages: ReadonlyMap<string, number>;
  readonly translate: number;
  readonly transcribe: number;
  readonly startOfLm: number;
  readonly startOfPrevious: number;
  readonly noSpeech: number;
  readonly noTimestamps: number;
  /** `<|0.00|>`; the others follow it in steps of 0.02 s. */
  readonly firstTimestamp: number;
  /** `<|30.00|>` */
  readonly lastTimestamp: number;
  /** Ids of all tokens, from 0 to one less. */
  readonly count: number;
}

export const timestampStepSeconds = 0.02;
/** 0.00 to 30.00 s, whatever the window. */
export const timestampCount = 1501;

/** `<|1.24|>` for 62. */
export function timestampText(steps: number): string {
  return `<|${(steps / 50).toFixed(2)}|>`;
}

/**
 * Finds the tokens in a vocabulary and holds them against the layout of every published Whisper: end of text, start, languages,
 * translate, transcribe, startoflm, startofprev, nospeech (called nocaptions in early files), notimestamps, timestamps, in one
 * run of ids. Early files end before the timestamps; then these follow all the same.
 */
export function findWhisperTokens(added: ReadonlyMap<string, number>, problems: string[]): WhisperTokens | undefined {
  const file = "tokenizer.json";
  const before = problems.length;
  const find = (...names: string[]): number => {
    const id = names.map((name) => added.get(name)).find((found) => found !== undefined);
    if (id === undefined)
      problems.push(`${file}: added_tokens: ${names.join(" or ")} is missing: no tokenizer of Whisper`);
    return id ?? -1;
  };
  const startOfTranscript = find("<|startoftranscript|>");
  const translate = find("<|translate|>");
  const tokens = {
    endOfText: find("<|endoftext|>"),
    startOfTranscript,
    translate,
    transcribe: find("<|transcribe|>"),
    startOfLm: find("<|startoflm|>"),
    startOfPrevious: find("<|startofprev|>"),
    noSpeech: find("<|nospeech|>", "<|nocaptions|>"),
    noTimestamps: find("<|notimestamps|>"),
  };
  if (problems.length > before) return undefined;
  const languages = new Map<string, number>();
  for (const [text, id] of added) {
    const code = /^<\|([a-z]{2,3})\|>$/.exec(text)?.[1];
    if (code !== undefined && id > startOfTranscript && id < translate) languages.set(code, id);
  }
  const layout: readonly (readonly [string, number, number])[] = [
    ["<|startoftranscript|>", tokens.startOfTranscript, tokens.endOfText + 1],
    ["<|translate|>, behind the languages,", translate, startOfTranscript + languages.size + 1],
    ["<|transcribe|>", tokens.transcribe, translate + 1],
    ["<|startoflm|>", tokens.startOfLm, translate + 2],
    ["<|startofprev|>", tokens.startOfPrevious, translate + 3],
    ["<|nospeech|>", tokens.noSpeech, translate + 4],
    ["<|notimestamps|>", tokens.noTimestamps, translate + 5],
  ];
  for (const [name, got, expected] of layout)
    if (got !== expected) problems.push(`${file}: ${name}: expected id ${expected}, got ${got}`);
  if (languages.size === 0) problems.push(`${file}: added_tokens: no language between start and translate`);
  const firstTimestamp = tokens.noTimestamps + 1;
  checkTimestamps(added, firstTimestamp, problems);
  if (problems.length > before) return undefined;
  const lastTimestamp = firstTimestamp + timestampCount - 1;
  return { ...tokens, languages, firstTimestamp, lastTimestamp, count: lastTimestamp + 1 };
}

function checkTimestamps(added: ReadonlyMap<string, number>, first: number, problems: string[]): void {
  const named = [...added].filter(([text]) => /^<\|\d+\.\d\d\|>$/.test(text));
  if (named.length === 0) return;
  const wrong = Array.from({ length: timestampCount }, (_, i) => i).find(
    (i) => added.get(timestampText(i)) !== first + i,
  );
  if (wrong !== undefined)
    problems.push(
      `tokenizer.json: ${timestampText(wrong)}: expected id ${first + wrong}, got ${added.get(timestampText(wrong)) ?? "none"}`,
    );
  if (named.length !== timestampCount)
    problems.push(`tokenizer.json: timestamps: expected ${timestampCount}, 0.00 to 30.00 s, got ${named.length}`);
}
