import { ToolError, ToolMissingError } from "@aiekit/core";
import { howToGet } from "../toolchain/find-tools.ts";
import { runTool } from "./run-tool.ts";
import { type KnownMessage, withCure, withHint } from "./tool-hint.ts";

/** A new xclbin of a PDI and three JSON files. */
interface XclbinutilCall {
  readonly program: string;
  /** Where it runs; the names below are in it. */
  readonly folder: string;
  readonly memTopology: string;
  readonly kernels: string;
  /** Names the PDI, relative to its own folder. */
  readonly aiePartition: string;
  /** Overwritten where it exists. */
  readonly xclbin: string;
  readonly stage: string;
  readonly signal?: AbortSignal | undefined;
}

type Files = Pick<XclbinutilCall, "memTopology" | "kernels" | "aiePartition" | "xclbin">;

const timeoutMs = 120_000;
/** First release that packs kernels for NPUs (AIE_PARTITION 2.14, kernel ids 2.15). Source: history of XRT. */
const oldestUsable = [2, 15] as const;

// xclbinutil 2.25, as run.
const knownMessages: readonly KnownMessage[] = [
  {
    says: /Memory tag '.*' not found in the MEM_TOPOLOGY section/,
    hint: "give MEM_TOPOLOGY with this tag in the same call; memory-connection in kernels.json refers to its m_tag",
  },
  {
    says: /Kernel name already exists in the EMBEDDED_METADATA section/,
    hint: "a second kernel of an xclbin needs another name, kernel id and PDI uuid",
  },
  {
    says: /Missing start columns for the AIE partition|Missing AIE partition column width/,
    hint: "partition.start_columns needs at least one column, column_width 1 to 65535; older aiecc leave the list empty for 5 to 7 columns",
  },
  {
    says: /Unable to open the file for reading/,
    hint: "file_name of a PDI is relative to the folder of the JSON file that names it",
  },
  {
    says: /AIE_PARTITION section in the xclbin is not compliant with IP_LAYOUT/,
    hint: "dpu_kernel_ids of the partition must hold the dpu_kernel_id of kernels.json",
  },
  {
    says: /Partition section already exists|Section 'AIE_PARTITION' .*already exists/,
    hint: "use --add-replace-section",
  },
  {
    says: /output file already exists on disk/,
    hint: "give xclbinutil --force, which overwrites",
  },
  {
    says: /exceeds the allocated space/,
    hint: "kernel:instance takes 63 characters, a memory tag 15",
  },
];

/** --add-kernel makes EMBEDDED_METADATA, IP_LAYOUT, CONNECTIVITY and both GROUP sections. */
export function xclbinutilArgs({ memTopology, kernels, aiePartition, xclbin }: Files): readonly string[] {
  return [
    ...["--add-replace-section", `MEM_TOPOLOGY:JSON:${memTopology}`],
    ...["--add-kernel", kernels],
    ...["--add-replace-section", `AIE_PARTITION:JSON:${aiePartition}`],
    ...["--force", "--quiet", "--output", xclbin],
  ];
}

/**
 * Its exit code is 0 also for an empty PDI, a kernel without instance or kernel id, and an uuid that is none: the file is
 * to be read back. @throws ToolError with xclbinutil's own words, ToolMissingError, AbortedError.
 */
export async function runXclbinutil(call: XclbinutilCall): Promise<void> {
  const { program, folder, stage, signal } = call;
  const question = { program, args: xclbinutilArgs(call), cwd: folder, stage, signal };
  await withHint(knownMessages, () => ask(question));
}

/**
 * `2.25.00`.
 * @throws ToolMissingError for the wrapper of Debian 12 and 13, which has no program behind it, and for releases that cannot
 * pack for NPUs.
 */
export async function xclbinutilVersion(program: string, signal?: AbortSignal): Promise<string> {
  const stage = "version of xclbinutil";
  const printed = await ask({ program, args: ["--version"], stage, signal });
  const version = /XRT Build Version:\s*(\d+)\.(\d+)(\S*)/.exec(printed);
  if (version === null) {
    throw new ToolMissingError(`${stage}: ${program}: expected "XRT Build Version: ...", got ${printed.trim()}`, {
      hint,
    });
  }
  const [, major = "", minor = "", patch = ""] = version;
  const [needMajor, needMinor] = oldestUsable;
  if (Number(major) < needMajor || (Number(major) === needMajor && Number(minor) < needMinor)) {
    throw new ToolMissingError(
      `${stage}: ${program}: expected ${needMajor}.${needMinor} or later, which packs kernels for NPUs, got ${major}.${minor}`,
      { hint },
    );
  }
  return `${major}.${minor}${patch}`;
}

const hint = `${howToGet.xrt}; without --packager tools it is not needed`;

interface Question {
  readonly program: string;
  readonly args: readonly string[];
  readonly cwd?: string;
  readonly stage: string;
  readonly signal?: AbortSignal | undefined;
}

async function ask(question: Question): Promise<string> {
  try {
    return await withCure(hint, () => runTool({ ...question, timeoutMs }));
  } catch (error) {
    if (!(error instanceof ToolError && error.failure.stderr.includes("unwrapped/xclbinutil"))) throw error;
    throw new ToolMissingError(`${question.stage}: ${question.program} is only a wrapper: no program is behind it`, {
      hint,
      cause: error,
    });
  }
}
