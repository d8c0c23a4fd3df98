import { randomBytes } from "node:crypto";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { InstallEvent, InstallRequest } from "./install-wheels.ts";
import type { LockedWheel } from "./toolchain-lock.ts";
import { sha256Of, wheelOf } from "./wheel.test-support.ts";
import { WheelServer } from "./wheel-server.test-support.ts";

export const name = "llvm_aie";
export const version = "21.0.0.2026080301+c9c5ecb7";
export const file = `${name}-${version}-py3-none-manylinux_2_27_x86_64.manylinux_2_28_x86_64.whl`;
/** Random bytes do not deflate, so that a connection can be cut in the middle of them. */
export const wheel = wheelOf({
  name,
  version,
  entries: [
    { name: "llvm-aie/bin/llc", content: "#!/bin/sh\n", mode: 0o100755 },
    { name: "llvm-aie/lib/data", content: randomBytes(200_000) },
  ],
});

/** What the lock says of `wheel`. */
export function locked(urls: readonly string[], sha256: string | null = sha256Of(wheel)): LockedWheel {
  const hash = sha256 === null ? { sha256, sha256Reason: "not published" } : { sha256, sha256From: "the test" };
  return {
    name,
    version,
    supported: { from: "19.0.0", before: "23.0.0" },
    licence: "Apache-2.0",
    project: "https://example.org",
    releases: "https://example.org/releases",
    programs: ["llc"],
    file,
    urls,
    ...hash,
  };
}

/** A folder to install into and a server to install from. */
export class InstallBench {
  readonly root: string;
  readonly server: WheelServer;
  readonly events: InstallEvent[] = [];

  private constructor(root: string, server: WheelServer) {
    this.root = root;
    this.server = server;
  }

  static async open(): Promise<InstallBench> {
    return new InstallBench(await mkdtemp(join(tmpdir(), "aiekit-install-")), await WheelServer.open());
  }

  async close(): Promise<void> {
    await this.server.close();
    await rm(this.root, { recursive: true });
  }

  get toolchain(): string {
    return join(this.root, "toolchain");
  }

  request(wheels: readonly LockedWheel[], changes: Partial<InstallRequest> = {}): InstallRequest {
    return {
      lock: { wheels, others: [], debian: [] },
      root: this.toolchain,
      packages: [],
      wheels: [],
      given: [],
      trustFirstUse: false,
      force: false,
      host: { platform: "linux", arch: "x64", glibc: "2.36" },
      env: {},
      freeBytes: async () => 1e12,
      pause: async () => {},
      stallMs: 2000,
      onEvent: (event) => this.see(event),
      ...changes,
    };
  }

  see(event: InstallEvent): void {
    this.events.push(event);
    if (event.kind === "download") this.server.receivedBytes = event.doneBytes;
  }

  /** Kinds of the events so far, each once. */
  kinds(): readonly string[] {
    return [...new Set(this.events.map(({ kind }) => kind))];
  }

  /** Everything in the private folder that is not an installed package. */
  async leftovers(): Promise<readonly string[]> {
    const names = await readdir(this.toolchain, { recursive: true }).catch(() => []);
    return names.filter((path) => /\.tmp|\.part|\.old/.test(path));
  }
}
