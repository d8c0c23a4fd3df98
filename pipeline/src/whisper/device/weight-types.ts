/** What weights are on the device. int8: a scale for each output, what they are multiplied with stays bfloat16. */
export type WeightType = "bf16" | "int8";

/**
 * Types of the weights by part; each layer may have one of its own, the last of a list goes for the layers behind it. What is
 * no product of a layer stays bfloat16: convolutions, norms. Keys and values of the window are products of the decoder's layers.
 */
export interface WeightTypes {
  /** bfloat16 where left out. */
  readonly encoder?: WeightType | readonly WeightType[];
  readonly decoder: WeightType | readonly WeightType[];
  readonly head: WeightType;
}

export const bf16Everywhere: WeightTypes = { encoder: "bf16", decoder: "bf16", head: "bf16" };
export const int8Everywhere: WeightTypes = { encoder: "int8", decoder: "int8", head: "int8" };

/** Type of a layer's weights. */
export function layerType(types: WeightTypes, part: "encoder" | "decoder", layer: number): WeightType {
  const given = types[part] ?? "bf16";
  if (typeof given === "string") return given;
  return given[Math.min(layer, given.length - 1)] ?? "bf16";
}
