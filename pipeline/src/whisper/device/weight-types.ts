/** What weights are on the device. int8: a scale for each output, what they are multiplied with stays bfloat16. */
export type WeightType = "bf16" | "int8";

/** Types of the weights by part; each layer of the decoder may have one of its own. The encoder's are bfloat16. */
export interface WeightTypes {
  readonly decoder: WeightType | readonly WeightType[];
  readonly head: WeightType;
}

export const bf16Everywhere: WeightTypes = { decoder: "bf16", head: "bf16" };

/** Type of a layer's weights; the last of a list goes for the layers behind it. */
export function layerType({ decoder }: WeightTypes, layer: number): WeightType {
  if (typeof decoder === "string") return decoder;
  return decoder[Math.min(layer, decoder.length - 1)] ?? "bf16";
}
