import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";

/** Path of a Chromium on PATH, as distributions name it; undefined where there is none. */
export function findChromium(path = process.env.PATH ?? ""): string | undefined {
  const names = ["chromium", "chromium-browser", "google-chrome"];
  return path
    .split(delimiter)
    .flatMap((folder) => names.map((name) => join(folder, name)))
    .find((file) => existsSync(file));
}

export interface ServedFile {
  readonly type: string;
  readonly body: string | Uint8Array;
}

/** What a page may fetch, by address without the origin. */
export type Served = ReadonlyMap<string, ServedFile>;

interface Visit {
  readonly chromium: string;
  /** Address of the page. */
  readonly page: string;
  readonly served: Served;
  /** The visit ends well when the page posts to this address. */
  readonly endsAt: string;
  /** The visit fails with what the page posts to this address. */
  readonly failsAt: string;
  readonly limitMs: number;
}

/**
 * Opens a page in a headless Chromium of its own and returns what the page posted, by address.
 * @throws Error with the page's words, or with Chromium's where it ends or the time is over.
 */
export async function visit(options: Visit): Promise<ReadonlyMap<string, Uint8Array>> {
  const posted = new Map<string, Uint8Array>();
  let settle: (failure?: Error) => void = () => undefined;
  const ended = new Promise<void>((resolve, reject) => {
    settle = (failure) => (failure ? reject(failure) : resolve());
  });
  const server = createServer(async (request, response) => {
    const address = request.url ?? "/";
    if (request.method === "POST") {
      posted.set(address, await bodyOf(request));
      response.writeHead(204).end();
      if (address === options.endsAt) settle();
      if (address === options.failsAt) settle(new Error(`page: ${Buffer.from(posted.get(address)!)}`));
      return;
    }
    const found = options.served.get(address);
    response.writeHead(found ? 200 : 404, { "content-type": found?.type ?? "text/plain" }).end(found?.body);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const profile = await mkdtemp(join(tmpdir(), "aiekit-chromium-"));
  const { port } = server.address() as AddressInfo;
  const browser = start(options.chromium, profile, `http://127.0.0.1:${port}${options.page}`);
  browser.died.then((words) => settle(new Error(`${options.chromium} ended: ${words}`)));
  const timer = setTimeout(() => settle(new Error(`page: silent for ${options.limitMs} ms`)), options.limitMs);
  try {
    await ended;
    return posted;
  } finally {
    clearTimeout(timer);
    browser.kill();
    await browser.died;
    server.closeAllConnections();
    server.close();
    await rm(profile, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  }
}

function start(chromium: string, profile: string, url: string) {
  // Without its sandbox, which root and containers cannot have: the page is ours.
  const words = ["--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-dev-shm-usage"];
  const child = spawn(chromium, [...words, `--user-data-dir=${profile}`, url], {
    stdio: ["ignore", "ignore", "pipe"],
    // A group of its own: its renderers end with it.
    detached: true,
  });
  let text = "";
  child.stderr.on("data", (chunk: Buffer) => {
    text = (text + chunk).slice(-2000);
  });
  const died = new Promise<string>((resolve) => {
    child.on("error", (error) => resolve(error.message));
    child.on("exit", () => resolve(text));
  });
  const kill = () => {
    if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, "SIGKILL");
  };
  return { died, kill };
}

async function bodyOf(request: IncomingMessage): Promise<Uint8Array> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}
