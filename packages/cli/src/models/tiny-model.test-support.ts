import { readFileSync } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readWhisperConfig, whisperTensorShapes } from "@aiekit/pipeline";
import { onTestFinished } from "vitest";

/** Files of a model of width 8 with one layer on each side, by name. `seed` tells models apart. */
export function tinyModel(seed = 1): Map<string, Buffer> {
  const tokenizer = readFileSync(new URL("../../../../pipeline/fixtures/tokenizer/tokenizer.json", import.meta.url));
  const { added_tokens: added } = JSON.parse(tokenizer.toString()) as {
    added_tokens: { id: number; content: string }[];
  };
  const idOf = (text: string) => added.find(({ content }) => content === text)!.id;
  const config = {
    ...{ model_type: "whisper", d_model: 8, vocab_size: idOf("<|notimestamps|>") + 1 + 1501, num_mel_bins: 4 },
    ...{ encoder_layers: 1, encoder_attention_heads: 2, encoder_ffn_dim: 16 },
    ...{ decoder_layers: 1, decoder_attention_heads: 2, decoder_ffn_dim: 16 },
    ...{ max_source_positions: 50, max_target_positions: 20, activation_function: "gelu" },
    ...{ decoder_start_token_id: idOf("<|startoftranscript|>"), eos_token_id: idOf("<|endoftext|>") },
  };
  const features = { feature_size: 4, sampling_rate: 16000, n_fft: 400, hop_length: 160, chunk_length: 1 };
  const json = (value: unknown) => Buffer.from(JSON.stringify(value));
  return new Map([
    ["config.json", json(config)],
    ["generation_config.json", json({ is_multilingual: true, no_timestamps_token_id: idOf("<|notimestamps|>") })],
    ["preprocessor_config.json", json(features)],
    ["tokenizer.json", tokenizer],
    ["model.safetensors", weights(whisperTensorShapes(readWhisperConfig(config, [])!), seed)],
  ]);
}

function weights(shapes: ReadonlyMap<string, readonly number[]>, seed: number): Buffer {
  let end = 0;
  const header: Record<string, unknown> = {};
  for (const [name, shape] of shapes) {
    const begin = end;
    end += 2 * shape.reduce((n, size) => n * size, 1);
    header[name] = { dtype: "BF16", shape, data_offsets: [begin, end] };
  }
  const json = Buffer.from(JSON.stringify(header));
  const prefix = Buffer.alloc(8);
  prefix.writeBigUInt64LE(BigInt(json.length));
  // Bytes 0 to 62 in turn are finite in bfloat16.
  return Buffer.concat([prefix, json, Buffer.from(Uint8Array.from({ length: end }, (_, i) => (i * 7 + seed) % 63))]);
}

/** A folder of the test's own, which goes when the test ends. */
export async function testFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "aiekit-models-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

export async function writeFiles(folder: string, files: ReadonlyMap<string, Buffer>): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (const [name, bytes] of files) await writeFile(join(folder, name), bytes);
}
