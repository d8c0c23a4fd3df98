import { constants } from "node:fs";
import { access, mkdir, rm, stat, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { AbortedError, AiekitError, FormatError, UsageError } from "@aiekit/core";
import { download, sha256OfFile } from "./download.ts";
import { FetchError } from "./fetch-error.ts";
import { type InstalledPackage, installedPackages, type Receipt, receiptFile } from "./installed-packages.ts";
import { claimPartial } from "./partial-download.ts";
import { makeCurrent, putInPlace, removeAbandoned } from "./place-package.ts";
import { unpackWheel } from "./unpack-wheel.ts";
import { isWithin } from "./versions.ts";
import { parseWheelName, requirePlatform, type WheelHost, type WheelName } from "./wheel-name.ts";
import { requireTrusted, type TrustOptions, trustIn } from "./wheel-trust.ts";

/** What is installed, and from where. */
export interface InstallRequest extends TrustOptions {
  /** Packages of the lock by name; all of them when empty and no `wheels` are given. */
  readonly packages: readonly string[];
  /** Wheels that are files already. */
  readonly wheels: readonly string[];
  /** Address of a folder that has the wheels under their names; in place of the lock's addresses. */
  readonly mirror?: string | undefined;
  /** Install again what is installed. */
  readonly force: boolean;
  readonly host: WheelHost;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly signal?: AbortSignal | undefined;
  readonly onEvent?: (event: InstallEvent) => void;
  /** Bytes free below a folder. */
  readonly freeBytes: (folder: string) => Promise<number>;
  /** Of downloads; see DownloadOptions. */
  readonly stallMs?: number;
  readonly pause?: (ms: number) => Promise<void>;
}

export type InstallEvent =
  | {
      readonly kind: "download" | "unpack";
      readonly file: string;
      readonly doneBytes: number;
      readonly totalBytes: number | undefined;
    }
  | { readonly kind: "resume"; readonly file: string; readonly doneBytes: number }
  | { readonly kind: "verify"; readonly file: string }
  | { readonly kind: "wait"; readonly file: string; readonly pid: number }
  | { readonly kind: "outside range"; readonly file: string; readonly version: string; readonly expected: string };

export interface InstallResult {
  readonly receipt: Receipt;
  readonly folder: string;
  /** It was there already. */
  readonly unchanged: boolean;
}

/**
 * Installs wheels into the private folder, one after the other. A wheel that fails leaves no part of it in place; what
 * was downloaded of it stays for the next attempt.
 * @throws UsageError before any work for what cannot be installed; FetchError, FormatError, AbortedError.
 */
export async function installWheels(request: InstallRequest): Promise<readonly InstallResult[]> {
  const jobs = await Promise.all(
    plan(request).map(async (job) => ({ ...job, trust: await trustIn(job.wheel.file, request) })),
  );
  for (const { wheel, path } of jobs) {
    requirePlatform(wheel, request.host);
    if (path !== undefined && !(await isReadableFile(path)))
      throw new UsageError(`${path}: not a file that can be read`);
    const locked = request.lock.wheels.find(({ name }) => name === wheel.name);
    if (locked && !isWithin(wheel.version, locked.supported)) {
      const expected = `${locked.supported.from} or newer, before ${locked.supported.before ?? "any"}`;
      request.onEvent?.({ kind: "outside range", file: wheel.file, version: wheel.version, expected });
    }
  }
  const results: InstallResult[] = [];
  for (const job of jobs) results.push(await installOne(job, request).catch(explain(request.root)));
  return results;
}

type Job = ReturnType<typeof plan>[number] & { readonly trust: Awaited<ReturnType<typeof trustIn>> };

/** What to install: every wheel with its file, or the addresses it can be had from. */
function plan(
  request: InstallRequest,
): readonly { readonly wheel: WheelName; readonly path?: string; readonly urls: readonly string[] }[] {
  const files = request.wheels.map((path) => ({ wheel: parseWheelName(basename(path)), path, urls: [] }));
  const all = request.packages.length === 0 && files.length === 0;
  const names = all ? request.lock.wheels.map(({ name }) => name) : request.packages;
  const locked = names.map((name) => {
    const wheel = request.lock.wheels.find((candidate) => candidate.name === name);
    if (wheel === undefined) {
      const known = request.lock.wheels.map((candidate) => candidate.name).join(", ");
      throw new UsageError(`${name}: not a package of the lock, expected one of ${known}`);
    }
    return { wheel: parseWheelName(wheel.file), urls: addressesOf(wheel.file, wheel.urls, request.mirror) };
  });
  return [...locked, ...files];
}

function addressesOf(file: string, urls: readonly string[], mirror: string | undefined): readonly string[] {
  if (mirror === undefined) return urls;
  if (!/^https?:\/\/[^/]/.test(mirror) || !URL.canParse(mirror))
    throw new UsageError(`mirror ${mirror}: expected an http or https address of a folder with wheels`);
  return [`${mirror.replace(/\/+$/, "")}/${encodeURIComponent(file)}`];
}

async function installOne(job: Job, request: InstallRequest): Promise<InstallResult> {
  const { wheel, path, trust } = job;
  const present = await findInstalled(wheel, request.root);
  const same = present !== undefined && (trust.hashes.length === 0 || trust.hashes.includes(present.receipt.sha256));
  if (present && same && !request.force) {
    await makeCurrent(request.root, wheel);
    return { receipt: present.receipt, folder: present.folder, unchanged: true };
  }
  if (path !== undefined) return installFile(path, { job, request, source: path });
  return installDownloaded(job, request);
}

async function installDownloaded(job: Job, request: InstallRequest): Promise<InstallResult> {
  const { file } = job.wheel;
  const part = await claimPartial(join(request.root, ".downloads"), file);
  if ("busyPid" in part) {
    request.onEvent?.({ kind: "wait", file, pid: part.busyPid });
    await (request.pause ?? pause)(500);
    if (request.signal?.aborted) throw new AbortedError(`download ${file}: stopped`);
    return installOne(job, request);
  }
  let spent = false;
  try {
    const doneBytes = (await stat(part.path)).size;
    if (doneBytes > 0) request.onEvent?.({ kind: "resume", file, doneBytes });
    const source = await fetchFirst(job.urls, part.path, { file, request });
    try {
      const result = await installFile(part.path, { job, request, source });
      spent = true;
      return result;
    } catch (error) {
      spent = error instanceof FormatError;
      // What an earlier process left may have been the beginning of another file.
      if (spent && doneBytes > 0) {
        await part.remove();
        return installDownloaded(job, request);
      }
      throw error;
    }
  } finally {
    await (spent ? part.remove() : part.release());
  }
}

/** The first address that has the file; the next is tried only where one says that it has none. */
async function fetchFirst(
  urls: readonly string[],
  path: string,
  { file, request }: { readonly file: string; readonly request: InstallRequest },
): Promise<string> {
  for (const [i, url] of urls.entries()) {
    try {
      await download(url, path, {
        env: request.env,
        signal: request.signal,
        onProgress: (state) => request.onEvent?.({ kind: "download", file, ...state }),
        beforeWrite: (bytes) => requireSpace(bytes, request),
        ...(request.stallMs !== undefined && { stallMs: request.stallMs }),
        ...(request.pause && { pause: request.pause }),
      });
      return url;
    } catch (error) {
      const gone = error instanceof FetchError && error.failure.kind === "status" && error.failure.status === 404;
      if (!gone || i === urls.length - 1) throw error;
    }
  }
  throw new UsageError(`${file}: no address to get it from`);
}

async function installFile(
  path: string,
  { job, request, source }: { readonly job: Job; readonly request: InstallRequest; readonly source: string },
): Promise<InstallResult> {
  const { wheel, trust } = job;
  const { root } = request;
  request.onEvent?.({ kind: "verify", file: wheel.file });
  const sha256 = await sha256OfFile(path, request.signal);
  await requireTrusted(wheel.file, sha256, { trust, root, from: source });
  const fresh = join(root, wheel.name, `.${wheel.version}.${process.pid}-${counter++}.tmp`);
  try {
    await removeAbandoned(join(root, wheel.name));
    await mkdir(fresh, { recursive: true });
    const { files, bytes } = await unpackWheel({
      path,
      wheel,
      folder: fresh,
      signal: request.signal,
      onProgress: (state) => request.onEvent?.({ kind: "unpack", file: wheel.file, ...state }),
      beforeWrite: (total) => requireSpace(total, request),
    });
    const installed = new Date().toISOString();
    const { name, version, file } = wheel;
    const receipt: Receipt = { name, version, wheel: file, sha256, trust: trust.by, source, installed, files, bytes };
    await writeFile(join(fresh, receiptFile), `${JSON.stringify(receipt, null, 2)}\n`);
    const folder = join(root, name, version);
    await putInPlace(fresh, folder);
    await makeCurrent(root, wheel);
    return { receipt, folder, unchanged: false };
  } finally {
    await rm(fresh, { recursive: true, force: true });
  }
}

let counter = 0;

async function isReadableFile(path: string): Promise<boolean> {
  const info = await stat(path).catch(() => undefined);
  return (
    info?.isFile() === true &&
    (await access(path, constants.R_OK).then(
      () => true,
      () => false,
    ))
  );
}

async function findInstalled({ name, version }: WheelName, root: string): Promise<InstalledPackage | undefined> {
  const installed = await installedPackages(root);
  return installed.find(({ receipt }) => receipt.name === name && receipt.version === version);
}

/** @throws AiekitError when less is free than is about to be written. */
async function requireSpace(bytes: number, request: InstallRequest): Promise<void> {
  const free = await request.freeBytes(request.root);
  if (bytes > free) throw noSpace(request.root, `needs ${megabytes(bytes)}, ${megabytes(free)} are free`);
}

/** An error of the disk, said as what it means for an installation. */
function explain(root: string): (error: unknown) => never {
  return (error) => {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOSPC" || code === "EDQUOT") throw noSpace(root, "the disk became full", error);
    if (code === "EACCES" || code === "EPERM" || code === "EROFS") {
      throw new UsageError(`${root}: not writable (${code})`, {
        cause: error,
        hint: "make it writable for this user, or install elsewhere: AIEKIT_TOOLCHAIN=FOLDER",
      });
    }
    throw error;
  };
}

function noSpace(root: string, problem: string, cause?: unknown): AiekitError {
  return new AiekitError("tool", `${root}: ${problem}`, {
    hint: "make room (aiekit toolchain rm --downloads removes what was begun), or install elsewhere: AIEKIT_TOOLCHAIN=FOLDER",
    ...(cause !== undefined && { cause }),
  });
}

function megabytes(bytes: number): string {
  return `${Math.ceil(bytes / 1e6)} MB`;
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
