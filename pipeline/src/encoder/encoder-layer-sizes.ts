import { UsageError } from "@aiekit/core";

/** Sizes of one layer of a Whisper encoder. */
export interface EncoderLayerSizes {
  readonly positions: number;
  /** Columns of the hidden state. */
  readonly width: number;
  readonly heads: number;
  /** Columns inside the feed-forward part. */
  readonly ffn: number;
}

/** openai/whisper-tiny: 30 s are 1,500 positions. */
export const whisperTinyEncoder: EncoderLayerSizes = { positions: 1500, width: 384, heads: 6, ffn: 1536 };

// Columns that whole tiles of four columns of cores leave unpadded, and what a core holds of a head.
const columnStep = 64;
const mostHeadColumns = 64;

/** @throws UsageError for sizes that the kernels cannot chain, with the limit and the nearest possible choice. */
export function checkEncoderLayerSizes({ positions, width, heads, ffn }: EncoderLayerSizes): void {
  for (const [name, value] of Object.entries({ positions, width, heads, ffn })) {
    if (!Number.isSafeInteger(value) || value < 1) {
      throw new UsageError(`encoder layer: ${name}: expected a whole number from 1 up, got ${value}`);
    }
  }
  for (const [name, value] of Object.entries({ width, ffn })) {
    if (value % columnStep === 0) continue;
    throw new UsageError(`encoder layer: ${name} ${value}: expected a multiple of ${columnStep}`, {
      hint: `nearest: ${Math.max(columnStep, Math.round(value / columnStep) * columnStep)}; other widths would need padded rows`,
    });
  }
  const columns = width / heads;
  if (columns % 8 === 0 && columns <= mostHeadColumns) return;
  const possible = Array.from({ length: width / 8 }, (_, i) => i + 1).filter(
    (n) => (width / n) % 8 === 0 && width / n <= mostHeadColumns,
  );
  const nearest = possible.sort((a, b) => Math.abs(a - heads) - Math.abs(b - heads))[0];
  throw new UsageError(
    `encoder layer: ${heads} heads of ${width} columns: expected heads of a multiple of 8, at most ${mostHeadColumns}, got ${columns}`,
    { hint: `nearest number of heads: ${nearest}` },
  );
}
