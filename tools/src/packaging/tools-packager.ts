import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { ToolMissingError } from "@aiekit/core";
import { bootgenArgs, bootgenVersion, runBootgen } from "../drivers/bootgen.ts";
import { shellCommand } from "../drivers/shell-words.ts";
import { runXclbinutil, xclbinutilArgs, xclbinutilVersion } from "../drivers/xclbinutil.ts";
import { checkConfiguration } from "./check-configuration.ts";
import { checkPdi, checkXclbin } from "./check-package.ts";
import {
  type PackagedDesign,
  type PackageRequest,
  type Packager,
  packageDesign,
  packageFileNames,
} from "./packager.ts";
import { aiePartitionJson, designBif, kernelsJson, memTopologyJson } from "./tool-inputs.ts";

export interface PackagingTools {
  /** Paths, or names to be found on PATH. */
  readonly bootgen: string;
  readonly xclbinutil: string;
  /**
   * Where the tools' inputs and outputs are kept (`--keep`); made where it is not there. Without it they lie in a temporary
   * folder, which stays only where a tool failed.
   */
  readonly folder?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * bootgen and xclbinutil. The PDI is reproducible; the xclbin has xclbinutil's random uuid and the time of day.
 * A tool that is not there, or is too old to pack for NPUs, is `missing`: the packager then still tells its commands.
 */
export async function toolsPackager(tools: PackagingTools): Promise<Packager> {
  const [bootgen, xclbinutil] = await Promise.all([
    versionOf("bootgen", bootgenVersion(tools.bootgen, tools.signal)),
    versionOf("xclbinutil", xclbinutilVersion(tools.xclbinutil, tools.signal)),
  ]);
  return {
    name: "tools",
    versions: { pdi: bootgen.version, xclbin: xclbinutil.version },
    missing: {
      ...(bootgen.missing && { pdi: bootgen.missing }),
      ...(xclbinutil.missing && { xclbin: xclbinutil.missing }),
    },
    packPdi: async ({ deviceSymbol, cdo }, signal = tools.signal) => {
      if (bootgen.missing) throw bootgen.missing;
      checkConfiguration(deviceSymbol, cdo);
      const names = packageFileNames(deviceSymbol);
      const stage = `pack ${names.pdi}`;
      const inputs = {
        [names.elfs]: cdo.elfs,
        [names.init]: cdo.init,
        [names.enable]: cdo.enable,
        [names.bif]: designBif(deviceSymbol),
      };
      return inFolder({ folder: tools.folder, inputs, output: names.pdi }, async (folder) => {
        await runBootgen({ program: tools.bootgen, folder, bif: names.bif, pdi: names.pdi, stage, signal });
        const pdi = await readOutput(folder, names.pdi);
        checkPdi(pdi, { stage, cdo });
        return pdi;
      });
    },
    packXclbin: async (request, signal = tools.signal) => {
      if (xclbinutil.missing) throw xclbinutil.missing;
      const names = packageFileNames(request.deviceSymbol);
      const stage = `pack ${names.xclbin}`;
      const inputs = {
        [names.pdi]: request.pdi,
        [names.memTopology]: memTopologyJson(),
        [names.kernels]: kernelsJson(request),
        [names.aiePartition]: aiePartitionJson(request),
      };
      return inFolder({ folder: tools.folder, inputs, output: names.xclbin }, async (folder) => {
        await runXclbinutil({ program: tools.xclbinutil, folder, ...names, stage, signal });
        const xclbin = await readOutput(folder, names.xclbin);
        checkXclbin(xclbin, { stage, request });
        return xclbin;
      });
    },
    commands: ({ deviceSymbol }) => {
      const names = packageFileNames(deviceSymbol);
      return {
        pdi: shellCommand([tools.bootgen, ...bootgenArgs(names)]),
        xclbin: shellCommand([tools.xclbinutil, ...xclbinutilArgs(names)]),
      };
    },
  };
}

/** As `packageOwn`, by bootgen and xclbinutil. @throws ToolMissingError where one of them is missing. */
export async function packageWithTools(request: PackageRequest, tools: PackagingTools): Promise<PackagedDesign> {
  const packager = await toolsPackager(tools);
  const missing = packager.missing.pdi ?? packager.missing.xclbin;
  if (missing) throw missing;
  return packageDesign(packager, request, tools.signal);
}

interface ToolVersion {
  readonly version: string;
  readonly missing: ToolMissingError | undefined;
}

async function versionOf(tool: string, asked: Promise<string>): Promise<ToolVersion> {
  try {
    return { version: `${tool} ${await asked}`, missing: undefined };
  } catch (error) {
    if (!(error instanceof ToolMissingError)) throw error;
    return { version: `${tool} missing`, missing: error };
  }
}

interface FolderWork {
  readonly folder: string | undefined;
  /** Content by file name. */
  readonly inputs: Readonly<Record<string, string | Uint8Array>>;
  readonly output: string;
}

/** Lays the inputs out, and takes away an output of before, which would pass for the tool's where it writes none. */
async function inFolder<T>({ folder, inputs, output }: FolderWork, run: (folder: string) => Promise<T>): Promise<T> {
  const place = folder === undefined ? await mkdtemp(join(tmpdir(), "aiekit-pack-")) : resolve(folder);
  await mkdir(place, { recursive: true });
  await Promise.all(Object.entries(inputs).map(([name, content]) => writeFile(join(place, name), content)));
  await rm(join(place, output), { force: true });
  const result = await run(place);
  if (folder === undefined) await rm(place, { recursive: true });
  return result;
}

async function readOutput(folder: string, name: string): Promise<Uint8Array> {
  const path = join(folder, name);
  // Where the tool made no file the checks of its content say so.
  return existsSync(path) ? new Uint8Array(await readFile(path)) : new Uint8Array();
}
