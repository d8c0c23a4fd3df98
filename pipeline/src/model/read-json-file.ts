import { open } from "node:fs/promises";
import { basename } from "node:path";
import { isObject, type JsonObject, shown } from "./json-fields.ts";

/**
 * The object in a JSON file of at most `limitBytes`. undefined, and one line more in `problems`, where it is missing, larger, or
 * holds something else.
 */
export async function readJsonFile(
  path: string,
  limitBytes: number,
  problems: string[],
): Promise<JsonObject | undefined> {
  const name = basename(path);
  const text = await readText(path, limitBytes).catch((error: NodeJS.ErrnoException | TooLarge) => {
    if (error instanceof TooLarge) problems.push(`${name}: expected at most ${limitBytes} B, got ${error.message} B`);
    else if (error.code === "ENOENT") problems.push(`${name}: missing`);
    else problems.push(`${name}: cannot be read: ${error.message}`);
    return undefined;
  });
  if (text === undefined) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    if (isObject(value)) return value;
    problems.push(`${name}: expected a JSON object, got ${shown(value)}`);
  } catch (error) {
    problems.push(`${name}: no JSON: ${(error as Error).message}`);
  }
  return undefined;
}

class TooLarge extends Error {}

async function readText(path: string, limitBytes: number): Promise<string> {
  const file = await open(path);
  try {
    const { size } = await file.stat();
    if (size > limitBytes) throw new TooLarge(`${size}`);
    return await file.readFile("utf8");
  } finally {
    await file.close();
  }
}
