import type { ChainStep } from "@aiekit/host";
import { encoderFrontSteps } from "../../encoder/encoder-front-chain.ts";
import { encoderLayerSteps } from "../../encoder/encoder-layer-chain.ts";
import type { WhisperSizes } from "../whisper-sizes.ts";
import { hopSamples } from "./device-sizes.ts";
import { layerType, type WeightTypes } from "./weight-types.ts";

/** Launches over one window; the names of kernels end in its frames: `matmul/3000`. */
export interface WindowSteps {
  /** pcm -> features */
  readonly mel: readonly ChainStep[];
  /** features -> encoded */
  readonly encoder: readonly ChainStep[];
  /** encoded -> 0.kv, 1.kv, ...: what the decoder's layers see of the window. */
  readonly cross: readonly ChainStep[];
}

/** The encoder of a window of so many frames, an even number. */
export function windowSteps(sizes: WhisperSizes, frames: number, types: WeightTypes): WindowSteps {
  const { mels, width, encoderLayers, encoderHeads: heads, encoderHidden: ffn, decoderLayers } = sizes;
  const positions = frames / 2;
  const [logmel, ...front] = encoderFrontSteps({ samples: frames * hopSamples, mels, width }, "state0");
  const layers = Array.from({ length: encoderLayers }, (_, i) =>
    encoderLayerSteps(
      { positions, width, heads, ffn },
      // Two arrays in turn: what a layer was given is not read any more when the next but one writes.
      { input: `state${i % 2}`, output: `state${(i + 1) % 2}`, prefix: `${i}.` },
    ).flatMap((step) => (layerType(types, "encoder", i) === "int8" ? int8Steps(step) : [step])),
  );
  const norm: ChainStep = {
    name: "norm",
    kernel: "layernorm",
    sequence: `rows_${positions}`,
    args: { x: `state${encoderLayers % 2}`, gamma: "norm.gamma", beta: "norm.beta", y: "encoded" },
  };
  const cross = Array.from({ length: decoderLayers }, (_, i) => {
    const step: ChainStep = {
      name: `${i}.kv`,
      kernel: "matmul",
      sequence: `${positions}x${width}x${2 * width}_bias`,
      args: { a: "encoded", b: `${i}.cross.weights`, channels: `${i}.cross.channels`, c: `${i}.kv` },
    };
    return layerType(types, "decoder", i) === "int8" ? int8Steps(step) : [step];
  }).flat();
  const encoderAttention = heads === sizes.decoderHeads ? "attention" : "encoder-attention";
  const named = (steps: readonly ChainStep[]) =>
    steps.map((step): ChainStep => {
      const kernel = step.kernel === "attention" ? encoderAttention : step.kernel;
      return { ...step, kernel: `${kernel}/${frames}`, args: sharedBetweenLayers(step.args) };
    });
  return { mel: named([logmel!]), encoder: named([...front, ...layers.flat(), norm]), cross: named(cross) };
}

/**
 * A product of int8 weights: its bias comes with the scales, so nothing says it; and what the kernel does not take, a residual,
 * is added by a launch of its own.
 */
function int8Steps(step: ChainStep): readonly ChainStep[] {
  if (step.kernel !== "matmul") return [step];
  const { residual, ...args } = step.args;
  const product = { ...step, kernel: "matmul-int8", sequence: step.sequence.replace(/_bias|_residual/g, "") };
  if (residual === undefined) return [product];
  const sum: ChainStep = {
    ...{ name: `${step.name}.add`, kernel: "add", sequence: "run" },
    args: { a: "product", b: residual, y: args.c! },
  };
  return [{ ...product, args: { ...args, c: "product" } }, sum];
}

/** What lives inside a layer is the same memory for all layers: `0.hidden` and `1.hidden` are `hidden`. */
function sharedBetweenLayers(args: ChainStep["args"]): ChainStep["args"] {
  const inside = /^\d+\.(h1|qkv|attended|x1|h2|hidden)$/;
  return Object.fromEntries(Object.entries(args).map(([arg, name]) => [arg, inside.exec(name)?.[1] ?? name]));
}
