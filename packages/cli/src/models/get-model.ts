import { createHash } from "node:crypto";
import { constants, createReadStream } from "node:fs";
import { copyFile, mkdir, readdir, readFile, rename, rm, stat, truncate, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { AbortedError, AiekitError, FormatError } from "@aiekit/core";
import {
  checkModelFolder,
  ModelFolderError,
  modelJsonFiles,
  weightFilesOf,
  weightsFile,
  weightsIndexFile,
} from "@aiekit/pipeline";
import { claimPartial, type DownloadOptions, download, FetchError, freeBytes, sha256OfFile } from "@aiekit/tools";
import { type FiledHash, type ModelReceipt, readReceipt, receiptFile, requireSingleModel } from "./model-receipt.ts";
import { isFolder } from "./models-folder.ts";
import { hubModel, mirrorModel, type RemoteFile, type RemoteModel } from "./remote-files.ts";

export type ModelSource =
  | { readonly kind: "hub"; readonly hub: string; readonly revision: string }
  | { readonly kind: "mirror"; readonly mirror: string }
  | { readonly kind: "folder"; readonly folder: string };

export interface GetRequest {
  readonly name: string;
  /** Folder of all models. */
  readonly root: string;
  readonly source: ModelSource;
  readonly force: boolean;
  readonly env: DownloadOptions["env"];
  readonly signal?: AbortSignal | undefined;
  readonly onEvent?: (event: GetEvent) => void;
  /** Of downloads; see DownloadOptions. */
  readonly pause?: (ms: number) => Promise<void>;
}

export type GetEvent =
  | {
      readonly kind: "download";
      readonly file: string;
      readonly doneBytes: number;
      readonly totalBytes: number | undefined;
    }
  | { readonly kind: "resume"; readonly file: string; readonly doneBytes: number }
  | { readonly kind: "verify" | "copy"; readonly file: string };

export interface GotModel {
  readonly folder: string;
  readonly receipt: ModelReceipt;
  /** It was here already. */
  readonly unchanged: boolean;
}

/** Where downloads are until all files of a model are here. */
export const partialFolder = ".partial";

/**
 * Puts a model into the local folder. It is there whole, with hashes and structure checked, or not at all; what has been
 * downloaded stays for the next attempt. @throws FetchError, FormatError, ModelFolderError, AbortedError.
 */
export async function getModel(request: GetRequest): Promise<GotModel> {
  const { name, root, source, force } = request;
  const folder = join(root, name);
  await requireSingleModel(root, name);
  const here = force || !(await isFolder(folder)) ? undefined : await readReceipt(folder);
  if (here !== undefined) return { folder, receipt: here, unchanged: true };
  const got = source.kind === "folder" ? await copied(request, source.folder) : await downloaded(request, source);
  await writeFile(join(got.staging, receiptFile), `${JSON.stringify(got.receipt, null, 2)}\n`);
  // What is left of attempts that another has overtaken.
  for (const file of await readdir(got.staging))
    if (file !== receiptFile && got.receipt.files[file] === undefined) await rm(join(got.staging, file));
  await mkdir(dirname(folder), { recursive: true });
  // The old one goes only when the new one is complete.
  await rm(folder, { recursive: true, force: true });
  await rename(got.staging, folder);
  return { folder, receipt: got.receipt, unchanged: false };
}

interface Staged {
  readonly staging: string;
  readonly receipt: ModelReceipt;
}

async function copied({ name, root, signal, onEvent }: GetRequest, from: string): Promise<Staged> {
  const problems = await checkModelFolder(from);
  if (problems.length > 0) throw new ModelFolderError(from, problems);
  const staging = join(root, partialFolder, `${name.replace("/", "--")}@copy-${process.pid}`);
  await mkdir(staging, { recursive: true });
  const files: Record<string, FiledHash> = {};
  try {
    for (const file of [...modelJsonFiles, ...(await weightNames(from))]) {
      onEvent?.({ kind: "copy", file });
      if (signal?.aborted) throw new AbortedError(`copy ${file}: stopped`);
      await copyFile(join(from, file), join(staging, file), constants.COPYFILE_FICLONE);
      files[file] = await hashed(join(staging, file), "first use", signal);
    }
  } catch (error) {
    await rm(staging, { recursive: true, force: true });
    throw error;
  }
  return { staging, receipt: { name, source: from, revision: null, files } };
}

async function downloaded(request: GetRequest, source: Exclude<ModelSource, { kind: "folder" }>): Promise<Staged> {
  const { name, root } = request;
  const from = source.kind === "hub" ? { ...source, name, base: source.hub } : { ...source, name, base: source.mirror };
  const fetchText = (url: string) => smallText(url, request);
  const remote = from.kind === "hub" ? await hubModel(from, fetchText) : await mirrorModel(from, fetchText);
  // Of another commit or server, nothing is a beginning of this one's files.
  const origin = createHash("sha256").update(`${from.base} ${remote.revision}`).digest("hex").slice(0, 12);
  const staging = join(root, partialFolder, `${name.replace("/", "--")}@${origin}`);
  await mkdir(staging, { recursive: true });
  const files: Record<string, FiledHash> = {};
  const take = async (file: string) => {
    files[file] = await downloadFile(required(remote, file, name), { staging, trust: remote.trust, request });
  };
  for (const file of modelJsonFiles) await take(file);
  await refuse(name, staging, (problem) => !problem.startsWith(`${weightsFile}: missing`));
  if (remote.find(weightsFile) === undefined) await take(weightsIndexFile);
  const weights = (await weightNames(staging)).filter((file) => files[file] === undefined);
  await requireRoom(
    weights.map((file) => required(remote, file, name)),
    staging,
    root,
  );
  for (const file of weights) await take(file);
  await refuse(name, staging, () => true);
  return { staging, receipt: { name, source: from.base, revision: remote.revision ?? null, files } };
}

/** A folder with problems that count is no model, and is not kept. */
async function refuse(name: string, staging: string, counts: (problem: string) => boolean): Promise<void> {
  const problems = (await checkModelFolder(staging)).filter(counts);
  if (problems.length === 0) return;
  await rm(staging, { recursive: true, force: true });
  throw new ModelFolderError(name, problems);
}

function required(remote: RemoteModel, file: string, name: string): RemoteFile {
  const found = remote.find(file);
  if (found !== undefined) return found;
  throw new FormatError(`model ${name}: ${file}: named by ${weightsIndexFile}, and not there`);
}

/** Names of the files of weights: the one, or the index and its shards. */
async function weightNames(folder: string): Promise<readonly string[]> {
  const index = join(folder, weightsIndexFile);
  const isSharded = await stat(index).then(
    () => true,
    () => false,
  );
  if (
    !isSharded ||
    (await stat(join(folder, weightsFile)).then(
      () => true,
      () => false,
    ))
  )
    return [weightsFile];
  const problems: string[] = [];
  const files = weightFilesOf(JSON.parse(await readFile(index, "utf8")) as Readonly<Record<string, unknown>>, problems);
  if (files === undefined) throw new ModelFolderError(folder, problems);
  return [weightsIndexFile, ...files.files];
}

async function requireRoom(files: readonly RemoteFile[], staging: string, root: string): Promise<void> {
  const needed = files.reduce((sum, { bytes }) => sum + (bytes ?? 0), 0);
  const free = await freeBytes(staging);
  if (needed <= free) return;
  throw new AiekitError("tool", `models: ${root}: expected ${needed} B free, got ${free} B`, {
    hint: "AIEKIT_MODELS=FOLDER names a folder on another disk; aiekit models rm removes models",
  });
}

const advice = {
  offline: "take the model's folder to this machine: aiekit models get NAME --from FOLDER",
  gone: "is it the right name and address? use another (--hub URL, --mirror URL)",
};

interface FileTarget {
  readonly staging: string;
  readonly trust: "hub" | "mirror";
  readonly request: GetRequest;
}

async function downloadFile(file: RemoteFile, { staging, trust, request }: FileTarget): Promise<FiledHash> {
  const { signal, onEvent } = request;
  const place = join(staging, file.name);
  const trusted = file.hash === undefined ? "first use" : trust;
  // It came whole in an earlier attempt.
  if (file.hash !== undefined && (await hasHash(place, file.hash, signal))) return hashed(place, trusted, signal);
  const partial = await claimPartial(staging, file.name);
  if ("busyPid" in partial)
    throw new AiekitError("tool", `model ${request.name}: process ${partial.busyPid} is downloading ${file.name}`, {
      hint: "wait for it to end",
    });
  try {
    // Without a hash nothing would tell that the beginning is another file's.
    if (file.hash === undefined) await truncate(partial.path, 0);
    const { size } = await stat(partial.path);
    if (size > 0) onEvent?.({ kind: "resume", file: file.name, doneBytes: size });
    await downloadTo(partial.path, file, request);
    onEvent?.({ kind: "verify", file: file.name });
    let isRight = file.hash === undefined || (await hasHash(partial.path, file.hash, signal));
    if (!isRight && size > 0) {
      // What an earlier attempt left may have been damaged: once more from its first byte.
      await truncate(partial.path, 0);
      await downloadTo(partial.path, file, request);
      isRight = file.hash === undefined || (await hasHash(partial.path, file.hash, signal));
    }
    if (!isRight) {
      await partial.remove();
      throw new FormatError(`${file.url}: expected ${file.hash?.kind} ${file.hash?.hex}, got another hash`, {
        hint: "the server's file is damaged or changed on its way: try again, or use a mirror (--mirror URL)",
      });
    }
    const hash = await hashed(partial.path, trusted, signal);
    await rename(partial.path, place);
    return hash;
  } catch (error) {
    await partial.release().catch(() => undefined);
    throw error;
  }
}

async function downloadTo(path: string, { url, name }: RemoteFile, request: GetRequest): Promise<void> {
  const { env, signal, pause, onEvent } = request;
  await download(url, path, {
    ...{ env, signal, advice },
    ...(pause && { pause }),
    onProgress: (state) => onEvent?.({ kind: "download", file: name, ...state }),
  });
}

const textLimitBytes = 64_000_000;

async function smallText(url: string, { root, env, signal, pause }: GetRequest): Promise<string | undefined> {
  const path = join(root, partialFolder, `answer-${process.pid}-${answers++}`);
  await mkdir(dirname(path), { recursive: true });
  const refuseLarge = (bytes: number) => {
    if (bytes > textLimitBytes) throw new FormatError(`${url}: expected at most ${textLimitBytes} B, got ${bytes} B`);
  };
  try {
    await download(url, path, {
      ...{ env, signal, advice },
      ...(pause && { pause }),
      beforeWrite: async (bytes) => refuseLarge(bytes),
      onProgress: ({ doneBytes }) => refuseLarge(doneBytes),
    });
    return await readFile(path, "utf8");
  } catch (error) {
    const isMissing = error instanceof FetchError && error.failure.kind === "status" && error.failure.status === 404;
    if (isMissing) return undefined;
    throw error;
  } finally {
    await rm(path, { force: true });
  }
}

let answers = 0;

async function hashed(path: string, trust: FiledHash["trust"], signal?: AbortSignal): Promise<FiledHash> {
  const { size } = await stat(path);
  return { bytes: size, sha256: await sha256OfFile(path, signal), trust };
}

async function hasHash(path: string, hash: NonNullable<RemoteFile["hash"]>, signal?: AbortSignal): Promise<boolean> {
  const info = await stat(path).catch(() => undefined);
  if (info === undefined) return false;
  if (hash.kind === "sha256") return (await sha256OfFile(path, signal)) === hash.hex;
  // Git hashes a blob with its size before it.
  const sha1 = createHash("sha1").update(`blob ${info.size}\0`);
  for await (const chunk of createReadStream(path)) sha1.update(chunk as Uint8Array);
  return sha1.digest("hex") === hash.hex;
}
