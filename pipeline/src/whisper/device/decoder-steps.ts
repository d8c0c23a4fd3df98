import type { ChainStep } from "@aiekit/host";
import type { WhisperSizes } from "../whisper-sizes.ts";
import { wideRows } from "./device-sizes.ts";
import { decoderAttentionNames, gemvNames } from "./sequence-names.ts";
import { layerType, type WeightTypes } from "./weight-types.ts";

/**
 * What the rows of a pass are. `token`: the next token of the only sequence. `prompt`: up to eight tokens of it. `sequences`:
 * the next token of each of up to eight sequences, whose caches lie side by side.
 */
export type PassKind = "token" | "prompt" | "sequences";

interface DecoderPass {
  readonly sizes: WhisperSizes;
  readonly types: WeightTypes;
  /** Of the window that is decoded. */
  readonly positions: number;
  readonly kind: PassKind;
  /** Rows of the cache that are valid with those that this pass adds. */
  readonly keys: number;
}

export const rowsOfPass = (kind: PassKind, sizes: WhisperSizes): number => (kind === "token" ? 1 : wideRows(sizes));

/**
 * One pass over all layers, `x` to `x`. The rows that a pass adds to the cache of a layer are the results of the launches
 * that make keys and values: `0.new`, or `0.new.k` and `0.new.v`. Nothing is copied.
 *
 *     x -> norm -> q; keys, values -> cache -> attention -> out (+ x) -> y -> norm -> q -> attention over the window -> out (+ y)
 *       -> z -> norm -> fc1, GELU -> fc2 (+ z) -> x
 */
export function decoderSteps({ sizes, types, positions, kind, keys }: DecoderPass): readonly ChainStep[] {
  const attention = attentionSteps(sizes, { positions, kind, keys });
  const rows = rowsOfPass(kind, sizes);
  return Array.from({ length: sizes.decoderLayers }, (_, i) => {
    const type = layerType(types, "decoder", i);
    const names = gemvNames(sizes, rows, type);
    const gemv = (sequence: string, weights: string, arrays: { x: string; residual?: string; y: string }) =>
      gemvStep({ sequence, weights: `${i}.${weights}`, kernel: `gemv/${type}/${rows}`, arrays });
    const norm = (name: string, x: string) => normStep(`${i}.${name}`, x, rows);
    const cache =
      kind === "sequences"
        ? [
            gemv(names.project, "self.k", { x: "h", y: `${i}.new.k` }),
            gemv(names.project, "self.v", { x: "h", y: `${i}.new.v` }),
          ]
        : [gemv(names.pair, "self.pair", { x: "h", y: `${i}.new` })];
    return [
      norm("self.norm", "x"),
      gemv(names.project, "self.q", { x: "h", y: "q" }),
      ...cache,
      attention.self(i),
      gemv(names.out, "self.out", { x: "a", residual: "x", y: "y" }),
      norm("cross.norm", "y"),
      gemv(names.project, "cross.q", { x: "h", y: `${i}.cross.query` }),
      attention.cross(i),
      gemv(names.out, "cross.out", { x: "b", residual: "y", y: "z" }),
      norm("ffn.norm", "z"),
      gemv(names.fc1, "ffn.fc1", { x: "h", y: "hidden" }),
      gemv(names.fc2, "ffn.fc2", { x: "hidden", residual: "z", y: "x" }),
    ];
  }).flat();
}

/** `x` to `logits`. */
export function headSteps(sizes: WhisperSizes, { head: type }: WeightTypes, kind: PassKind): readonly ChainStep[] {
  const rows = rowsOfPass(kind, sizes);
  const sequence = gemvNames(sizes, rows, type).head;
  const product = gemvStep({
    ...{ sequence, weights: "head", kernel: `head/${type}/${rows}`, arrays: { x: "h", y: "logits" } },
    hasChannels: type === "int8",
  });
  return [normStep("norm", "x", rows), product];
}

/** `self` and `cross` of a layer. Sequences side by side are one row of as many heads: `q.flat` and `a.flat`. */
function attentionSteps(
  sizes: WhisperSizes,
  { positions, kind, keys }: Pick<DecoderPass, "positions" | "kind" | "keys">,
) {
  const names = decoderAttentionNames(sizes, positions);
  const kernel = `attention/${2 * positions}`;
  const sequence = { token: names.self, prompt: names.prompt, sequences: names.sequences }[kind];
  const [q, out] = kind === "sequences" ? ["q.flat", "a.flat"] : ["q", "a"];
  const self = (i: number): ChainStep => ({
    ...{ name: `${i}.self.attention`, kernel, sequence, parameters: { keys } },
    args: { q, kv: `${i}.cache`, out },
  });
  const cross = (i: number): ChainStep => ({
    ...{ name: `${i}.cross.attention`, kernel, sequence: kind === "token" ? names.cross : names.crossWide },
    args: { q: `${i}.cross.query`, kv: `${i}.kv`, out: "b" },
  });
  return { self, cross };
}

function normStep(name: string, x: string, rows: number): ChainStep {
  const args = { x, gamma: `${name}.gamma`, beta: `${name}.beta`, y: "h" };
  return { name, kernel: "norm", sequence: `rows_${rows}`, args };
}

interface GemvStep {
  readonly sequence: string;
  readonly weights: string;
  readonly kernel: string;
  readonly arrays: { readonly x: string; readonly residual?: string; readonly y: string };
  readonly hasChannels?: boolean;
}

function gemvStep({ sequence, weights, kernel, arrays, hasChannels = true }: GemvStep): ChainStep {
  const channels: Record<string, string> = hasChannels ? { channels: `${weights}.channels` } : {};
  return { name: weights, kernel, sequence, args: { w: `${weights}.w`, ...channels, ...arrays } };
}
