import { stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import { UsageError } from "@aiekit/core";

/** Variable that names the folder for models. */
const modelsVariable = "AIEKIT_MODELS";

type Variables = Readonly<Record<string, string | undefined>>;

/** The user's folder for models: `$AIEKIT_MODELS`, or `aiekit/models` in the cache folder of the platform. */
export async function modelsFolder(variables: Variables): Promise<string> {
  if (variables[modelsVariable]) return variables[modelsVariable];
  const { cacheFolder } = await import("@aiekit/tools");
  const cache = cacheFolder(variables);
  if (cache !== undefined) return join(cache, "aiekit", "models");
  throw new UsageError("no folder for models: HOME is not set", { hint: `${modelsVariable}=FOLDER` });
}

const published = new Set(
  "tiny tiny.en base base.en small small.en medium medium.en large large-v2 large-v3 large-v3-turbo".split(" "),
);

/**
 * A model's name as hubs have it: `openai/whisper-tiny` for `tiny`, and likewise for every published size; others as they are.
 * @throws UsageError for what is no name, such as one that leads out of a folder.
 */
export function modelName(text: string): string {
  const size = text === "turbo" ? "large-v3-turbo" : text;
  if (published.has(size)) return `openai/whisper-${size}`;
  if (/^[A-Za-z0-9][\w.-]*(\/[A-Za-z0-9][\w.-]*)?$/.test(text)) return text;
  throw new UsageError(`model ${text}: expected owner/name or a size of Whisper`, {
    hint: `sizes: ${[...published].join(", ")}, turbo`,
  });
}

/** The folder of a model that is given by its name or by a folder. */
export async function findModelFolder(text: string, cwd: string, variables: Variables): Promise<string> {
  const asFolder = resolve(cwd, text);
  if (await isFolder(asFolder)) return asFolder;
  const folder = join(await modelsFolder(variables), modelName(text));
  if (await isFolder(folder)) return folder;
  throw new UsageError(`model ${text}: neither a folder nor in ${await modelsFolder(variables)}`, {
    hint: `aiekit models get ${text}; aiekit models list shows what is here`,
  });
}

export async function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (info) => info.isDirectory(),
    () => false,
  );
}
