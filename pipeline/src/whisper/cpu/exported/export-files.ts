import { stat } from "node:fs/promises";
import { join } from "node:path";
import { FormatError } from "@aiekit/core";

/** The graphs of an export as optimum and transformers.js lay them out: one decoder for both uses, or one for each. */
export interface ExportFiles {
  readonly encoder: string;
  /** Takes a prompt, and gives the keys and values of the window. */
  readonly first: string;
  /** Takes one token a row and what came before; the same file where `use_cache_branch` chooses. */
  readonly next: string;
}

/**
 * Finds the graphs in `folder` or its `onnx` folder; `suffix` as in `encoder_model_quantized.onnx`, or "".
 * @throws FormatError with the names that are missing.
 */
export async function exportFiles(folder: string, suffix = ""): Promise<ExportFiles> {
  const missing: string[] = [];
  for (const place of [join(folder, "onnx"), folder]) {
    const path = (name: string) => join(place, `${name}${suffix}.onnx`);
    const encoder = path("encoder_model");
    const merged = path("decoder_model_merged");
    const pair = { first: path("decoder_model"), next: path("decoder_with_past_model") };
    if (!(await isFile(encoder))) {
      missing.push(encoder);
      continue;
    }
    if (await isFile(merged)) return { encoder, first: merged, next: merged };
    if ((await isFile(pair.first)) && (await isFile(pair.next))) return { encoder, ...pair };
    missing.push(`${merged}, or ${pair.first} with ${pair.next}`);
  }
  throw new FormatError(`onnx export ${folder}: missing: ${missing.join("; ")}`);
}

async function isFile(path: string): Promise<boolean> {
  return stat(path).then(
    (info) => info.isFile(),
    () => false,
  );
}
