import { readFile, rm, utimes } from "node:fs/promises";
import { join } from "node:path";
import type { StepOutputs } from "../plan/step.ts";
import { writeFileAtomic } from "./atomic-write.ts";
import { sha256 } from "./sha256.ts";

/** Results of steps by key. What does not match its hash is told and thrown away: a damaged cache costs time only. */
export interface StepCache {
  load(key: string): Promise<StepOutputs | undefined>;
  save(key: string, outputs: StepOutputs): Promise<void>;
}

interface StepCacheOptions {
  /** Is told which entry is not as it was written, with both hashes, before it is thrown away. */
  readonly onDamaged?: (what: string) => void;
}

/**
 * A cache in a folder, one file a result: the hash of the rest, a line of JSON (names and sizes of the outputs), their
 * bytes. One file means that a result is there wholly or not at all.
 */
export function openStepCache(root: string, { onDamaged = () => {} }: StepCacheOptions = {}): StepCache {
  const pathOf = (key: string): string => join(root, key.slice(0, 2), key);
  return {
    async load(key) {
      let file: Buffer;
      try {
        file = await readFile(pathOf(key));
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
        throw error;
      }
      const outputs = decodeEntry(file, key);
      if (outputs !== undefined) {
        await markUsed(pathOf(key));
        return outputs;
      }
      onDamaged(`${pathOf(key)}: ${damageOf(file)}: the result of a step was changed after it was kept`);
      await rm(pathOf(key), { force: true });
      return undefined;
    },
    async save(key, outputs) {
      await writeFileAtomic(pathOf(key), encodeEntry(key, outputs));
    },
  };
}

/** The cache as a build sees it that is to run every step: nothing is in it, results are kept. */
export function writeOnly(cache: StepCache): StepCache {
  return { load: async () => undefined, save: cache.save };
}

/** The time of change is the time of last use, for `pruneStepCache`. A cache that cannot be written serves all the same. */
async function markUsed(path: string): Promise<void> {
  const now = new Date();
  await utimes(path, now, now).catch(() => undefined);
}

interface EntryHeader {
  readonly key: string;
  readonly outputs: readonly { readonly name: string; readonly bytes: number }[];
}

/** Hexadecimal digits of a SHA-256, which the file starts with: the hash of all that follows. */
const hashDigits = 64;

function encodeEntry(key: string, outputs: StepOutputs): Uint8Array {
  const header: EntryHeader = {
    key,
    outputs: [...outputs].map(([name, bytes]) => ({ name, bytes: bytes.byteLength })),
  };
  const content = Buffer.concat([Buffer.from(`${JSON.stringify(header)}\n`), ...outputs.values()]);
  return Buffer.concat([Buffer.from(sha256(content)), content]);
}

/** What the entry says of itself, and what it is. */
function damageOf(file: Buffer): string {
  const claimed = file.toString("latin1", 0, hashDigits);
  const found = sha256(file.subarray(hashDigits));
  if (claimed === found) return "expected another key: the entry is that of another step";
  return `expected sha256 ${JSON.stringify(claimed)} (its first ${hashDigits} bytes), got ${found} of the rest`;
}

/** The outputs in the entry; undefined when anything about it is not as it was written. */
function decodeEntry(file: Buffer, key: string): StepOutputs | undefined {
  const content = file.subarray(hashDigits);
  if (file.toString("latin1", 0, hashDigits) !== sha256(content)) return undefined;
  const lineEnd = content.indexOf("\n");
  const header = JSON.parse(content.toString("utf8", 0, lineEnd)) as EntryHeader;
  if (header.key !== key) return undefined;
  const outputs = new Map<string, Uint8Array>();
  let offset = lineEnd + 1;
  for (const { name, bytes } of header.outputs) {
    outputs.set(name, content.subarray(offset, offset + bytes));
    offset += bytes;
  }
  return outputs;
}
