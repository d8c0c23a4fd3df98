import { FormatError } from "@aiekit/core";
import type { WhisperSizes } from "../../whisper-sizes.ts";
import type { OrtSession } from "../onnx-runtime.ts";

type Expected = Readonly<Record<string, readonly (number | undefined)[]>>;

/** @throws FormatError where graphs are of other sizes than the model's, or have other inputs and outputs. */
export function checkExport(
  { encoder, first, next }: { readonly encoder: OrtSession; readonly first: OrtSession; readonly next: OrtSession },
  sizes: WhisperSizes,
): void {
  const { mels, width, vocab, decoderHeads: heads, decoderLayers } = sizes;
  const cached = [undefined, heads, undefined, width / heads] as const;
  const ofLayers = (prefix: string, sides: readonly string[]): Expected =>
    Object.fromEntries(
      Array.from({ length: decoderLayers }, (_, layer) =>
        sides.flatMap((side) =>
          ["key", "value"].map((kind) => [`${prefix}.${layer}.${side}.${kind}`, cached] as const),
        ),
      ).flat(),
    );
  check("encoder input", encoder.inputMetadata, { input_features: [undefined, mels, 2 * sizes.audioPositions] });
  check("encoder output", encoder.outputMetadata, { last_hidden_state: [undefined, sizes.audioPositions, width] });
  const logits = { logits: [undefined, undefined, vocab] } as const;
  check("decoder input", first.inputMetadata, { input_ids: [undefined, undefined] });
  check("decoder output", first.outputMetadata, { ...logits, ...ofLayers("present", ["decoder", "encoder"]) });
  check("decoder input", next.inputMetadata, {
    input_ids: [undefined, undefined],
    ...ofLayers("past_key_values", ["decoder", "encoder"]),
  });
  check("decoder output", next.outputMetadata, { ...logits, ...ofLayers("present", ["decoder"]) });
  const more = next.inputNames.find((name) => name.startsWith(`past_key_values.${decoderLayers}.`));
  if (more !== undefined) throw new FormatError(`onnx export: ${more}: expected ${decoderLayers} layers`);
}

/** A size that a graph leaves open is any. */
function check(where: string, found: OrtSession["inputMetadata"], expected: Expected): void {
  for (const [name, sizes] of Object.entries(expected)) {
    const value = found.find((one) => one.name === name);
    if (value === undefined) {
      const names = found.map((one) => one.name).join(", ");
      throw new FormatError(`onnx export: ${where}: expected ${name}, got ${names}`);
    }
    const shape = value.shape ?? [];
    const differs = (size: number | undefined, i: number) =>
      size !== undefined && typeof shape[i] === "number" && shape[i] !== size;
    if (shape.length !== sizes.length || sizes.some(differs)) {
      const wanted = sizes.map((size) => size ?? "n").join(", ");
      throw new FormatError(`onnx export: ${where} ${name}: expected [${wanted}], got [${shape.join(", ")}]`);
    }
  }
}
