import { createHash } from "node:crypto";
import { open, stat } from "node:fs/promises";
import { AbortedError } from "@aiekit/core";
import type { Dispatcher, Response } from "undici";
import { type FetchAdvice, FetchError, failureOf } from "./fetch-error.ts";

export interface DownloadOptions {
  /** Proxies are taken from HTTPS_PROXY, HTTP_PROXY and NO_PROXY in here. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: (state: { readonly doneBytes: number; readonly totalBytes: number | undefined }) => void;
  /** A connection over which nothing comes for so long counts as cut. */
  readonly stallMs?: number;
  /** Waits before the next attempt; a test does not wait. */
  readonly pause?: (ms: number) => Promise<void>;
  /** Called with the size that is still to come, before it is written. */
  readonly beforeWrite?: (bytes: number) => Promise<void>;
  /** For the hints of errors; that of wheels where left out. */
  readonly advice?: FetchAdvice;
}

const defaultStallMs = 30_000;
/** Attempts in a row that bring nothing; one that brings something starts the count anew. */
const attemptsWithoutProgress = 4;

/**
 * Downloads `url` to the end of the file at `path`: what is there already is taken for the beginning and not fetched
 * again. The file is complete when this returns; whether it is the right file is for its hash to say.
 * @throws FetchError; AbortedError on `signal`; an error of the file system as it is. What came so far stays in the file.
 */
export async function download(url: string, path: string, options: DownloadOptions): Promise<void> {
  const { EnvHttpProxyAgent } = await import("undici");
  const stallMs = options.stallMs ?? defaultStallMs;
  const agent = new EnvHttpProxyAgent({
    ...proxies(options.env),
    headersTimeout: stallMs,
    bodyTimeout: stallMs,
    connect: { timeout: stallMs },
    // A tunnel through the proxy is for TLS; many proxies refuse one to other ports.
    proxyTunnel: false,
  });
  try {
    await downloadWith(agent, url, path, options);
  } catch (error) {
    throw error instanceof FetchError && options.advice ? error.withAdvice(options.advice) : error;
  } finally {
    await agent.destroy();
  }
}

async function downloadWith(agent: Dispatcher, url: string, path: string, options: DownloadOptions): Promise<void> {
  const pause = options.pause ?? defaultPause;
  let etag: string | undefined;
  for (let attempt = 1; ; ) {
    const before = await sizeOf(path);
    try {
      etag = await attemptDownload(agent, { url, path, from: before, etag, options });
      return;
    } catch (error) {
      if (options.signal?.aborted) throw new AbortedError(`download ${url}: stopped`, { cause: error });
      if (!(error instanceof FetchError) || !isPassing(error)) throw error;
      attempt = (await sizeOf(path)) > before ? 1 : attempt + 1;
      if (attempt > attemptsWithoutProgress) throw error;
      await pause(250 * 2 ** attempt);
    }
  }
}

interface Attempt {
  readonly url: string;
  readonly path: string;
  readonly from: number;
  readonly etag: string | undefined;
  readonly options: DownloadOptions;
}

async function attemptDownload(agent: Dispatcher, attempt: Attempt): Promise<string | undefined> {
  const { url, path, from, options } = attempt;
  const response = await request(agent, attempt);
  const etag = response.headers.get("etag") ?? undefined;
  const rest = Number(response.headers.get("content-length") ?? Number.NaN);
  if (response.status === 416) {
    // The file has all bytes already, or more than there are; then it is another file, and the next attempt starts anew.
    const total = Number(/\/(\d+)$/.exec(response.headers.get("content-range") ?? "")?.[1] ?? Number.NaN);
    await response.body?.cancel();
    if (total === from) return etag;
    await truncate(path);
    throw new FetchError(url, { kind: "cut", detail: `the file has ${total} B, ${from} B were here` });
  }
  const resumed = response.status === 206 && startOf(response) === from;
  if (response.status !== 200 && !resumed) {
    await response.body?.cancel();
    throw new FetchError(url, { kind: "status", status: response.status }, viaOf(options, url));
  }
  if (url.startsWith("https:") && response.url.startsWith("http:")) {
    await response.body?.cancel();
    throw new FetchError(url, { kind: "tls", detail: `it leads to ${response.url}, without TLS` });
  }
  const start = resumed ? from : 0;
  const totalBytes = Number.isNaN(rest) ? undefined : start + rest;
  if (!Number.isNaN(rest)) await options.beforeWrite?.(rest);
  await writeBody(response, { ...attempt, start, totalBytes });
  return etag;
}

async function request(agent: Dispatcher, { url, from, etag, options }: Attempt): Promise<Response> {
  const { fetch } = await import("undici");
  // undici's own limits do not cover a proxy that takes the connection and says nothing.
  const silence = new AbortController();
  const timer = setTimeout(() => silence.abort(), (options.stallMs ?? defaultStallMs) * 1.5);
  try {
    return await fetch(url, {
      dispatcher: agent,
      redirect: "follow",
      signal: options.signal ? AbortSignal.any([options.signal, silence.signal]) : silence.signal,
      // A compressed answer would make sizes and ranges mean something else.
      headers: {
        "accept-encoding": "identity",
        ...(from > 0 && { range: `bytes=${from}-` }),
        ...(from > 0 && etag !== undefined && { "if-range": etag }),
      },
    });
  } catch (cause) {
    const failure = silence.signal.aborted ? ({ kind: "timeout", detail: "silence" } as const) : failureOf(cause);
    throw new FetchError(url, failure, { cause, ...viaOf(options, url) });
  } finally {
    clearTimeout(timer);
  }
}

async function writeBody(
  response: Response,
  {
    url,
    path,
    start,
    totalBytes,
    options,
  }: Attempt & { readonly start: number; readonly totalBytes: number | undefined },
): Promise<void> {
  const file = await open(path, start === 0 ? "w" : "a");
  let doneBytes = start;
  try {
    const body = response.body?.getReader();
    for (;;) {
      const chunk = await body?.read().catch((cause: unknown) => {
        const failure = failureOf(cause);
        const detail = "detail" in failure ? failure.detail : `proxy, status ${failure.status}`;
        throw new FetchError(url, { kind: "cut", detail: `${detail} after ${doneBytes} B` }, { cause });
      });
      if (chunk === undefined || chunk.done) break;
      await writeAll(file, chunk.value);
      doneBytes += chunk.value.byteLength;
      options.onProgress?.({ doneBytes, totalBytes });
    }
  } finally {
    await file.close();
  }
  if (totalBytes !== undefined && doneBytes !== totalBytes)
    throw new FetchError(url, { kind: "cut", detail: `${doneBytes} of ${totalBytes} B` });
}

async function writeAll(file: Awaited<ReturnType<typeof open>>, bytes: Uint8Array): Promise<void> {
  for (let offset = 0; offset < bytes.byteLength; ) {
    const { bytesWritten } = await file.write(bytes, offset, bytes.byteLength - offset);
    offset += bytesWritten;
  }
}

/** Worth another attempt: nothing about the request was wrong. */
function isPassing({ failure }: FetchError): boolean {
  if (failure.kind === "cut" || failure.kind === "timeout") return true;
  return failure.kind === "status" && (failure.status === 429 || failure.status >= 500);
}

function startOf(response: Response): number {
  return Number(/^bytes (\d+)-/.exec(response.headers.get("content-range") ?? "")?.[1] ?? Number.NaN);
}

async function truncate(path: string): Promise<void> {
  await (await open(path, "w")).close();
}

async function sizeOf(path: string): Promise<number> {
  return stat(path).then(
    (info) => info.size,
    () => 0,
  );
}

/** SHA-256 of a file, 64 hex digits. */
export async function sha256OfFile(path: string, signal?: AbortSignal): Promise<string> {
  const hash = createHash("sha256");
  const file = await open(path);
  try {
    for await (const chunk of file.createReadStream({ autoClose: false })) {
      if (signal?.aborted) throw new AbortedError(`hash ${path}: stopped`);
      hash.update(chunk as Uint8Array);
    }
  } finally {
    await file.close();
  }
  return hash.digest("hex");
}

function proxies(env: DownloadOptions["env"]): { httpProxy?: string; httpsProxy?: string; noProxy?: string } {
  const httpProxy = env.http_proxy || env.HTTP_PROXY;
  const httpsProxy = env.https_proxy || env.HTTPS_PROXY;
  // An empty text, unlike undefined, keeps undici from reading the variables of this process.
  return { httpProxy: httpProxy ?? "", httpsProxy: httpsProxy ?? "", noProxy: env.no_proxy || env.NO_PROXY || "" };
}

function viaOf({ env }: DownloadOptions, url: string): { via?: string } {
  const { httpProxy, httpsProxy } = proxies(env);
  const via = url.startsWith("https:") ? httpsProxy || httpProxy : httpProxy;
  return via ? { via: withoutLogin(via) } : {};
}

function withoutLogin(proxy: string): string {
  return proxy.replace(/\/\/[^@/]*@/, "//");
}

function defaultPause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
