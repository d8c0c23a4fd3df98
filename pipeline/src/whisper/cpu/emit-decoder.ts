import type { WhisperSizes } from "../whisper-sizes.ts";
import { emitInt8Rows } from "./emit-int8-linear.ts";
import { type Emission, emitArray, emitFeedForward, emitLinear, emitNorm } from "./emit-layers.ts";
import { type HeadPadding, joinedLinears, linearSource, paddedInputs, paddedOutputs } from "./linear-source.ts";

/**
 * The decoder, for a prompt and for one more token a row alike. Rows are sequences over one encoded window.
 *
 *   tokens i32[rows, more], positions i32[more]    what is fed
 *   pick i32[picked]                               indices into rows * more: where logits are wanted
 *   lengths i32[rows], length i32[1]               tokens of a row with those fed, less 1; the same, not less 1
 *   cache.key.LAYER, cache.value.LAYER             f32[rows, heads, capacity, columns], columns as `cachedColumns` says
 *   key.LAYER, value.LAYER                         of the window, as `emitCross` makes them
 *   logits f32[picked, vocab]
 *   next.key.LAYER, next.value.LAYER               the caches with what was fed; given the caches' own memory, they are
 *                                                  written in place
 *   attention.LAYER f32[heads, rows, more, positions]    computed whether fetched or not
 */
export function emitDecoder(emission: Emission, sizes: WhisperSizes): void {
  const { graph } = emission;
  const { width, vocab, textPositions, decoderHidden: hidden } = sizes;
  const tokens = graph.input("tokens", "i32", ["rows", "more"]);
  const positions = graph.input("positions", "i32", ["more"]);
  const pick = graph.input("pick", "i32", ["picked"]);
  const counts = [graph.input("lengths", "i32", ["rows"]), graph.input("length", "i32", [1])];
  const fed = graph.op("Shape", [tokens]);
  const shape = graph.op("Concat", [fed, graph.ints(-1)], { attributes: { axis: 0 } });
  const heads = graph.ints(sizes.decoderHeads, width / sizes.decoderHeads);
  const split = graph.op("Concat", [fed, heads], { attributes: { axis: 0 } });
  const words = emitWords(emission, tokens, sizes);
  const places = emitArray(emission, "model.decoder.embed_positions.weight", [textPositions, width]);
  const placed = graph.op("Add", [words, graph.op("Gather", [places, positions])]);
  let x = graph.op("Reshape", [placed, graph.ints(-1, width)]);
  for (let i = 0; i < sizes.decoderLayers; i++) {
    const layer = `model.decoder.layers.${i}`;
    x = graph.op("Add", [x, emitSelfAttention(emission, x, { index: i, sizes, shape, counts })]);
    x = graph.op("Add", [x, emitCrossAttention(emission, x, i, { sizes, split })]);
    x = emitFeedForward(emission, x, layer, { width, hidden });
  }
  const picked = graph.op("Gather", [x, pick]);
  const normed = emitNorm(emission, picked, "model.decoder.layer_norm", width);
  emitHead(emission, normed, sizes);
  graph.output("logits", "f32", ["picked", vocab]);
}

/** Columns of a head in the cache: GroupQueryAttention has none but multiples of 8; those added are 0. */
export function cachedColumns({ width, decoderHeads }: WhisperSizes): number {
  return Math.ceil(width / decoderHeads / 8) * 8;
}

interface Fed {
  readonly index: number;
  readonly sizes: WhisperSizes;
  /** The shape [rows, more, -1]. */
  readonly shape: string;
  readonly counts: readonly string[];
}

function emitSelfAttention(emission: Emission, x: string, { index, sizes, shape, counts }: Fed): string {
  const { graph, source } = emission;
  const { width, decoderHeads: heads } = sizes;
  const padding: HeadPadding = { columns: width / heads, padded: cachedColumns(sizes) };
  const name = `model.decoder.layers.${index}.self_attn`;
  const square = { outputs: width, inputs: width };
  const part = (projection: string, bias: boolean) =>
    paddedOutputs(linearSource(source, `${name}.${projection}`, { ...square, bias }), padding);
  const joined = joinedLinears(`${name}.qkv`, [part("q_proj", true), part("k_proj", false), part("v_proj", true)]);
  const normed = emitNorm(emission, x, `${name}_layer_norm`, width);
  const packed = graph.op("Reshape", [emitLinear(emission, normed, joined), shape]);
  const cache = ["key", "value"].map((kind) => {
    const dims = ["rows", heads, "capacity", padding.padded];
    graph.output(`next.${kind}.${index}`, "f32", dims);
    return graph.input(`cache.${kind}.${index}`, "f32", dims);
  });
  const seen = graph.contributedOp("GroupQueryAttention", [packed, "", "", ...cache, ...counts], {
    attributes: { num_heads: heads, kv_num_heads: heads, scale: { float: 1 / Math.sqrt(padding.columns) } },
    outputs: [`self.${index}`, `next.key.${index}`, `next.value.${index}`],
  });
  const rows = graph.op("Reshape", [seen, graph.ints(-1, heads * padding.padded)]);
  return emitLinear(emission, rows, paddedInputs(linearSource(source, `${name}.out_proj`, square), padding));
}

interface Split {
  readonly sizes: WhisperSizes;
  /** The shape [rows, more, heads, columns]. */
  readonly split: string;
}

/**
 * All rows see one window, whose keys and values are not repeated for them. Each row is a product of its own: of one query
 * it reads keys as they lie, while a product of several would pack them first.
 */
function emitCrossAttention(emission: Emission, x: string, index: number, { sizes, split }: Split): string {
  const { graph, source } = emission;
  const { width, decoderHeads: heads } = sizes;
  const columns = width / heads;
  const name = `model.decoder.layers.${index}.encoder_attn`;
  const square = { outputs: width, inputs: width };
  const keys = graph.input(`key.${index}`, "f32", [heads, 1, columns, "positions"]);
  const values = graph.input(`value.${index}`, "f32", [heads, 1, "positions", columns]);
  const normed = emitNorm(emission, x, `${name}_layer_norm`, width);
  const query = emitLinear(emission, normed, linearSource(source, `${name}.q_proj`, square));
  const turn = (value: string, perm: readonly number[]) => graph.op("Transpose", [value], { attributes: { perm } });
  const byHead = turn(graph.op("Reshape", [query, split]), [2, 0, 1, 3]);
  const scores = graph.op("MatMul", [byHead, keys]);
  const weights = graph.op("Softmax", [scores], { attributes: { axis: -1 }, outputs: [`attention.${index}`] });
  graph.output(weights, "f32", [heads, "rows", "more", "positions"]);
  const seen = turn(graph.op("MatMul", [weights, values]), [1, 2, 0, 3]);
  const rows = graph.op("Reshape", [seen, graph.ints(-1, width)]);
  return emitLinear(emission, rows, linearSource(source, `${name}.out_proj`, square));
}

const embedding = "model.decoder.embed_tokens";

/** Rows of the embedding: f32[rows, more, width]. */
function emitWords(emission: Emission, tokens: string, { vocab, width }: WhisperSizes): string {
  const { graph, source, precision } = emission;
  const linear = linearSource(source, embedding, { outputs: vocab, inputs: width, bias: false });
  if (precision === "int8") return emitInt8Rows(graph, tokens, linear);
  return graph.op("Gather", [emitArray(emission, `${embedding}.weight`, [vocab, width]), tokens]);
}

/** The embedding once more, as the output projection. */
function emitHead(emission: Emission, x: string, { vocab, width }: WhisperSizes): void {
  const linear = linearSource(emission.source, embedding, { outputs: vocab, inputs: width, bias: false });
  emission.graph.op("Identity", [emitLinear(emission, x, linear)], { outputs: ["logits"] });
}
