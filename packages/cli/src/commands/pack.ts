import { basename } from "node:path";
import { FormatError, UsageError } from "@aiekit/core";
import type { CdoFiles, Packager, PackagerName } from "@aiekit/tools";
import { isPdi, readCdo, readXclbin } from "@aiekit/xclbin";
import type { Command, CommandContext } from "../command-context.ts";
import { exitCodes } from "../exit-codes.ts";
import { readInput } from "../read-input.ts";
import { formatBytes } from "../table.ts";
import { expectWritable, writeOutput } from "../write-output.ts";

export interface PackOptions {
  /** Three CDO files, or one PDI. */
  readonly files: readonly string[];
  /** A .pdi or an .xclbin. */
  readonly output: string;
  readonly packager: PackagerName;
  readonly device: string | undefined;
  readonly buffers: number;
  readonly kernelName: string;
  readonly instanceName: string;
  /** Where the tools' inputs are kept. */
  readonly keep: string | undefined;
}

const parts = ["elfs", "init", "enable"] as const;

/** `aiekit pack`: CDO files to a PDI or an xclbin, or a PDI to an xclbin. */
export const pack: Command<PackOptions> = async (context, options) => {
  const { output, buffers, kernelName, instanceName } = options;
  const wanted = /\.(pdi|xclbin)$/.exec(output)?.[1];
  if (wanted === undefined) throw new UsageError(`-o ${output}: expected a name that ends in .pdi or .xclbin`);
  const device = wanted === "pdi" ? undefined : requireDevice(options);
  await expectWritable(output, context.cwd);
  const source = await readSource(context, options.files);
  if (wanted === "pdi" && source.pdi !== undefined) throw new UsageError(`${options.files[0]} is a PDI already`);

  const { partitionOf } = await import("@aiekit/tools");
  if (device !== undefined) partitionOf({ device });
  const packager = await openPackager(context, options);
  const { deviceSymbol } = source;
  const pdi = source.pdi ?? (await packager.packPdi({ deviceSymbol, cdo: source.cdo }, context.signal));
  const made =
    device === undefined
      ? pdi
      : await packager.packXclbin(
          { deviceSymbol, pdi, device, kernelName, instanceName, bufferCount: buffers },
          context.signal,
        );
  await writeOutput(output, context.cwd, made);
  print(context, { output, made, packager });
  return exitCodes.ok;
};

type Source = { readonly deviceSymbol: string } & (
  | { readonly pdi: Uint8Array; readonly cdo: undefined }
  | { readonly pdi: undefined; readonly cdo: CdoFiles }
);

async function readSource({ cwd }: CommandContext, files: readonly string[]): Promise<Source> {
  const expected = "expected three CDO files (elfs, init, enable) or one PDI";
  const contents = await Promise.all(files.map((file) => readInput(file, cwd)));
  const [first] = contents;
  const deviceSymbol = /^(\w+?)(?:_aie_cdo_\w+\.bin|\.pdi)$/.exec(basename(files[0] ?? ""))?.[1] ?? "main";
  if (contents.length === 1 && first !== undefined) {
    if (!isPdi(first)) throw new FormatError(`${files[0]}: ${expected}, got one file that is no PDI`);
    return { deviceSymbol, pdi: first, cdo: undefined };
  }
  if (contents.length !== parts.length) throw new UsageError(`${expected}, got ${contents.length} files`);
  // Under the user's names; the packager knows the files by mlir-aie's.
  contents.forEach((bytes, i) => {
    readCdo(bytes, files[i]);
  });
  const order = partOrder(files);
  const [elfs, init, enable] = parts.map((part, i) => contents[order?.indexOf(part) ?? i] ?? new Uint8Array());
  if (!elfs || !init || !enable) throw new UsageError(expected);
  return { deviceSymbol, pdi: undefined, cdo: { elfs, init, enable } };
}

/** What the names say; undefined where they do not say it of each, and the order on the command line counts. */
function partOrder(files: readonly string[]): readonly string[] | undefined {
  const named = files.map((file) => /_(elfs|init|enable)\.\w+$/.exec(file)?.[1] ?? "");
  return parts.every((part) => named.includes(part)) ? named : undefined;
}

function requireDevice({ device, output }: PackOptions): string {
  if (device !== undefined) return device;
  throw new UsageError(`-o ${output}: expected --device, whose columns an xclbin's partition has`, {
    hint: `--device npu1, --device npu2, or a part of one: --device npu1_1col`,
  });
}

async function openPackager(context: CommandContext, { packager, keep }: PackOptions): Promise<Packager> {
  const { findPackagingTools, localToolEnvironment, ownPackager, toolsPackager } = await import("@aiekit/tools");
  if (packager === "own") return ownPackager;
  const { signal, environment } = context;
  const found = await findPackagingTools(localToolEnvironment(environment.variables));
  return toolsPackager({ ...found, folder: keep, signal });
}

interface Packed {
  readonly output: string;
  readonly made: Uint8Array;
  readonly packager: Packager;
}

function print(context: CommandContext, { output, made, packager }: Packed): void {
  const version = output.endsWith(".pdi") ? packager.versions.pdi : packager.versions.xclbin;
  const uuid = output.endsWith(".xclbin") ? readXclbin(made).uuid : undefined;
  if (context.json) {
    const record = { output, bytes: made.length, uuid, packager: packager.name, version };
    context.stdout.write(`${JSON.stringify(record)}\n`);
    return;
  }
  const id = uuid === undefined ? "" : `, uuid ${uuid}`;
  context.stdout.write(`${output}: ${formatBytes(made.length)}${id}, by ${version}\n`);
}
