import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { FormatError, UsageError } from "@aiekit/core";
import { isFolder } from "./models-folder.ts";

/** Where a model came from, and the hashes that its files had: `aiekit-model.json` in its folder. */
export interface ModelReceipt {
  readonly name: string;
  /** Address or folder. */
  readonly source: string;
  /** Commit of a hub; null where there are none. */
  readonly revision: string | null;
  readonly files: Readonly<Record<string, FiledHash>>;
}

export interface FiledHash {
  readonly bytes: number;
  readonly sha256: string;
  /** What it was held against: what the hub or the mirror said, or nothing. */
  readonly trust: "hub" | "mirror" | "first use";
}

interface LocalModel {
  readonly name: string;
  readonly folder: string;
  /** undefined where someone put the folder there. */
  readonly receipt: ModelReceipt | undefined;
  readonly bytes: number;
}

export const receiptFile = "aiekit-model.json";

/** @throws FormatError for a receipt that is damaged. */
export async function readReceipt(folder: string): Promise<ModelReceipt | undefined> {
  const path = join(folder, receiptFile);
  const text = await readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw new FormatError(`${path}: cannot be read: ${error.message}`, { cause: error });
  });
  if (text === undefined) return undefined;
  try {
    const receipt = JSON.parse(text) as ModelReceipt;
    // Names lead to files of the folder and nowhere else.
    const isSound = ([name, { bytes, sha256 }]: [string, FiledHash]): boolean =>
      /^[\w.-]+$/.test(name) && Number.isSafeInteger(bytes) && /^[0-9a-f]{64}$/.test(sha256);
    if (typeof receipt.source === "string" && Object.entries(receipt.files).every(isSound)) return receipt;
  } catch (cause) {
    throw damaged(path, cause);
  }
  throw damaged(path);
}

function damaged(path: string, cause?: unknown): FormatError {
  return new FormatError(`${path}: expected source and files with sizes and hashes`, {
    hint: "aiekit models get NAME --force gets the model again",
    ...(cause !== undefined && { cause }),
  });
}

/** Every model below the folder, by name. */
export async function localModels(root: string): Promise<readonly LocalModel[]> {
  const models: LocalModel[] = [];
  for (const first of await folders(root)) {
    const inside = await namesIn(join(root, first));
    if (inside.includes("config.json")) models.push(await localModel(root, first));
    else
      for (const second of await folders(join(root, first))) models.push(await localModel(root, `${first}/${second}`));
  }
  return models;
}

/**
 * Models lie side by side: none is inside another, and a name that is the owner of models is none of them.
 * @throws UsageError.
 */
export async function requireSingleModel(root: string, name: string): Promise<void> {
  const names = (await localModels(root)).map((model) => model.name);
  const inside = names.find((other) => other.startsWith(`${name}/`));
  const around = names.find((other) => name.startsWith(`${other}/`));
  if (inside !== undefined) throw new UsageError(`model ${name}: the owner of ${inside}, expected a model's name`);
  if (around !== undefined) throw new UsageError(`model ${name}: ${around} is a model, expected another name`);
}

async function localModel(root: string, name: string): Promise<LocalModel> {
  const folder = join(root, name);
  const sizes = (await namesIn(folder)).map(async (file) => (await stat(join(folder, file))).size);
  const bytes = (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
  // A damaged receipt is for verify to tell; the model is here all the same.
  const receipt = await readReceipt(folder).catch(() => undefined);
  return { name, folder, receipt, bytes };
}

async function folders(path: string): Promise<string[]> {
  const names = (await namesIn(path)).filter((name) => !name.startsWith("."));
  const are = await Promise.all(names.map((name) => isFolder(join(path, name))));
  return names.filter((_, i) => are[i]).sort();
}

async function namesIn(path: string): Promise<string[]> {
  return readdir(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return [];
    throw error;
  });
}
