import { access } from "node:fs/promises";
import { join } from "node:path";
import { isObject, shown } from "./json-fields.ts";
import { readJsonFile } from "./read-json-file.ts";

export interface WeightFiles {
  readonly files: readonly string[];
  /** Which file an array should be in; undefined where one file has all. */
  readonly fileOf: ReadonlyMap<string, string> | undefined;
}

export const weightsFile = "model.safetensors";
export const weightsIndexFile = "model.safetensors.index.json";

const indexLimitBytes = 64_000_000;

/** The safetensors files of a folder: one, or the shards that an index names. */
export async function findWeightFiles(folder: string, problems: string[]): Promise<WeightFiles | undefined> {
  if (await exists(join(folder, weightsFile))) return { files: [weightsFile], fileOf: undefined };
  if (!(await exists(join(folder, weightsIndexFile)))) {
    problems.push(`${weightsFile}: missing, and there is no ${weightsIndexFile} of shards`);
    return undefined;
  }
  const index = await readJsonFile(join(folder, weightsIndexFile), indexLimitBytes, problems);
  return index && weightFilesOf(index, problems);
}

/** What an index says. Names lead to files beside it and nowhere else. */
export function weightFilesOf(index: Readonly<Record<string, unknown>>, problems: string[]): WeightFiles | undefined {
  const map = index.weight_map;
  if (!isObject(map) || Object.keys(map).length === 0) {
    problems.push(`${weightsIndexFile}: weight_map: expected files by names of arrays, got ${shown(map)}`);
    return undefined;
  }
  const odd = Object.values(map).filter((file) => typeof file !== "string" || !/^[\w.-]+\.safetensors$/.test(file));
  for (const file of new Set(odd))
    problems.push(`${weightsIndexFile}: weight_map: expected the name of a .safetensors file, got ${shown(file)}`);
  if (odd.length > 0) return undefined;
  const fileOf = new Map(Object.entries(map as Record<string, string>));
  return { files: [...new Set(fileOf.values())], fileOf };
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
