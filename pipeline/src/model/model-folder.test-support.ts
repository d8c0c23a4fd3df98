import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { floatToBf16 } from "@aiekit/core";
import { onTestFinished } from "vitest";
import { byteCharacters } from "./byte-alphabet.ts";
import { readWhisperConfig } from "./whisper-config.ts";
import { whisperTensorShapes } from "./whisper-tensors.ts";

/** An array as a test wants it in a file. */
export interface WrittenTensor {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly bytes: Uint8Array;
}

/** A model's files, to be changed before they are written. */
export interface ModelFiles {
  json: Record<string, Record<string, unknown>>;
  tensors: Map<string, WrittenTensor>;
}

const added = [
  "<|endoftext|>",
  "<|startoftranscript|>",
  "<|en|>",
  "<|de|>",
  "<|translate|>",
  "<|transcribe|>",
  "<|startoflm|>",
  "<|startofprev|>",
  "<|nospeech|>",
  "<|notimestamps|>",
];

/** 256 bytes, four merges, ten tokens without text: from 260 on. */
export const tinyTokens = {
  endOfText: 260,
  english: 262,
  german: 263,
  noTimestamps: 269,
  firstTimestamp: 270,
} as const;

/** A model of width 8, one layer on each side, with random weights of the seed. Its tokenizer knows "the" and " t". */
export function tinyModelFiles(seed = 1): ModelFiles {
  const vocab: Record<string, number> = Object.fromEntries(byteCharacters.map((character, byte) => [character, byte]));
  for (const [i, token] of ["th", "the", "Ġt", "Ġthe"].entries()) vocab[token] = 256 + i;
  const config = {
    ...{ model_type: "whisper", d_model: 8, vocab_size: tinyTokens.firstTimestamp + 1501, num_mel_bins: 4 },
    ...{ encoder_layers: 1, encoder_attention_heads: 2, encoder_ffn_dim: 16 },
    ...{ decoder_layers: 1, decoder_attention_heads: 2, decoder_ffn_dim: 16 },
    ...{ max_source_positions: 50, max_target_positions: 20, activation_function: "gelu" },
    ...{ decoder_start_token_id: 261, eos_token_id: 260 },
  };
  const random = noise(seed);
  const shapes = whisperTensorShapes(readWhisperConfig(config, [])!);
  return {
    json: {
      "config.json": config,
      "generation_config.json": {
        ...{ suppress_tokens: [1, 2], begin_suppress_tokens: [32, 260], is_multilingual: true },
        ...{ lang_to_id: { "<|en|>": 262, "<|de|>": 263 }, task_to_id: { translate: 264, transcribe: 265 } },
        ...{ no_timestamps_token_id: 269, alignment_heads: [[0, 1]], max_initial_timestamp_index: 50, max_length: 20 },
      },
      "preprocessor_config.json": {
        ...{ feature_size: 4, sampling_rate: 16000, n_fft: 400, hop_length: 160, chunk_length: 1 },
        ...{ n_samples: 16000, nb_max_frames: 100 },
      },
      "tokenizer.json": {
        added_tokens: added.map((content, i) => ({ id: 260 + i, content, special: true })),
        normalizer: null,
        pre_tokenizer: { type: "ByteLevel", add_prefix_space: false, use_regex: true },
        model: { type: "BPE", vocab, merges: ["t h", ["th", "e"], "Ġ t", ["Ġ", "the"]] },
      },
    },
    tensors: new Map([...shapes].map(([name, shape]) => [name, floats("F32", shape, random)])),
  };
}

/** An array of noise, or of what `value` gives, in one of the three types of weights. */
export function floats(dtype: "F32" | "F16" | "BF16", shape: readonly number[], value: () => number): WrittenTensor {
  const values = Float32Array.from({ length: shape.reduce((n, size) => n * size, 1) }, value);
  const bits = dtype === "F32" ? values : Uint16Array.from(values, dtype === "BF16" ? floatToBf16 : halfOf);
  return { dtype, shape, bytes: new Uint8Array(bits.buffer) };
}

/** Bits of a number that a normal binary16 holds exactly. */
function halfOf(value: number): number {
  if (value === 0) return 0;
  const exponent = Math.floor(Math.log2(Math.abs(value)));
  const fraction = (Math.abs(value) / 2 ** exponent - 1) * 1024;
  return (value < 0 ? 0x8000 : 0) | ((exponent + 15) << 10) | Math.round(fraction);
}

export function noise(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32 - 0.5;
  };
}

/** A file with the arrays one behind the other. `header` is put in place of the true one. */
export function safetensors(tensors: ReadonlyMap<string, WrittenTensor>, header?: string): Uint8Array {
  let at = 0;
  const entries: Record<string, unknown> = { __metadata__: { format: "pt" } };
  for (const [name, { dtype, shape, bytes }] of tensors) {
    entries[name] = { dtype, shape, data_offsets: [at, at + bytes.byteLength] };
    at += bytes.byteLength;
  }
  const json = new TextEncoder().encode(header ?? JSON.stringify(entries));
  const prefix = new Uint8Array(8);
  new DataView(prefix.buffer).setBigUint64(0, BigInt(json.byteLength), true);
  return Buffer.concat([prefix, json, ...[...tensors.values()].map(({ bytes }) => bytes)]);
}

/** Writes a model below a folder of the test's own, which goes when the test ends. `shards`: files of the weights. */
export async function writeModel(files: ModelFiles, options: { readonly shards?: number } = {}): Promise<string> {
  const folder = join(await testFolder(), "tiny");
  await mkdir(folder);
  for (const [name, object] of Object.entries(files.json)) await writeFile(join(folder, name), JSON.stringify(object));
  const { shards = 1 } = options;
  if (shards === 1) {
    await writeFile(join(folder, "model.safetensors"), safetensors(files.tensors));
    return folder;
  }
  const map: Record<string, string> = {};
  for (let shard = 0; shard < shards; shard++) {
    const file = `model-0000${shard + 1}-of-0000${shards}.safetensors`;
    const part = new Map([...files.tensors].filter((_, i) => i % shards === shard));
    for (const name of part.keys()) map[name] = file;
    await writeFile(join(folder, file), safetensors(part));
  }
  const index = { metadata: { total_size: 0 }, weight_map: map };
  await writeFile(join(folder, "model.safetensors.index.json"), JSON.stringify(index));
  return folder;
}

export async function testFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "aiekit-model-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}
