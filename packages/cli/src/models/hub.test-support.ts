import { createHash } from "node:crypto";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { onTestFinished } from "vitest";

export interface TestHub {
  readonly url: string;
  /** Every request: path, and Range where one was asked for. */
  readonly requests: string[];
  /** Files of `owner/tiny`; a change is served from then on, the hashes stay. */
  readonly files: Map<string, Buffer>;
  /** Cuts the connection of this file after so many bytes, as often as it is told. */
  cut: { readonly file: string; readonly afterBytes: number; times: number } | undefined;
}

export const commit = "0123456789abcdef0123456789abcdef01234567";

/** A hub with one model at one commit, over HTTP on 127.0.0.1; `/plain/owner/tiny/FILE` is the same as a plain folder. */
export async function openHub(given: ReadonlyMap<string, Buffer>): Promise<TestHub> {
  const files = new Map(given);
  const requests: string[] = [];
  const tree = JSON.stringify([...given].map(([path, bytes]) => entryOf(path, bytes)));
  const server = createServer((request, response) => {
    const { url = "" } = request;
    const { range } = request.headers;
    requests.push(range === undefined ? url : `${url} ${range}`);
    if (url === "/api/models/owner/tiny/revision/main") return void response.end(JSON.stringify({ sha: commit }));
    if (url === `/api/models/owner/tiny/tree/${commit}`) return void response.end(tree);
    const name = /^\/(?:plain\/owner\/tiny|owner\/tiny\/resolve\/[0-9a-f]+)\/([^/]+)$/.exec(url)?.[1] ?? "";
    const bytes = files.get(name);
    if (bytes === undefined) return void response.writeHead(404).end("Not Found");
    const from = Number(/^bytes=(\d+)-$/.exec(range ?? "")?.[1] ?? 0);
    const rest = bytes.subarray(from);
    if (rest.length === 0) return void response.writeHead(416, { "content-range": `bytes */${bytes.length}` }).end();
    const headers = { "content-length": rest.length, etag: `"${name}"` };
    const answer = `bytes ${from}-${bytes.length - 1}/${bytes.length}`;
    response.writeHead(from > 0 ? 206 : 200, from > 0 ? { ...headers, "content-range": answer } : headers);
    const { cut } = hub;
    if (cut === undefined || cut.file !== name || cut.times === 0) return void response.end(rest);
    cut.times--;
    // The client is left the time to read what was sent: a reset would take it away.
    response.write(rest.subarray(0, cut.afterBytes), () => setTimeout(() => response.destroy(), 50));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const hub: TestHub = { url, requests, files, cut: undefined };
  return hub;
}

/** Large files have a SHA-256, small ones the hash of their blob in Git. */
function entryOf(path: string, bytes: Buffer): unknown {
  const oid = createHash("sha1").update(`blob ${bytes.length}\0`).update(bytes).digest("hex");
  const lfs = { oid: sha256(bytes), size: bytes.length };
  return { type: "file", path, size: bytes.length, oid, ...(path.endsWith(".safetensors") && { lfs }) };
}

export function sha256(bytes: Buffer): string {
  return createHash("sha256").update(bytes).digest("hex");
}
