import type { Tensor } from "@aiekit/core";
import type { WhisperSizes } from "../../whisper-sizes.ts";
import type { DecoderWindow } from "../cpu-decoder.ts";
import type { GraphSessions } from "../graph-sessions.ts";
import type { OrtTensor } from "../onnx-runtime.ts";
import type { ExportCache } from "./export-cache.ts";
import type { ExportFiles } from "./export-files.ts";

interface ExportedDecoder {
  readonly files: ExportFiles;
  readonly sizes: WhisperSizes;
  readonly sessions: GraphSessions;
  readonly cache: ExportCache;
  /** [positions, width]. */
  readonly encoded: Tensor<"f32">;
}

/** Runs exported graphs: the first for a prompt, the other from then on. They give logits of every token that is fed. */
export function runExportedDecoder({ files, sizes, sessions, cache, encoded }: ExportedDecoder): DecoderWindow["run"] {
  const { Tensor } = sessions.runtime;
  return async ({ tokens, pick, keepAttention }) => {
    const { rows } = cache;
    const isFirst = cache.length === 0;
    const session = await sessions.open(isFirst ? files.first : files.next);
    const more = tokens.length / rows;
    const [positions = 0, width = 0] = encoded.shape;
    const offered = (name: string): OrtTensor => {
      if (name === "input_ids") return new Tensor("int64", BigInt64Array.from(tokens, BigInt), [rows, more]);
      if (name === "use_cache_branch") return new Tensor("bool", Uint8Array.of(isFirst ? 0 : 1), [1]);
      if (name === "encoder_hidden_states")
        return new Tensor("float32", ...repeated(encoded.data, rows, [positions, width]));
      const past = name.replace("past_key_values.", "");
      const known = past.includes(".encoder.") ? cache.windowOfRows()[past] : cache.self[past];
      // The branch for a prompt does not read what came before; the graph wants it all the same.
      return (
        known ?? new Tensor("float32", new Float32Array(0), [rows, sizes.decoderHeads, 0, width / sizes.decoderHeads])
      );
    };
    const feeds = Object.fromEntries(session.inputNames.map((name) => [name, offered(name)]));
    const attention = Array.from({ length: sizes.decoderLayers }, (_, i) => `cross_attentions.${i}`);
    const wanted = session.outputNames.filter(
      (name) =>
        name === "logits" ||
        (name.startsWith("present.") && (isFirst || name.includes(".decoder."))) ||
        (keepAttention && attention.includes(name)),
    );
    const results = await session.run(feeds, Object.fromEntries(wanted.map((name) => [name, null])));
    const present = (side: string) =>
      Object.fromEntries(
        wanted
          .filter((name) => name.startsWith("present.") && name.includes(side))
          .map((name) => [name.slice("present.".length), results[name]!]),
      );
    cache.self = present(".decoder.");
    if (isFirst) cache.window = present(".encoder.");
    cache.length += more;
    return {
      logits: picked(results.logits!.data as Float32Array, pick, sizes.vocab),
      attention: keepAttention ? attention.map((name) => byHead(results[name]!)) : [],
    };
  };
}

function repeated(data: Float32Array, rows: number, dims: readonly number[]): [Float32Array, readonly number[]] {
  const all = new Float32Array(rows * data.length);
  for (let row = 0; row < rows; row++) all.set(data, row * data.length);
  return [all, [rows, ...dims]];
}

function picked(logits: Float32Array, pick: readonly number[], vocab: number): Float32Array<ArrayBuffer> {
  const rows = new Float32Array(pick.length * vocab);
  pick.forEach((token, i) => {
    rows.set(logits.subarray(token * vocab, (token + 1) * vocab), i * vocab);
  });
  return rows;
}

/** [rows, heads, more, positions] to [heads, rows, more, positions]. */
function byHead({ data, dims }: OrtTensor): Float32Array {
  const [rows = 0, heads = 0, more = 0, positions = 0] = dims;
  const size = more * positions;
  const turned = new Float32Array(data.length);
  for (let row = 0; row < rows; row++) {
    for (let head = 0; head < heads; head++) {
      const from = (row * heads + head) * size;
      turned.set((data as Float32Array).subarray(from, from + size), (head * rows + row) * size);
    }
  }
  return turned;
}
