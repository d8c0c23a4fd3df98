import { join } from "node:path";
import { type AiekitError, ToolError } from "@aiekit/core";
import { writeFileAtomic } from "../../cache/atomic-write.ts";
import { shellWord } from "../../drivers/shell-words.ts";
import type { FoundPackagingTools, PackagingTool } from "../../packaging/find-packaging-tools.ts";
import { ownPackager } from "../../packaging/own-packager.ts";
import { type Packager, packageFileNames } from "../../packaging/packager.ts";
import { toolsPackager } from "../../packaging/tools-packager.ts";
import type { WorkFolders } from "../../packaging/work-folders.ts";
import { inScratch, type ScratchFolders } from "./scratch-folder.ts";

interface BuildPackagerSource {
  /** bootgen and xclbinutil; undefined where this program packs by itself. */
  readonly packaging: FoundPackagingTools | undefined;
  readonly scratch: ScratchFolders;
  /** Of this program, which writes what the tools are given, or all of it. */
  readonly codeVersion: string;
}

/** The packager as steps of a build have it: its tools run in scratch folders, and its commands are those of a pasted plan. */
export async function buildPackager({ packaging, scratch, codeVersion }: BuildPackagerSource): Promise<Packager> {
  const packager =
    packaging === undefined ? ownPackager : await toolsPackager({ ...packaging, scratch: scratchWork(scratch) });
  const { versions, name } = packager;
  const version = (own: string, tool: PackagingTool | undefined): string =>
    [own, tool?.sha256, codeVersion].filter((part) => part !== undefined).join(", ");
  return {
    ...packager,
    versions: {
      pdi: version(versions.pdi, packaging?.bootgen),
      xclbin: version(versions.xclbin, packaging?.xclbinutil),
    },
    commands: (request) => {
      const { elfs, init, enable, bif, pdi, xclbin } = packageFileNames(request.deviceSymbol);
      const design = `${request.device} ${request.bufferCount}`;
      if (name === "own") {
        return {
          pdi: `step pdi ${elfs} ${init} ${enable} -o ${pdi}`,
          xclbin: `step xclbin ${pdi} ${design} -o ${xclbin}`,
        };
      }
      // Not `&&`, behind which a shell's `set -e` does not see the first of the two fail.
      const commands = packager.commands(request);
      return {
        pdi: `step bif -o ${bif}; ${commands.pdi}`,
        xclbin: `step xclbinutil-json ${pdi} ${design}; ${commands.xclbin}`,
      };
    },
  };
}

/** Folders of the build's steps for a packager's tools. */
function scratchWork(scratch: ScratchFolders): WorkFolders {
  return {
    use: ({ name, inputs }, work) =>
      inScratch(scratch, { step: name, files: new Map(Object.entries(inputs)), work, explain: keptFailure }),
  };
}

/** The failure with the folder that was kept, and for a tool the command that can be run there. */
async function keptFailure(error: AiekitError, kept: string, path: string): Promise<AiekitError> {
  if (!(error instanceof ToolError)) {
    error.message = `${error.message}\nfiles of the step: ${kept}`;
    return error;
  }
  const logPath = join(kept, "output.log");
  await writeFileAtomic(logPath, `${error.failure.stderr}\n`);
  const command = error.failure.command.replace(`cd ${shellWord(path)} `, `cd ${shellWord(kept)} `);
  return new ToolError(
    { ...error.failure, command, logPath },
    { cause: error, ...(error.hint && { hint: error.hint }) },
  );
}
