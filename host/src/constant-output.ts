import { bf16ToFloat, type Tensor } from "@aiekit/core";

/**
 * A warning for an output whose elements are all the same, or undefined. The guard pattern finds outputs that no DMA
 * wrote; an output that a DMA filled from a tile buffer which the kernel never wrote arrives as one value, mostly zero.
 */
export function constantOutputWarning(name: string, output: Tensor): string | undefined {
  const { data, dtype } = output;
  const first = data[0];
  if (data.length < 2 || data.some((element) => element !== first)) return undefined;
  const value = dtype === "bf16" ? bf16ToFloat(Number(first)) : first;
  return (
    `output ${name}: all ${data.length} elements are ${value}; ` +
    "silent or constant input gives this, and so does a kernel that never writes its buffer"
  );
}
