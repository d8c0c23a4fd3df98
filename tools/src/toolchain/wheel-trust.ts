import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { FormatError, UsageError } from "@aiekit/core";
import { writeFileAtomic } from "../cache/atomic-write.ts";
import type { Receipt } from "./installed-packages.ts";
import type { ToolchainLock } from "./toolchain-lock.ts";

export interface TrustOptions {
  readonly lock: ToolchainLock;
  /** Private folder; hashes that were once believed are kept in it. */
  readonly root: string;
  /** Hashes from the command line. */
  readonly given: readonly string[];
  /** Believe a wheel that nobody vouches for, and hold later downloads against it. */
  readonly trustFirstUse: boolean;
}

/** What a wheel's hash has to be, and who says so; for "first use" without hashes, whatever it is this time. */
interface Trust {
  readonly by: Receipt["trust"];
  readonly hashes: readonly string[];
}

const trustedFile = "trusted.json";

/**
 * What is known of a wheel before it is fetched.
 * @throws UsageError when nobody vouches for it and the caller did not say to believe it.
 */
export async function trustIn(file: string, options: TrustOptions): Promise<Trust> {
  if (options.given.length > 0) return { by: "given", hashes: options.given };
  const locked = options.lock.wheels.find((wheel) => wheel.file === file);
  if (locked?.sha256) return { by: "lock", hashes: [locked.sha256] };
  const before = (await readTrusted(options.root))[file];
  if (before !== undefined) return { by: "first use", hashes: [before] };
  if (options.trustFirstUse) return { by: "first use", hashes: [] };
  const reason =
    locked?.sha256 === null ? `the lock has no hash for it (${locked.sha256Reason})` : "it is not in the lock";
  throw new UsageError(`${file}: nothing to verify it with: ${reason}`, {
    hint: "give its hash from a source you trust: --sha256 HEX; or believe this one and hold later ones against it: --trust-first-use",
  });
}

/** @throws FormatError when the wheel is another than expected. */
export async function requireTrusted(
  file: string,
  sha256: string,
  { trust, root, from }: { readonly trust: Trust; readonly root: string; readonly from: string },
): Promise<void> {
  if (trust.hashes.length === 0) {
    await writeFileAtomic(
      join(root, trustedFile),
      `${JSON.stringify({ ...(await readTrusted(root)), [file]: sha256 }, null, 2)}\n`,
    );
    return;
  }
  if (trust.hashes.includes(sha256)) return;
  const source = { lock: "the lock", given: "--sha256", "first use": "the first time it was installed" }[trust.by];
  throw new FormatError(
    `${file}: expected SHA-256 ${trust.hashes.join(" or ")} (${source}), got ${sha256} from ${from}`,
    {
      hint: "it is another file or was changed on the way: nothing of it was installed. Try its release page or another mirror; if the new file is right, give its hash: --sha256",
    },
  );
}

async function readTrusted(root: string): Promise<Readonly<Record<string, string>>> {
  const path = join(root, trustedFile);
  const text = await readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return "{}";
    throw error;
  });
  try {
    return JSON.parse(text) as Record<string, string>;
  } catch (cause) {
    throw new FormatError(`${path}: not JSON`, {
      cause,
      hint: `remove ${path}: hashes of first uses are lost with it`,
    });
  }
}
