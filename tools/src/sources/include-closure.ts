import { posix } from "node:path";
import { UsageError } from "@aiekit/core";

/** Texts by path, as the compiler sees them: `kernels/mel/mel.cc`, `include/aie_api/aie.hpp`. */
export interface SourceTree {
  /** Undefined where there is no such file. */
  read(path: string): Promise<string | undefined>;
  /** Folders searched for includes, after the including file's own for `"..."`. */
  readonly includeFolders: readonly string[];
}

/**
 * The sources and every header they can reach by `#include`, path -> text. Conditions are not evaluated, so this is what
 * any set of defines may need; names that the tree does not have belong to the compiler.
 * @throws UsageError for a source that is not there and for an include that names a macro.
 */
export async function includeClosure(
  sources: readonly string[],
  tree: SourceTree,
): Promise<ReadonlyMap<string, string>> {
  const reached = new Map<string, string>();
  const open = [...sources];
  for (const source of sources) {
    if ((await tree.read(source)) === undefined) throw new UsageError(`${source}: no such file`);
  }
  for (let path = open.pop(); path !== undefined; path = open.pop()) {
    if (reached.has(path)) continue;
    const text = await tree.read(path);
    if (text === undefined) continue;
    reached.set(path, text);
    for (const name of includeNames(text, path)) {
      const found = await resolveInclude({ ...name, from: path, tree });
      if (found !== undefined) open.push(found);
    }
  }
  return new Map([...reached].sort(([a], [b]) => (a < b ? -1 : 1)));
}

interface IncludeName {
  readonly name: string;
  readonly quoted: boolean;
}

function includeNames(text: string, path: string): IncludeName[] {
  const names: IncludeName[] = [];
  for (const match of text.matchAll(/^[ \t]*#[ \t]*include\b[ \t]*(?:"([^"\n]+)"|<([^>\n]+)>|(\w+))/gm)) {
    const [, quoted, angled, macro] = match;
    if (macro !== undefined) {
      const line = text.slice(0, match.index).split("\n").length;
      throw new UsageError(`${path}:${line}: #include ${macro}: expected a file name, got a macro`, {
        hint: "name the header, so that the build knows what to watch and when to compile again",
      });
    }
    names.push({ name: quoted ?? angled ?? "", quoted: quoted !== undefined });
  }
  return names;
}

async function resolveInclude(
  query: IncludeName & { readonly from: string; readonly tree: SourceTree },
): Promise<string | undefined> {
  const { name, quoted, from, tree } = query;
  const folders = quoted ? [posix.dirname(from), ...tree.includeFolders] : tree.includeFolders;
  for (const folder of folders) {
    const path = posix.join(folder, name);
    if ((await tree.read(path)) !== undefined) return path;
  }
  return undefined;
}
