import type { Dirent } from "node:fs";
import { readdir, stat } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { FormatError, UsageError } from "@aiekit/core";
import { isRecordingName } from "@aiekit/pipeline";

/** A recording that was named, or found in a folder that was. */
export interface Recording {
  /** As the user would name it; `-` is stdin. */
  readonly name: string;
  /** Path of its results below the folder for them, without a format's ending. */
  readonly stem: string;
}

/**
 * Recordings in the order in which they were named; those of a folder by name, with those of its folders. A path that is not
 * there is kept: it fails when its turn comes, and stops no other.
 * @throws FormatError for a folder without recordings, UsageError for stdin twice.
 */
export async function findRecordings(paths: readonly string[], cwd: string): Promise<readonly Recording[]> {
  if (paths.filter((path) => path === "-").length > 1) throw new UsageError("-: stdin can be read once");
  const found: { name: string; place: string }[] = [];
  for (const path of paths) {
    const isFolder = path !== "-" && (await isDirectory(resolve(cwd, path)));
    if (!isFolder) found.push({ name: path, place: path === "-" ? "stdin" : basename(path) });
    else for (const inside of await recordingsIn(path, cwd)) found.push({ name: join(path, inside), place: inside });
  }
  return withStems(found);
}

async function recordingsIn(folder: string, cwd: string): Promise<readonly string[]> {
  const inside = await readdir(resolve(cwd, folder), { recursive: true, withFileTypes: true });
  // A link to a recording is one; links to folders are not followed, as they may lead in a circle.
  const isRecording = async (entry: Dirent) =>
    isRecordingName(entry.name) &&
    (entry.isFile() || (entry.isSymbolicLink() && (await isFileAt(join(entry.parentPath, entry.name)))));
  const kept = await Promise.all(inside.map(isRecording));
  const names = inside
    .filter((_, i) => kept[i])
    .map((entry) => join(entry.parentPath.slice(resolve(cwd, folder).length), entry.name).replace(/^[/\\]/, ""))
    .sort();
  if (names.length > 0) return names;
  throw new FormatError(`${folder}: expected recordings, found none in ${inside.length} file(s) and folder(s)`, {
    hint: "in folders recordings are known by their endings, as .wav or .flac: name others one by one",
  });
}

/** `talk.wav` becomes `talk`; where two would write the same file they keep their endings, and then get numbers. */
function withStems(found: readonly { readonly name: string; readonly place: string }[]): readonly Recording[] {
  const plain = found.map(({ place }) => join(dirname(place), basename(place).replace(/(?<=.)\.[^.]*$/, "")));
  const whole = found.map(({ place }, i) => (isTwice(plain, i) ? place : plain[i]!));
  return found.map(({ name }, i) => {
    const before = whole.slice(0, i).filter((stem) => stem === whole[i]).length;
    return { name, stem: before === 0 ? whole[i]! : `${whole[i]}.${before + 1}` };
  });
}

function isTwice(all: readonly string[], i: number): boolean {
  return all.some((one, other) => other !== i && one === all[i]);
}

function isDirectory(path: string): Promise<boolean> {
  return stat(path).then(
    (info) => info.isDirectory(),
    () => false,
  );
}

function isFileAt(path: string): Promise<boolean> {
  return stat(path).then(
    (info) => info.isFile(),
    () => false,
  );
}
