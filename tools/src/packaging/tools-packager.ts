import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { bootgenArgs, runBootgen } from "../drivers/bootgen.ts";
import { shellCommand } from "../drivers/shell-words.ts";
import { runXclbinutil, xclbinutilArgs } from "../drivers/xclbinutil.ts";
import { checkConfiguration } from "./check-configuration.ts";
import { checkPdi, checkXclbin } from "./check-package.ts";
import { askPackagingTool, type PackagingTool, type PackagingToolName } from "./find-packaging-tools.ts";
import {
  type PackagedDesign,
  type PackageRequest,
  type Packager,
  packageDesign,
  packageFileNames,
} from "./packager.ts";
import { bootgenInputs, xclbinutilInputs } from "./tool-inputs.ts";
import { keptFolder, temporaryFolders, type WorkFolders } from "./work-folders.ts";

export interface PackagingTools {
  /** As found; or paths, which are asked for their versions. */
  readonly bootgen: string | PackagingTool;
  readonly xclbinutil: string | PackagingTool;
  /** Where the tools' inputs and outputs are kept (`--keep`); made where it is not there. */
  readonly folder?: string | undefined;
  /** Without `folder`: where the tools run. Default: temporary folders, which stay only where a tool failed. */
  readonly scratch?: WorkFolders | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * bootgen and xclbinutil. The PDI is reproducible; the xclbin has xclbinutil's random uuid and the time of day.
 * A tool that is not there, or is too old to pack for NPUs, is `missing`: the packager then still tells its commands.
 */
export async function toolsPackager(tools: PackagingTools): Promise<Packager> {
  const { signal: stopped } = tools;
  const state = (name: PackagingToolName): PackagingTool | Promise<PackagingTool> => {
    const tool = tools[name];
    return typeof tool === "string" ? askPackagingTool(name, tool, { signal: stopped }) : tool;
  };
  const [bootgen, xclbinutil] = await Promise.all([state("bootgen"), state("xclbinutil")]);
  const folders = tools.folder === undefined ? (tools.scratch ?? temporaryFolders) : keptFolder(tools.folder);
  return {
    name: "tools",
    versions: { pdi: bootgen.version, xclbin: xclbinutil.version },
    missing: {
      ...(bootgen.missing && { pdi: bootgen.missing }),
      ...(xclbinutil.missing && { xclbin: xclbinutil.missing }),
    },
    toolInputs: { pdi: bootgenInputs, xclbin: xclbinutilInputs },
    packPdi: async ({ deviceSymbol, cdo }, signal = stopped) => {
      if (bootgen.missing) throw bootgen.missing;
      checkConfiguration(deviceSymbol, cdo);
      const names = packageFileNames(deviceSymbol);
      const stage = `pack ${names.pdi}`;
      const inputs = {
        [names.elfs]: cdo.elfs,
        [names.init]: cdo.init,
        [names.enable]: cdo.enable,
        ...bootgenInputs({ deviceSymbol }),
      };
      return folders.use({ name: stage, inputs, output: names.pdi }, async (folder) => {
        await runBootgen({ program: bootgen.program, folder, bif: names.bif, pdi: names.pdi, stage, signal });
        const pdi = await readOutput(folder, names.pdi);
        checkPdi(pdi, { stage, cdo });
        return pdi;
      });
    },
    packXclbin: async (request, signal = stopped) => {
      if (xclbinutil.missing) throw xclbinutil.missing;
      const names = packageFileNames(request.deviceSymbol);
      const stage = `pack ${names.xclbin}`;
      const inputs = { [names.pdi]: request.pdi, ...xclbinutilInputs(request) };
      return folders.use({ name: stage, inputs, output: names.xclbin }, async (folder) => {
        await runXclbinutil({ program: xclbinutil.program, folder, ...names, stage, signal });
        const xclbin = await readOutput(folder, names.xclbin);
        checkXclbin(xclbin, { stage, request });
        return xclbin;
      });
    },
    commands: ({ deviceSymbol }) => {
      const names = packageFileNames(deviceSymbol);
      return {
        pdi: shellCommand([bootgen.program, ...bootgenArgs(names)]),
        xclbin: shellCommand([xclbinutil.program, ...xclbinutilArgs(names)]),
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

async function readOutput(folder: string, name: string): Promise<Uint8Array> {
  const path = join(folder, name);
  // Where the tool made no file the checks of its content say so.
  return existsSync(path) ? new Uint8Array(await readFile(path)) : new Uint8Array();
}
