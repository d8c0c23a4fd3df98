import type { WhisperSizes } from "../whisper-sizes.ts";
import type { KeyValueCache } from "./key-value-cache.ts";
import type { OnnxRuntime, OrtSession, OrtTensor } from "./onnx-runtime.ts";

/** Keys and values that the decoder's layers made of an encoded window: `key.LAYER` and `value.LAYER`. */
type WindowTensors = Readonly<Record<string, OrtTensor>>;

interface DecoderFeed {
  readonly window: WindowTensors;
  readonly cache: KeyValueCache;
  /** [rows, more]. */
  readonly tokens: readonly number[];
  /** Indices into tokens. */
  readonly pick: readonly number[];
  readonly keepAttention: boolean;
}

export interface DecoderResult {
  /** [pick.length, vocab]. */
  readonly logits: Float32Array<ArrayBuffer>;
  /** For each layer [heads, rows * more, positions]; none unless kept. */
  readonly attention: readonly Float32Array[];
}

/** Runs the graph that `emitDecoder` makes: the cache then holds what was fed. */
export async function runDecoderGraph(
  { Tensor }: OnnxRuntime,
  session: OrtSession,
  { decoderLayers, decoderHeads }: WhisperSizes,
  { window, cache, tokens, pick, keepAttention }: DecoderFeed,
): Promise<DecoderResult> {
  const { rows } = cache;
  const more = tokens.length / rows;
  const length = cache.length + more;
  cache.reserve(length);
  const ints = (values: readonly number[], dims = [values.length]) =>
    new Tensor("int32", Int32Array.from(values), dims);
  const feeds: Record<string, OrtTensor> = {
    ...window,
    tokens: ints(tokens, [rows, more]),
    positions: ints(Array.from({ length: more }, (_, i) => cache.length + i)),
    pick: ints(pick),
    lengths: ints(new Array(rows).fill(length - 1)),
    length: ints([length]),
  };
  const fetches: Record<string, OrtTensor | null> = { logits: null };
  const dims = [rows, decoderHeads, cache.capacity, cache.columns];
  cache.layers.forEach(({ keys, values }, i) => {
    for (const [kind, data] of [["key", keys] as const, ["value", values] as const]) {
      const tensor = new Tensor("float32", data, dims);
      feeds[`cache.${kind}.${i}`] = tensor;
      // The same memory, so that it is written in place.
      fetches[`next.${kind}.${i}`] = tensor;
    }
  });
  const attention = Array.from({ length: keepAttention ? decoderLayers : 0 }, (_, i) => `attention.${i}`);
  for (const name of attention) fetches[name] = null;
  const results = await session.run(feeds, fetches);
  cache.length = length;
  return {
    logits: results.logits!.data as Float32Array<ArrayBuffer>,
    attention: attention.map((name) => results[name]!.data as Float32Array),
  };
}
