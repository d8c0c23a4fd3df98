import { readFile, stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import { FormatError } from "@aiekit/core";
import { type ConformanceDesign, type Stage, stages, type ToolAnswer, type ToolStream } from "./design.ts";

/** Where a conformance folder is. */
export interface ConformanceFolder {
  /** As messages say it. */
  readonly path: string;
  /** Folder that a relative path counts from. */
  readonly cwd: string;
}

/**
 * Names of the designs of a conformance folder, in the order of its `index.json`.
 * @throws FormatError when there is no such folder or its index is missing, broken or names files outside it.
 */
export async function readConformanceIndex({ path, cwd }: ConformanceFolder): Promise<readonly string[]> {
  const found = await stat(resolve(cwd, path)).catch(() => undefined);
  if (found === undefined) throw new FormatError(`${path}: there is no such folder`);
  if (!found.isDirectory()) throw new FormatError(`${path}: expected a folder, got a file`);
  const file = join(path, "index.json");
  const bytes = await readBytes({ file, cwd, hint: "the form of a conformance folder: mlir/fixtures/README.md" });
  const index = record(parseJson(bytes, file), file);
  const names = list(index.designs, `${file}: designs`).map((entry, i) =>
    fileName(record(entry, `${file}: designs[${i}]`).name, `${file}: designs[${i}].name`),
  );
  if (names.length === 0) throw new FormatError(`${file}: designs: expected at least one, got none`);
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined) throw new FormatError(`${file}: designs: ${twice} is named twice`);
  return names;
}

/**
 * One design of a conformance folder with the tools' answers.
 * @throws FormatError that names the file and the field when a file is missing, cut off or not of the form.
 */
export async function readConformanceDesign(folder: ConformanceFolder, name: string): Promise<ConformanceDesign> {
  const bytesOf = (file: string) => readBytes({ file: join(folder.path, file), cwd: folder.cwd });
  const textOf = async (file: string) => decodeText(await bytesOf(file), join(folder.path, file));
  const file = join(folder.path, `${name}.json`);
  const answer = record(parseJson(await bytesOf(`${name}.json`), file), file);
  const run = record(answer.stages, `${file}: stages`);
  const answers = new Map<Stage, ToolAnswer>();
  for (const key of Object.keys(run)) {
    if (!(stages as readonly string[]).includes(key)) {
      throw new FormatError(`${file}: stages: expected ${stages.join(", ")}, got ${JSON.stringify(key)}`);
    }
  }
  for (const stage of stages) {
    if (stage in run) answers.set(stage, toolAnswer(record(run[stage], `${file}: ${stage}`), `${file}: ${stage}`));
  }
  if (!answers.has("verify")) throw new FormatError(`${file}: stages: expected verify at least, got none`);
  const isLowered = answers.get("addresses")?.ok === true;
  const insts = answers.get("insts")?.ok === true ? record(run.insts, `${file}: insts`) : undefined;
  return {
    name,
    shows: answer.shows === undefined ? [] : strings(answer.shows, `${file}: shows`),
    source: await textOf(`${name}.mlir`),
    answers,
    lowered: isLowered ? await textOf(`${name}.addresses.mlir`) : undefined,
    streams: insts === undefined ? [] : await readStreams({ insts, file, bytesOf }),
  };
}

function toolAnswer(stage: Readonly<Record<string, unknown>>, where: string): ToolAnswer {
  if (typeof stage.ok !== "boolean") {
    throw new FormatError(`${where}.ok: expected true or false, got ${shown(stage.ok)}`);
  }
  const error = stage.error ?? "";
  if (typeof error !== "string") throw new FormatError(`${where}.error: expected a text, got ${shown(error)}`);
  const ended = stage.crashed === true ? "crashed" : stage.hang === true ? "hung" : "by itself";
  if (!stage.ok && error === "" && ended === "by itself") {
    throw new FormatError(`${where}.error: expected the tool's error, got none`);
  }
  const diagnostics = stage.diagnostics === undefined ? [] : strings(stage.diagnostics, `${where}.diagnostics`);
  return { ok: stage.ok, error, diagnostics, ended };
}

interface StreamSource {
  readonly insts: Readonly<Record<string, unknown>>;
  /** The JSON file, for messages. */
  readonly file: string;
  readonly bytesOf: (file: string) => Promise<Uint8Array>;
}

async function readStreams({ insts, file, bytesOf }: StreamSource): Promise<readonly ToolStream[]> {
  const entries = list(insts.sequences, `${file}: insts.sequences`);
  const streams: ToolStream[] = [];
  for (const [i, entry] of entries.entries()) {
    const where = `${file}: insts.sequences[${i}]`;
    const { device, sequence, file: stream } = record(entry, where);
    if (typeof device !== "string" || typeof sequence !== "string") {
      throw new FormatError(`${where}: expected the names of a device and a sequence, got ${shown(entry)}`);
    }
    const name = fileName(stream, `${where}.file`);
    const bytes = await bytesOf(name);
    if (bytes.length === 0 || bytes.length % 4 !== 0) {
      throw new FormatError(`${name}: expected whole 32-bit words, got ${bytes.length} bytes`);
    }
    streams.push({ device, sequence, bytes });
  }
  return streams;
}

/** A name that stays in the folder and is no option to a tool. */
function fileName(value: unknown, where: string): string {
  if (typeof value === "string" && /^\w[\w.+@-]*$/.test(value) && !value.includes("..")) return value;
  throw new FormatError(`${where}: expected a file name of letters, digits, dots and dashes, got ${shown(value)}`);
}

function parseJson(bytes: Uint8Array, file: string): unknown {
  try {
    return JSON.parse(decodeText(bytes, file)) as unknown;
  } catch (cause) {
    if (cause instanceof FormatError) throw cause;
    throw new FormatError(`${file}: expected JSON: ${(cause as Error).message}`, { cause });
  }
}

function decodeText(bytes: Uint8Array, file: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new FormatError(`${file}: expected UTF-8 text, got other bytes`, { cause });
  }
}

interface FileSource {
  readonly file: string;
  readonly cwd: string;
  readonly hint?: string;
}

async function readBytes({ file, cwd, hint }: FileSource): Promise<Uint8Array> {
  try {
    return new Uint8Array(await readFile(resolve(cwd, file)));
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    const reasons: Readonly<Record<string, string>> = {
      ENOENT: "there is no such file",
      EISDIR: "expected a file, got a folder",
    };
    throw new FormatError(`${file}: ${reasons[code ?? ""] ?? message}`, {
      cause,
      hint: hint ?? "copy the whole folder, answers included",
    });
  }
}

function record(value: unknown, where: string): Readonly<Record<string, unknown>> {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw new FormatError(`${where}: expected an object, got ${shown(value)}`);
}

function list(value: unknown, where: string): readonly unknown[] {
  if (Array.isArray(value)) return value as readonly unknown[];
  throw new FormatError(`${where}: expected a list, got ${shown(value)}`);
}

function strings(value: unknown, where: string): readonly string[] {
  return list(value, where).map((entry, i) => {
    if (typeof entry === "string") return entry;
    throw new FormatError(`${where}[${i}]: expected a text, got ${shown(entry)}`);
  });
}

function shown(value: unknown): string {
  const text = value === undefined ? "nothing" : JSON.stringify(value);
  return text.length > 60 ? `${text.slice(0, 60)}...` : text;
}
