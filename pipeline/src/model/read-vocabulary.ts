import { byteCharacters, bytesOfToken } from "./byte-alphabet.ts";
import { type MergeRanks, pairKey } from "./byte-pair-encoding.ts";
import { isObject, type JsonObject, shown } from "./json-fields.ts";
import { findWhisperTokens, timestampCount, timestampText, type WhisperTokens } from "./whisper-tokens.ts";

/** What tokenizer.json says: tokens with their bytes, merges, and the tokens that are no text. */
export interface Vocabulary {
  /** Id of the token of each byte. */
  readonly byteIds: readonly number[];
  readonly merges: MergeRanks;
  /** Bytes of the tokens of text. */
  readonly bytes: ReadonlyMap<number, Uint8Array>;
  /** Tokens of added_tokens, timestamps among them, by their text. */
  readonly added: ReadonlyMap<string, number>;
  readonly tokens: WhisperTokens;
  readonly addPrefixSpace: boolean;
}

const file = "tokenizer.json";
const idLimit = 2 ** 24;

/** Reads tokenizer.json: byte-level BPE with Whisper's added tokens. undefined, and lines in `problems`, for anything else. */
export function readVocabulary(object: JsonObject, problems: string[]): Vocabulary | undefined {
  const before = problems.length;
  const { model } = object;
  if (!isObject(model) || model.type !== "BPE" || !isObject(model.vocab) || !Array.isArray(model.merges)) {
    problems.push(
      `${file}: model: expected BPE with vocab and merges, got ${shown(isObject(model) ? model.type : model)}`,
    );
    return undefined;
  }
  refuseOtherRules(object, model, problems);
  const added = readAdded(object.added_tokens, problems);
  const ids = readIds(model.vocab, added, problems);
  const bytes = bytesOfTokens(ids, added, problems);
  const byteIds = byteCharacters.map((character) => ids.get(character) ?? -1);
  const without = byteIds.flatMap((id, byte) => (id < 0 ? [byte] : []));
  if (without.length > 0) problems.push(`${file}: model: vocab: no token for byte ${without.join(", ")}`);
  const merges = readMerges(model.merges, ids, problems);
  const tokens = findWhisperTokens(added, problems);
  if (tokens === undefined || problems.length > before) return undefined;
  const beyond = [...bytes.keys()].filter((id) => id >= tokens.endOfText);
  if (beyond.length > 0)
    problems.push(
      `${file}: model: vocab: expected text below <|endoftext|> ${tokens.endOfText}, got ids ${beyond.slice(0, 5)}`,
    );
  for (let i = 0; i < timestampCount; i++) added.set(timestampText(i), tokens.firstTimestamp + i);
  let highest = 0;
  for (const id of added.values()) highest = Math.max(highest, id);
  if (highest >= tokens.count)
    problems.push(`${file}: added_tokens: expected ids up to ${tokens.count - 1}, the last timestamp, got ${highest}`);
  if (problems.length > before) return undefined;
  const addPrefixSpace = isObject(object.pre_tokenizer) && object.pre_tokenizer.add_prefix_space === true;
  return { byteIds, merges, bytes, added, tokens, addPrefixSpace };
}

/** What would cut or merge a text in another way than is done here. */
function refuseOtherRules(object: JsonObject, model: JsonObject, problems: string[]): void {
  const { pre_tokenizer: cut, normalizer } = object;
  if (normalizer !== null && normalizer !== undefined)
    problems.push(`${file}: normalizer: expected none, got ${shown(normalizer)}`);
  if (!isObject(cut) || cut.type !== "ByteLevel" || cut.use_regex === false)
    problems.push(`${file}: pre_tokenizer: expected ByteLevel with its pattern, got ${shown(cut)}`);
  for (const name of ["dropout", "continuing_subword_prefix", "end_of_word_suffix", "byte_fallback", "ignore_merges"])
    if (model[name]) problems.push(`${file}: model: ${name}: expected none, got ${shown(model[name])}`);
}

function readAdded(list: unknown, problems: string[]): Map<string, number> {
  const added = new Map<string, number>();
  const owners = new Map<number, string>();
  if (!Array.isArray(list)) problems.push(`${file}: added_tokens: expected a list, got ${shown(list)}`);
  for (const token of Array.isArray(list) ? (list as unknown[]) : []) {
    if (!isObject(token) || typeof token.content !== "string" || token.content === "" || !isId(token.id)) {
      problems.push(`${file}: added_tokens: expected id and content, got ${shown(token)}`);
      continue;
    }
    const { content, id } = token;
    const owner = owners.get(id);
    if (added.has(content)) problems.push(`${file}: added_tokens: ${content} stands in it twice`);
    else if (owner !== undefined)
      problems.push(`${file}: added_tokens: id ${id} is that of ${owner} and of ${content}`);
    added.set(content, id);
    owners.set(id, content);
  }
  return added;
}

function readIds(
  vocab: JsonObject,
  added: ReadonlyMap<string, number>,
  problems: string[],
): ReadonlyMap<string, number> {
  const ids = new Map<string, number>();
  const owners = new Map<number, string>();
  for (const [content, id] of added) owners.set(id, content);
  for (const [token, id] of Object.entries(vocab)) {
    const owner = isId(id) ? owners.get(id) : undefined;
    if (!isId(id)) problems.push(`${file}: model: vocab: ${shown(token)}: expected an id, got ${shown(id)}`);
    else if (owner !== undefined && owner !== token)
      problems.push(`${file}: model: vocab: id ${id} is that of ${shown(owner)} and of ${shown(token)}`);
    else {
      ids.set(token, id);
      owners.set(id, token);
    }
  }
  return ids;
}

function bytesOfTokens(
  ids: ReadonlyMap<string, number>,
  added: ReadonlyMap<string, number>,
  problems: string[],
): ReadonlyMap<number, Uint8Array> {
  const all = new Map<number, Uint8Array>();
  for (const [token, id] of ids) {
    if (added.has(token)) continue;
    const bytes = bytesOfToken(token);
    if (bytes === undefined) problems.push(`${file}: model: vocab: ${shown(token)}: not in the alphabet of bytes`);
    else all.set(id, bytes);
  }
  return all;
}

/** Merges are texts with one space, or pairs, as newer files have them. */
function readMerges(list: readonly unknown[], ids: ReadonlyMap<string, number>, problems: string[]): MergeRanks {
  const merges = new Map<number, { rank: number; merged: number }>();
  for (const [rank, merge] of list.entries()) {
    const parts = typeof merge === "string" ? merge.split(" ") : merge;
    const isPair =
      Array.isArray(parts) && parts.length === 2 && parts.every((part) => typeof part === "string" && part);
    const [left, right] = isPair ? (parts as [string, string]) : ["", ""];
    const [leftId, rightId, merged] = [ids.get(left), ids.get(right), ids.get(left + right)];
    if (!isPair) problems.push(`${file}: model: merges: ${rank}: expected two tokens, got ${shown(merge)}`);
    else if (leftId === undefined || rightId === undefined || merged === undefined)
      problems.push(`${file}: model: merges: ${rank}: ${shown(merge)}: expected tokens of vocab, as their merger`);
    else if (!merges.has(pairKey(leftId, rightId))) merges.set(pairKey(leftId, rightId), { rank, merged });
  }
  return merges;
}

function isId(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0 && (value as number) < idLimit;
}
