/** Weights [outputs, blocks * block]: (code - 128) * scale of its block. */
export interface BlockWeights {
  readonly codes: Uint8Array;
  /** [outputs, blocks]. */
  readonly scales: Float32Array;
}

/** Rounds to the nearest of 255 steps of a block's largest absolute value. The last block of a row is filled with zeros. */
export function blockWeights(
  values: Float32Array,
  { outputs, inputs, block }: { readonly outputs: number; readonly inputs: number; readonly block: number },
): BlockWeights {
  const blocks = Math.ceil(inputs / block);
  const codes = new Uint8Array(outputs * blocks * block).fill(128);
  const scales = new Float32Array(outputs * blocks);
  for (let row = 0; row < outputs; row++) {
    for (let b = 0; b < blocks; b++) {
      const from = row * inputs + b * block;
      const count = Math.min(block, inputs - b * block);
      let largest = 0;
      for (let i = from; i < from + count; i++) largest = Math.max(largest, Math.abs(values[i]!));
      const scale = Math.fround(largest / 127);
      scales[row * blocks + b] = scale;
      const to = (row * blocks + b) * block;
      if (scale > 0) for (let i = 0; i < count; i++) codes[to + i] = Math.round(values[from + i]! / scale) + 128;
    }
  }
  return { codes, scales };
}
