import { basename } from "node:path";
import { placeInXclbin } from "@aiekit/xclbin";
import type { CommandContext } from "./command-context.ts";
import { type Difference, descriptionDiff, differenceLine, differenceLines } from "./description-diff.ts";
import { type ExitCode, exitCodes } from "./exit-codes.ts";
import { describeFile } from "./file-description.ts";
import { printValue } from "./print-value.ts";

interface NamedFile {
  readonly file: string;
  readonly bytes: Uint8Array;
}

/** Prints what differs first and where, then the rest; exit code 1 where something does. */
export function printFileDiff(context: CommandContext, a: NamedFile, b: NamedFile): ExitCode {
  const at = firstDifference(a.bytes, b.bytes);
  const names = [a.file, b.file] as const;
  if (at === undefined) {
    printValue(context, { files: names, equal: true, differences: [] }, [
      `${names.join(" and ")} are equal byte for byte`,
    ]);
    return exitCodes.ok;
  }
  const options = { brief: false, writes: false };
  const [left, right] = [a, b].map(({ file, bytes }) => describeFile(bytes, basename(file), options));
  const isSameKind = left!.kind === right!.kind;
  const differences: readonly Difference[] = isSameKind
    ? descriptionDiff(left!.value, right!.value)
    : [{ where: "kind", a: left!.kind, b: right!.kind }];
  const isXclbin = isSameKind && left!.kind === "xclbin";
  const place = isXclbin ? placeInXclbin(a.bytes, at, basename(a.file)) : undefined;
  const first = differences[0];
  const head =
    first === undefined
      ? "everything that is interpreted is equal; they differ in padding, in parts of unknown kinds, or in how it is written"
      : `first difference: ${differenceLine(first).trim()}`;
  printValue(context, { files: names, equal: false, firstByte: { at, place }, differences }, [
    `${names[0]} -> ${names[1]}: ${head}`,
    `first differing byte: ${at}${place === undefined ? "" : `, ${place}`}`,
    ...(differences.length > 1 ? [`${differences.length} differences:`, ...differenceLines(differences)] : []),
  ]);
  return exitCodes.failed;
}

function firstDifference(a: Uint8Array, b: Uint8Array): number | undefined {
  const length = Math.max(a.length, b.length);
  for (let at = 0; at < length; at++) if (a[at] !== b[at]) return at;
  return undefined;
}
