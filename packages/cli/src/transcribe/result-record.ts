import { createHash } from "node:crypto";
import { readFile, stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import { UsageError } from "@aiekit/core";
import { writeOutput } from "../write-output.ts";

/** What a recording's results were made of and which files they are: `.aiekit/STEM.json` in the folder for results. */
interface ResultRecord {
  /** Of everything that a result depends on. */
  readonly key: string;
  /** Absolute path of the recording. */
  readonly recording: string;
  /** Name in the folder, bytes. */
  readonly files: Readonly<Record<string, number>>;
}

/** What would be made: as in the record, but without sizes. */
interface WantedResult extends Pick<ResultRecord, "key" | "recording"> {
  readonly files: readonly string[];
}

/** Hash of recording, model and options; a recording is told by size and time of change, as make does. */
export async function resultKey(path: string, model: string, options: unknown): Promise<string> {
  const { size, mtimeMs } = await stat(path);
  return sha256(JSON.stringify([size, mtimeMs, model, options]));
}

/** Hash of a model: its small files, and names, sizes and times of the weights' or graphs' files. */
export async function modelKey(folder: string, jsonFiles: readonly string[], weights: readonly string[]) {
  const texts = await Promise.all(jsonFiles.map((name) => readFile(join(folder, name), "utf8")));
  const stats = await Promise.all(weights.map(async (name) => [name, ...(await sizeAndTime(join(folder, name)))]));
  return sha256(JSON.stringify([texts, stats]));
}

export async function writeRecord(out: string, stem: string, record: ResultRecord): Promise<void> {
  await writeOutput(recordPath(stem), out, `${JSON.stringify(record)}\n`);
}

/**
 * Whether the results of a recording are there, whole, and of the same recording, model and options.
 * @throws UsageError where some are there of another recording, which would be lost.
 */
export async function isFinished(out: string, stem: string, wanted: WantedResult): Promise<boolean> {
  const record = await readRecord(out, stem);
  if (record === undefined) return false;
  const isThere = async (file: string) => {
    const found = await stat(resolve(out, file)).catch(() => undefined);
    return found !== undefined && found.size === record.files[file];
  };
  if (record.key === wanted.key) return (await Promise.all(wanted.files.map(isThere))).every(Boolean);
  const isOfAnother = record.recording !== wanted.recording;
  if (isOfAnother && (await Promise.all(Object.keys(record.files).map(isThere))).some(Boolean)) {
    throw new UsageError(`${stem}: the results there are of another recording, ${record.recording}`, {
      hint: "give another folder with --out, or replace them with --overwrite",
    });
  }
  return false;
}

/** A record that is missing or damaged is none: the work is done again. */
async function readRecord(out: string, stem: string): Promise<ResultRecord | undefined> {
  const text = await readFile(resolve(out, recordPath(stem)), "utf8").catch(() => undefined);
  if (text === undefined) return undefined;
  try {
    const record = JSON.parse(text) as Partial<ResultRecord> | null;
    const isWhole = [record?.key, record?.recording].every((value) => typeof value === "string");
    return isWhole && record?.files instanceof Object ? (record as ResultRecord) : undefined;
  } catch {
    return undefined;
  }
}

function recordPath(stem: string): string {
  return join(".aiekit", `${stem}.json`);
}

async function sizeAndTime(path: string): Promise<readonly number[]> {
  const { size, mtimeMs } = await stat(path);
  return [size, mtimeMs];
}

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
