import { stat } from "node:fs/promises";
import { join } from "node:path";
import { checkModelFolder } from "@aiekit/pipeline";
import { sha256OfFile } from "@aiekit/tools";
import { readReceipt } from "./model-receipt.ts";

interface ModelVerdict {
  readonly folder: string;
  /** Files held against the hashes that they had when they came; 0 for a folder without a receipt. */
  readonly hashed: number;
  readonly problems: readonly string[];
}

/** Holds a model's files against their hashes, and the folder against what a model needs. */
export async function verifyModel(folder: string, signal: AbortSignal): Promise<ModelVerdict> {
  const receipt = await readReceipt(folder);
  const files = Object.entries(receipt?.files ?? {});
  const problems: string[] = [];
  for (const [file, { bytes, sha256 }] of files) {
    const path = join(folder, file);
    const size = await stat(path).then(
      (info) => info.size,
      () => undefined,
    );
    // A file that is missing is told by the folder's own check.
    if (size === undefined) continue;
    if (size !== bytes) problems.push(`${file}: expected ${bytes} B, got ${size} B`);
    else if ((await sha256OfFile(path, signal)) !== sha256)
      problems.push(`${file}: not the bytes that came: another SHA-256`);
  }
  problems.push(...(await checkModelFolder(folder)));
  return { folder, hashed: files.length, problems };
}
