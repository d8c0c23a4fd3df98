import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { ToolError, ToolMissingError } from "@aiekit/core";
import { writeFileAtomic } from "../../cache/atomic-write.ts";
import { sha256 } from "../../cache/sha256.ts";
import { runTool } from "../../drivers/run-tool.ts";

/** What is known of a program or folder after it was asked or read once. */
export interface ToolFacts {
  /** One line that tells this build of the tool from others. */
  readonly version: string;
  /** All that `--version` printed; empty for folders. */
  readonly versionText: string;
  /** What `--help` printed; empty for programs that are not asked. */
  readonly help: string;
}

/** Answers of tools, kept in a file by path, size and time of change: asking a tool takes longer than a build without changes. */
export interface ToolFactsMemo {
  /** @throws ToolMissingError for a program that cannot be started or does not answer. */
  program(path: string, questions: { readonly help: boolean }): Promise<ToolFacts>;
  /** What `ask` finds out by starting the program; what it throws is not kept. */
  readonly answer: (path: string, ask: () => Promise<string>) => Promise<string>;
  /** SHA-256 of a program's file. */
  readonly hash: (path: string) => Promise<string>;
  /** Version of the headers in a folder: a hash of their content. */
  folder(path: string): Promise<ToolFacts>;
  /** Writes what is new. */
  save(): Promise<void>;
}

interface MemoEntry extends ToolFacts {
  readonly signature: string;
}

export async function openToolFacts(file: string): Promise<ToolFactsMemo> {
  const known = new Map(Object.entries(await readMemo(file)));
  let changed = false;
  async function remember(key: string, signature: string, find: () => Promise<ToolFacts>): Promise<ToolFacts> {
    const entry = known.get(key);
    if (entry?.signature === signature) return entry;
    const facts = await find();
    known.set(key, { ...facts, signature });
    changed = true;
    return facts;
  }
  return {
    async program(path, { help }) {
      const { size, mtimeMs } = await stat(path);
      return remember(`${path}${help ? " --help" : ""}`, `${size} ${mtimeMs}`, async () => {
        const [version, helpText] = await Promise.all([ask(path, "--version"), help ? ask(path, "--help") : ""]);
        return { version: versionLine(version), versionText: version, help: helpText };
      });
    },
    async answer(path, ask) {
      const { size, mtimeMs } = await stat(path);
      const find = async (): Promise<ToolFacts> => ({ version: await ask(), versionText: "", help: "" });
      return (await remember(`${path} asked`, `${size} ${mtimeMs}`, find)).version;
    },
    async hash(path) {
      const { size, mtimeMs } = await stat(path);
      const find = async (): Promise<ToolFacts> => ({ version: await fileHash(path), versionText: "", help: "" });
      return (await remember(`${path} sha256`, `${size} ${mtimeMs}`, find)).version;
    },
    async folder(path) {
      const files = await listFiles(path);
      const signature = sha256(JSON.stringify(files));
      return remember(path, signature, async () => ({
        version: await contentHash(path, files),
        versionText: "",
        help: "",
      }));
    },
    async save() {
      if (changed) await writeFileAtomic(file, JSON.stringify(Object.fromEntries(known)));
    },
  };
}

/** A memo that cannot be read costs time only. */
async function readMemo(file: string): Promise<Record<string, MemoEntry>> {
  try {
    const memo = JSON.parse(await readFile(file, "utf8")) as Record<string, MemoEntry>;
    const entries = Object.entries(memo);
    return Object.fromEntries(
      entries.filter(([, e]) => [e?.version, e?.versionText, e?.help].every((text) => typeof text === "string")),
    );
  } catch {
    return {};
  }
}

const askTimeoutMs = 20_000;

async function ask(program: string, question: string): Promise<string> {
  try {
    return await runTool({ program, args: [question], stage: `${program} ${question}`, timeoutMs: askTimeoutMs });
  } catch (error) {
    // Some tools print their version or help and return an error code.
    if (error instanceof ToolError && error.failure.exitCode !== undefined) return error.failure.stderr;
    if (error instanceof ToolError) throw new ToolMissingError(error.message, { cause: error });
    throw error;
  }
}

/** The line that tells one build of a tool from another: with a commit in it, else with a number like 21.0.0. */
function versionLine(output: string): string {
  const lines = output.split("\n").map((line) => line.trim());
  const withCommit = lines.find((line) => /\b[0-9a-f]{7,40}\b/.test(line) && /[a-f]/.test(line));
  return withCommit ?? lines.find((line) => /\d+\.\d+/.test(line)) ?? lines.find((line) => line !== "") ?? "no version";
}

interface ListedFile {
  readonly path: string;
  readonly bytes: number;
  readonly changedMs: number;
}

async function listFiles(folder: string): Promise<readonly ListedFile[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const paths = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return Promise.all(
    paths.sort().map(async (path) => {
      const { size, mtimeMs } = await stat(path);
      return { path: path.slice(folder.length + 1), bytes: size, changedMs: mtimeMs };
    }),
  );
}

/** Piece by piece: aie-opt has hundreds of megabytes. */
async function fileHash(path: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const piece of createReadStream(path)) hash.update(piece as Uint8Array);
  return hash.digest("hex");
}

async function contentHash(folder: string, files: readonly ListedFile[]): Promise<string> {
  const hash = createHash("sha256");
  for (const { path, bytes } of files) hash.update(`${path}\n${bytes}\n`).update(await readFile(join(folder, path)));
  return hash.digest("hex").slice(0, 12);
}
