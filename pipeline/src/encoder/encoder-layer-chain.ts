import type { ChainStep } from "@aiekit/host";
import { checkEncoderLayerSizes, type EncoderLayerSizes } from "./encoder-layer-sizes.ts";

/** A build of a kernel: its name in the registry and the parameters of its design. */
export interface KernelBuild {
  readonly kernel: string;
  readonly params: Readonly<Record<string, number | string>>;
  /** Array that it is built for, for example npu1_3col; the caller's choice where left out. */
  readonly device?: string;
}

/**
 * What has to be built for a layer: three kernels, so three of the device's hardware contexts. The four products are
 * sequences of one build, whose tile leaves no array with padded columns.
 */
export function encoderLayerBuilds(sizes: EncoderLayerSizes): ReadonlyMap<string, KernelBuild> {
  checkEncoderLayerSizes(sizes);
  const { positions, width, heads } = sizes;
  const products = [...new Set(Object.values(productNames(sizes)))].join(".");
  return new Map<string, KernelBuild>([
    ["layernorm", { kernel: "layernorm", params: { rows: String(positions), cols: width } }],
    ["matmul", { kernel: "matmul", params: { dtype: "bf16_bf16", shapes: products, tile: "whole" } }],
    ["attention", { kernel: "attention", params: { width: width / heads, shapes: attentionName(sizes) } }],
  ]);
}

/** Names of the arrays of a layer: `input` and `output` are the hidden states before and after it. */
export interface EncoderLayerNames {
  readonly input: string;
  readonly output: string;
  /** Put before the names of weights and of what lives inside the layer: `0.` */
  readonly prefix: string;
}

export const singleLayer: EncoderLayerNames = { input: "x", output: "y", prefix: "" };

/**
 * One layer as seven launches: pre-norm attention and feed-forward, each added to what came in.
 *
 *     x -> layernorm -> qkv -> attention -> out (+ x) -> x1 -> layernorm -> fc1, GELU -> fc2 (+ x1) -> y
 *
 * Source: A. Radford et al., Robust Speech Recognition via Large-Scale Weak Supervision, 2.2, with the layer of OpenAI's
 * whisper/model.py: ResidualAttentionBlock.
 */
export function encoderLayerSteps(
  sizes: EncoderLayerSizes,
  { input, output, prefix }: EncoderLayerNames = singleLayer,
): readonly ChainStep[] {
  const products = productNames(sizes);
  const own = (name: string) => `${prefix}${name}`;
  const norm = (name: string, x: string, y: string): ChainStep => ({
    name: own(name),
    kernel: "layernorm",
    sequence: `rows_${sizes.positions}`,
    args: { x, gamma: own(`${name}.gamma`), beta: own(`${name}.beta`), y },
  });
  const product = (name: keyof typeof products, arrays: { a: string; residual?: string; c: string }): ChainStep => ({
    name: own(name),
    kernel: "matmul",
    sequence: products[name],
    args: { b: own(`${name}.weights`), channels: own(`${name}.channels`), ...arrays },
  });
  const attention: ChainStep = {
    name: own("attention"),
    kernel: "attention",
    sequence: attentionName(sizes),
    args: { qkv: own("qkv"), out: own("attended") },
  };
  return [
    norm("ln1", input, own("h1")),
    product("qkv", { a: own("h1"), c: own("qkv") }),
    attention,
    product("out", { a: own("attended"), residual: input, c: own("x1") }),
    norm("ln2", own("x1"), own("h2")),
    product("fc1", { a: own("h2"), c: own("hidden") }),
    product("fc2", { a: own("hidden"), residual: own("x1"), c: output }),
  ];
}

function productNames({ positions, width, ffn }: EncoderLayerSizes) {
  return {
    qkv: `${positions}x${width}x${3 * width}_bias`,
    out: `${positions}x${width}x${width}_bias_residual`,
    fc1: `${positions}x${width}x${ffn}_bias_gelu`,
    fc2: `${positions}x${ffn}x${width}_bias_residual`,
  };
}

const attentionName = ({ heads, positions }: EncoderLayerSizes): string => `${heads}x${positions}x${positions}_qkv`;
