import { access } from "node:fs/promises";
import { join, resolve } from "node:path";
import { FormatError, readNpy, type Tensor, UsageError } from "@aiekit/core";
import {
  checkEncoderLayerSizes,
  type EncoderWeights,
  encoderWeightSource,
  openWhisperModel,
  readEncoderWeights,
  type WeightSource,
  whisperTinyEncoder,
} from "@aiekit/pipeline";
import { encoderFrontNoise, encoderLayerNoise } from "@aiekit/validate";
import { readInput } from "./read-input.ts";

type Params = Readonly<Record<string, number | string>>;

/**
 * Weights of an encoder: `random:SEED` in the sizes of whisper-tiny but for those in `params`, the folder of a Whisper model, or a
 * folder of .npy files that are called as `WeightSource` says. @throws UsageError, FormatError, ShapeError.
 */
export async function openEncoderWeights(text: string, params: Params, cwd: string): Promise<EncoderWeights> {
  const seed = /^random:(.*)$/.exec(text)?.[1];
  if (seed !== undefined) return randomWeights(seed, params);
  if (await hasFile(resolve(cwd, text), "config.json")) return modelWeights(resolve(cwd, text), params);
  const numbers = numbersOf(params, ["heads"]);
  return readEncoderWeights(npyFolder(resolve(cwd, text), text), numbers.heads);
}

function randomWeights(seed: string, params: Params): EncoderWeights {
  if (!/^\d{1,9}$/.test(seed))
    throw new UsageError(`--weights random:${seed}: expected a whole number as seed, random:1`);
  const given = numbersOf(params, ["width", "heads", "ffn", "layers", "mels"]);
  const { layers = 1, mels = 80, ...sizes } = { ...whisperTinyEncoder, ...given };
  checkEncoderLayerSizes(sizes);
  return {
    front: encoderFrontNoise({ ...sizes, mels }, Number(seed)),
    layers: Array.from(
      { length: layers },
      (_, i) => encoderLayerNoise({ ...sizes, positions: 1 }, Number(seed) + i).weights,
    ),
    heads: sizes.heads,
  };
}

async function modelWeights(folder: string, params: Params): Promise<EncoderWeights> {
  numbersOf(params, []);
  const model = await openWhisperModel(folder);
  try {
    return await readEncoderWeights(encoderWeightSource(model.tensors), model.config.encoder.heads);
  } finally {
    await model.close();
  }
}

async function hasFile(folder: string, name: string): Promise<boolean> {
  return access(join(folder, name)).then(
    () => true,
    () => false,
  );
}

function numbersOf<Name extends string>(params: Params, names: readonly Name[]): Partial<Record<Name, number>> {
  for (const [name, value] of Object.entries(params)) {
    if (!(names as readonly string[]).includes(name)) {
      throw new UsageError(`quantise: there is no parameter ${name}`, {
        hint: `parameters: ${names.join(", ") || "none, the model has its sizes"}`,
      });
    }
    if (!Number.isSafeInteger(value) || Number(value) < 1) {
      throw new UsageError(`quantise: parameter ${name}: expected a whole number from 1 up, got ${value}`);
    }
  }
  return params as Partial<Record<Name, number>>;
}

function npyFolder(folder: string, shown: string): WeightSource {
  return async (name): Promise<Tensor | undefined> => {
    const file = `${name}.npy`;
    try {
      return readNpy(await readInput(file, folder), `${shown}/${file}`);
    } catch (error) {
      const isMissing =
        error instanceof FormatError && (error.cause as NodeJS.ErrnoException | undefined)?.code === "ENOENT";
      if (isMissing) return undefined;
      throw error;
    }
  };
}
