import { createHash } from "node:crypto";
import { createWriteStream } from "node:fs";
import { chmod, mkdir, symlink } from "node:fs/promises";
import { dirname, join, posix } from "node:path";
import type { Readable } from "node:stream";
import { Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { AbortedError, FormatError } from "@aiekit/core";
import type { Entry, ZipFile } from "yauzl";
import type { WheelName } from "./wheel-name.ts";
import { parseWheelRecord, type RecordedFile } from "./wheel-record.ts";

/** Bounds on what a wheel may hold. AMD's wheels unpack to about 1.5 GB in some 10,000 files. */
export interface UnpackLimits {
  readonly entries: number;
  /** Sum of all files, unpacked. */
  readonly bytes: number;
}

const unpackLimits: UnpackLimits = { entries: 200_000, bytes: 16 * 1024 ** 3 };

interface UnpackRequest {
  /** The wheel's path; `wheel` is its name taken apart. */
  readonly path: string;
  readonly wheel: WheelName;
  /** Exists and is empty. */
  readonly folder: string;
  readonly limits?: UnpackLimits;
  readonly signal?: AbortSignal | undefined;
  /** Called once with what all files need, before the first is written. */
  readonly beforeWrite?: (bytes: number) => Promise<void>;
  readonly onProgress?: (state: { readonly doneBytes: number; readonly totalBytes: number }) => void;
}

/**
 * Unpacks a wheel, a zip file, and holds every file against the wheel's own RECORD. Permission bits are kept; a symbolic
 * link is made only if it leads to a place inside the wheel.
 * @throws FormatError for what is no wheel, is damaged, is over the limits, or would write outside `folder`; what was
 * unpacked until then stays in `folder`.
 */
export async function unpackWheel(request: UnpackRequest): Promise<{ readonly files: number; readonly bytes: number }> {
  const { path } = request;
  const { openPromise } = await import("yauzl");
  const zip = await openPromise(path, { autoClose: false, strictFileNames: true }).catch((cause: Error) => {
    throw isFileSystemError(cause) ? cause : damaged(request, cause);
  });
  try {
    const entries = await readEntries(zip, request);
    const record = await readRecord(zip, entries, request);
    return await writeEntries(zip, entries, record, request);
  } finally {
    zip.close();
  }
}

type EntryKind = "file" | "folder" | "link";

interface WheelEntry {
  readonly name: string;
  readonly kind: EntryKind;
  /** Permission bits; 0 where the zip has none. */
  readonly mode: number;
  readonly bytes: number;
  readonly entry: Entry;
}

/** All entries, before anything is written: a wheel that is refused leaves nothing behind. */
async function readEntries(zip: ZipFile, request: UnpackRequest): Promise<readonly WheelEntry[]> {
  const limits = request.limits ?? unpackLimits;
  if (zip.entryCount > limits.entries) {
    throw refused(request, `${zip.entryCount} entries, expected at most ${limits.entries}`);
  }
  const entries: WheelEntry[] = [];
  try {
    for await (const entry of zip.eachEntry()) entries.push(describe(entry, request));
  } catch (cause) {
    throw cause instanceof FormatError ? cause : damaged(request, cause as Error);
  }
  const bytes = entries.reduce((sum, entry) => sum + entry.bytes, 0);
  if (bytes > limits.bytes) throw refused(request, `${bytes} B unpacked, expected at most ${limits.bytes} B`);
  const seen = new Map<string, EntryKind>();
  for (const { name, kind } of entries) {
    const before = seen.get(name);
    if (before !== undefined && !(before === "folder" && kind === "folder"))
      throw refused(request, `${name} is in it twice`);
    seen.set(name, kind);
  }
  for (const { name } of entries) {
    for (let above = posix.dirname(name); above !== "."; above = posix.dirname(above)) {
      const kind = seen.get(above);
      if (kind === "file" || kind === "link") throw refused(request, `${name} lies below ${above}, which is a ${kind}`);
    }
  }
  return entries;
}

function describe(entry: Entry, request: UnpackRequest): WheelEntry {
  const isFolder = entry.fileName.endsWith("/");
  const name = isFolder ? entry.fileName.slice(0, -1) : entry.fileName;
  // yauzl refuses absolute names, `..` and backslashes; the rest that a file system could read differently is refused here.
  const odd = name === "" || name.includes("\0") || name.split("/").some((part) => part === "" || part === ".");
  if (odd) throw refused(request, `an entry is named ${JSON.stringify(entry.fileName)}`);
  if (entry.isEncrypted()) throw refused(request, `${name} is encrypted`);
  const unixMode = entry.versionMadeBy >> 8 === 3 ? entry.externalFileAttributes >>> 16 : 0;
  const type = unixMode & 0o170000;
  const known = type === 0 || type === 0o100000 || type === 0o120000 || type === 0o040000;
  if (!known) throw refused(request, `${name} is neither a file, a folder nor a link (mode ${unixMode.toString(8)})`);
  const kind = isFolder ? "folder" : type === 0o120000 ? "link" : "file";
  return { name, kind, mode: unixMode & 0o777, bytes: entry.uncompressedSize, entry };
}

/** Size above which a RECORD or a link's target is not one. */
const smallFileBytes = 64 * 1024 * 1024;

async function readRecord(
  zip: ZipFile,
  entries: readonly WheelEntry[],
  request: UnpackRequest,
): Promise<ReadonlyMap<string, RecordedFile>> {
  const { name, version } = request.wheel;
  const path = `${name}-${version}.dist-info/RECORD`;
  const entry = entries.find((candidate) => candidate.name === path);
  if (entry === undefined) throw refused(request, `no ${path} in it, so it is no wheel of ${name} ${version}`);
  const record = parseWheelRecord(await readText(zip, entry, request), `${request.path}: ${path}`);
  for (const { name, kind, bytes } of entries) {
    if (kind !== "file" || isSignature(name, path)) continue;
    const recorded = record.get(name);
    if (recorded === undefined) throw refused(request, `${name} is in it, but not in its RECORD`);
    if (recorded.bytes >= 0 && recorded.bytes !== bytes)
      throw refused(request, `${name}: expected ${recorded.bytes} B by its RECORD, got ${bytes} B`);
  }
  const present = new Set(entries.map((candidate) => candidate.name));
  const missing = [...record.keys()].find((name) => !present.has(name));
  if (missing !== undefined) throw refused(request, `${missing} is in its RECORD, but not in it`);
  return record;
}

/** RECORD and its signatures have no hash in RECORD. */
function isSignature(name: string, record: string): boolean {
  return name === record || name === `${record}.jws` || name === `${record}.p7s`;
}

async function writeEntries(
  zip: ZipFile,
  entries: readonly WheelEntry[],
  record: ReadonlyMap<string, RecordedFile>,
  request: UnpackRequest,
): Promise<{ readonly files: number; readonly bytes: number }> {
  const totalBytes = entries.reduce((sum, entry) => sum + entry.bytes, 0);
  await request.beforeWrite?.(totalBytes);
  let doneBytes = 0;
  const made = new Set<string>();
  const makeFolder = async (folder: string): Promise<void> => {
    if (made.has(folder)) return;
    await mkdir(folder, { recursive: true });
    made.add(folder);
  };
  for (const item of entries) {
    if (request.signal?.aborted) throw new AbortedError(`unpack ${request.wheel.file}: stopped`);
    const path = join(request.folder, item.name);
    if (item.kind === "folder") await makeFolder(path);
    if (item.kind !== "file") continue;
    await makeFolder(dirname(path));
    const hash = await writeEntry(zip, item, { path, request });
    const expected = record.get(item.name)?.sha256;
    if (expected !== undefined && hash !== expected)
      throw refused(request, `${item.name}: expected SHA-256 ${expected} by its RECORD, got ${hash}`);
    doneBytes += item.bytes;
    request.onProgress?.({ doneBytes, totalBytes });
  }
  // After the files, so that no file can be written through a link.
  for (const item of entries) if (item.kind === "link") await makeLink(zip, item, request);
  return { files: entries.filter(({ kind }) => kind !== "folder").length, bytes: totalBytes };
}

/** Returns the SHA-256 of what was written, in URL-safe base64. */
async function writeEntry(
  zip: ZipFile,
  { entry, mode, name }: WheelEntry,
  { path, request }: { readonly path: string; readonly request: UnpackRequest },
): Promise<string> {
  const hash = createHash("sha256");
  const through = new Transform({
    transform(chunk: Uint8Array, _encoding, done) {
      hash.update(chunk);
      done(null, chunk);
    },
  });
  const source = await openEntry(zip, entry, request);
  const target = createWriteStream(path, { flags: "wx" });
  try {
    await pipeline(source, through, target, { signal: request.signal });
  } catch (cause) {
    if (request.signal?.aborted) throw new AbortedError(`unpack ${request.wheel.file}: stopped`, { cause });
    if (isFileSystemError(cause)) throw cause;
    throw refused(request, `${name}: ${(cause as Error).message}`, cause);
  }
  // Readable by the owner whatever the zip says; set-user and set-group bits are not taken over.
  if (mode !== 0) await chmod(path, mode | 0o600);
  return hash.digest("base64url");
}

async function makeLink(zip: ZipFile, item: WheelEntry, request: UnpackRequest): Promise<void> {
  const target = await readText(zip, item, request);
  const resolved = posix.normalize(posix.join(posix.dirname(item.name), target));
  // `..` only in front: `link/..` would leave from where the link leads, not from where it lies.
  const odd = target === "" || posix.normalize(target) !== target || /[\\\0]/.test(target);
  if (odd || posix.isAbsolute(target) || resolved === ".." || resolved.startsWith("../"))
    throw refused(request, `${item.name} is a link to ${JSON.stringify(target)}, outside the wheel`);
  await mkdir(dirname(join(request.folder, item.name)), { recursive: true });
  await symlink(target, join(request.folder, item.name));
}

async function readText(zip: ZipFile, { entry, name, bytes }: WheelEntry, request: UnpackRequest): Promise<string> {
  if (bytes > smallFileBytes) throw refused(request, `${name}: ${bytes} B, expected at most ${smallFileBytes} B`);
  const chunks: Uint8Array[] = [];
  try {
    for await (const chunk of await openEntry(zip, entry, request)) chunks.push(chunk as Uint8Array);
  } catch (cause) {
    throw cause instanceof FormatError ? cause : refused(request, `${name}: ${(cause as Error).message}`, cause);
  }
  return Buffer.concat(chunks).toString("utf8");
}

function openEntry(zip: ZipFile, entry: Entry, request: UnpackRequest): Promise<Readable> {
  return zip.openReadStreamPromise(entry).catch((cause: Error) => {
    throw refused(request, `${entry.fileName}: ${cause.message}`, cause);
  });
}

function isFileSystemError(error: unknown): boolean {
  return error instanceof Error && "syscall" in error;
}

function damaged(request: UnpackRequest, cause: Error): FormatError {
  return refused(request, `not a zip file, or damaged: ${cause.message}`, cause);
}

function refused(request: UnpackRequest, problem: string, cause?: unknown): FormatError {
  return new FormatError(`${request.path}: ${problem}`, {
    hint: "get the wheel again from its project's release page",
    ...(cause !== undefined && { cause }),
  });
}
