import type { FiledTensor } from "./model-tensors.ts";
import type { WeightFiles } from "./weight-files.ts";
import type { WhisperConfig } from "./whisper-config.ts";
import { tiedProjection, whisperTensorShapes } from "./whisper-tensors.ts";

/** Holds the arrays of a model against its sizes and its index: one line in `problems` for each that is missing or differs. */
export function checkTensors(
  places: ReadonlyMap<string, FiledTensor>,
  config: WhisperConfig,
  { fileOf }: WeightFiles,
  problems: string[],
): void {
  const expected = whisperTensorShapes(config);
  for (const [name, shape] of expected) {
    const place = places.get(name);
    if (place === undefined) problems.push(`weights: ${name}[${shape.join(", ")}]: missing`);
    else checkTensor(name, shape, place, problems);
  }
  const tied = places.get(tiedProjection);
  if (tied !== undefined) checkTensor(tiedProjection, [config.vocabSize, config.width], tied, problems);
  for (const [name, file] of fileOf ?? []) {
    const place = places.get(name);
    const isTold = place === undefined && expected.has(name);
    if (!isTold && place?.file !== file)
      problems.push(`weights: ${name}: expected in ${file}, as the index says, got ${place?.file ?? "no such array"}`);
  }
}

function checkTensor(name: string, shape: readonly number[], place: FiledTensor, problems: string[]): void {
  const expected = shape.join(", ");
  const got = place.shape.join(", ");
  if (expected !== got) problems.push(`${place.file}: ${name}: expected [${expected}], got [${got}]`);
  if (!["F32", "F16", "BF16"].includes(place.dtype))
    problems.push(`${place.file}: ${name}: expected F32, F16 or BF16, got ${place.dtype}`);
}
