import { FormatError } from "@aiekit/core";
import { modelJsonFiles, weightsFile, weightsIndexFile } from "@aiekit/pipeline";

/** A file of a model on a server. */
export interface RemoteFile {
  readonly name: string;
  readonly url: string;
  readonly bytes: number | undefined;
  /** `git`: SHA-1 of a blob, which hubs have for small files. */
  readonly hash: { readonly kind: "sha256" | "git"; readonly hex: string } | undefined;
}

export interface RemoteModel {
  /** Commit; undefined for a mirror. */
  readonly revision: string | undefined;
  readonly trust: "hub" | "mirror";
  /** undefined where the server does not have it. */
  find(name: string): RemoteFile | undefined;
}

/** Reads a small text from an address; undefined where there is none. */
type FetchText = (url: string) => Promise<string | undefined>;

/**
 * What a hub has of a model. The revision is made a commit first, so that all files are of one state.
 * @throws FormatError for an answer that is none, and where files are missing.
 */
export async function hubModel(
  { hub, name, revision }: { readonly hub: string; readonly name: string; readonly revision: string },
  fetchText: FetchText,
): Promise<RemoteModel> {
  const base = `${withoutSlash(hub)}/api/models/${name}`;
  const info = await fetchJson(`${base}/revision/${encodeURIComponent(revision)}`, fetchText);
  const commit = (info as { sha?: unknown } | null)?.sha;
  if (typeof commit !== "string" || !/^[0-9a-f]{7,64}$/.test(commit))
    throw new FormatError(`${base}/revision/${revision}: expected the sha of a commit, got ${JSON.stringify(commit)}`);
  const tree = await fetchJson(`${base}/tree/${commit}`, fetchText);
  if (!Array.isArray(tree)) throw new FormatError(`${base}/tree/${commit}: expected a list of files`);
  const files = new Map<string, RemoteFile>();
  for (const entry of tree as unknown[]) {
    const { type, path, size, oid, lfs } = (entry ?? {}) as Readonly<Record<string, unknown>>;
    if (type !== "file" || typeof path !== "string") continue;
    const large = (lfs as { oid?: unknown } | null | undefined)?.oid;
    const hash = hashOf("sha256", large, 64) ?? hashOf("git", oid, 40);
    const bytes = Number.isSafeInteger(size) ? (size as number) : undefined;
    const url = `${withoutSlash(hub)}/${name}/resolve/${commit}/${encodeURIComponent(path)}`;
    files.set(path, { name: path, url, bytes, hash });
  }
  const missing = modelJsonFiles.filter((file) => !files.has(file));
  if (!files.has(weightsFile) && !files.has(weightsIndexFile)) missing.push(weightsFile as never);
  if (missing.length > 0)
    throw new FormatError(`model ${name}: ${hub} has no ${missing.join(", no ")} at ${revision}`, {
      hint: "a model of Whisper in safetensors is needed; is it the right name and --revision?",
    });
  return { revision: commit, trust: "hub", find: (file) => files.get(file) };
}

/** A folder on a server, `URL/NAME/FILE`, with hashes in SHA256SUMS where there is one. */
export async function mirrorModel(
  { mirror, name }: { readonly mirror: string; readonly name: string },
  fetchText: FetchText,
): Promise<RemoteModel> {
  const base = `${withoutSlash(mirror)}/${name}`;
  const sums = await fetchText(`${base}/SHA256SUMS`);
  const hashes = new Map((sums ?? "").split("\n").flatMap(sumOf));
  const find = (file: string): RemoteFile => {
    const hex = hashes.get(file);
    const hash = hex === undefined ? undefined : ({ kind: "sha256", hex } as const);
    return { name: file, url: `${base}/${file}`, bytes: undefined, hash };
  };
  // Without a list of files only an answer tells whether the weights are in shards.
  const isSharded = (await fetchText(`${base}/${weightsIndexFile}`)) !== undefined;
  const absent = isSharded ? weightsFile : weightsIndexFile;
  return { revision: undefined, trust: "mirror", find: (file) => (file === absent ? undefined : find(file)) };
}

function hashOf(kind: "sha256" | "git", hex: unknown, digits: number): RemoteFile["hash"] {
  return typeof hex === "string" && hex.length === digits && /^[0-9a-f]+$/.test(hex) ? { kind, hex } : undefined;
}

function sumOf(line: string): [string, string][] {
  const [, hex, file] = /^([0-9a-fA-F]{64}) [ *](.+)$/.exec(line.trimEnd()) ?? [];
  return hex === undefined || file === undefined ? [] : [[file.replace(/^\.\//, ""), hex.toLowerCase()]];
}

async function fetchJson(url: string, fetchText: FetchText): Promise<unknown> {
  const text = await fetchText(url);
  if (text === undefined)
    throw new FormatError(`${url}: expected an answer of a hub, got status 404`, {
      hint: "is it the right name, --revision and --hub? a plain folder of files is a --mirror",
    });
  try {
    return JSON.parse(text) as unknown;
  } catch (cause) {
    throw new FormatError(`${url}: expected JSON, got ${JSON.stringify(text.slice(0, 40))}`, { cause });
  }
}

function withoutSlash(url: string): string {
  return url.replace(/\/+$/, "");
}
