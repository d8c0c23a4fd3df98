import { DeviceError } from "@aiekit/core";
import { connectionsOfKernel } from "./connectivity.ts";
import type { XclbinKernel } from "./embedded-metadata.ts";
import { sectionKindName, sectionKinds } from "./section-kinds.ts";
import type { Xclbin } from "./xclbin.ts";

/** Which reason it is; `lint` has a rule for each. */
type ProblemCode =
  | "metadata-absent"
  | "no-dpu-kernel"
  | "argument-index"
  | "ip-layout-absent"
  | "no-compute-unit"
  | "partition-absent"
  | "no-pdi-for-kernel"
  | "pdi-empty"
  | "column-width"
  | "start-columns"
  | "memory-absent"
  | "argument-unconnected"
  | "bank-unknown";

/** One reason why XRT cannot use an xclbin, or not fully. */
export interface XclbinProblem {
  readonly code: ProblemCode;
  readonly section: string;
  /** What is wrong, with names and numbers. */
  readonly what: string;
  /** XRT's own words for it, which seldom name the section. */
  readonly xrtSays: string;
  readonly hint: string;
}

const noDpuKernel = "No valid DPU kernel found in xclbin (err=22): Invalid argument";
const noBank = "group_id(n) is invalid: no memory bank is connected to the argument";
const addKernelHint =
  "xclbinutil makes it with --add-kernel kernels.json (with EMBEDDED_METADATA, IP_LAYOUT, CONNECTIVITY and both GROUP sections)";

/**
 * Everything that keeps XRT from running an xclbin's kernels on an NPU, in the order in which XRT meets it: the first
 * entry is the one to mend. Empty for a loadable file. One message of XRT hides several causes, told apart here.
 * Source: XRT xrt_xclbin.cpp (init_kernels), xdna-driver src/shim/hwctx.cpp (get_pdi).
 */
export function explainXclbin(xclbin: Xclbin): readonly XclbinProblem[] {
  const dpuKernels = xclbin.kernels.filter(({ type }) => type === "dpu");
  return [
    ...metadataProblems(xclbin, dpuKernels),
    ...dpuKernels.flatMap((kernel) => kernelProblems(xclbin, kernel)),
    ...memoryProblems(xclbin, dpuKernels),
  ];
}

/** @throws DeviceError with the first problem and XRT's words for it, where there is one. */
export function assertLoadable(xclbin: Xclbin): void {
  const [first, ...rest] = explainXclbin(xclbin);
  if (first === undefined) return;
  const more = rest.length === 0 ? "" : ` (and ${rest.length} more: aiekit inspect --explain)`;
  throw new DeviceError(`${xclbin.name}: ${first.section}: ${first.what}; XRT says: "${first.xrtSays}"${more}`, {
    hint: first.hint,
  });
}

function metadataProblems(xclbin: Xclbin, dpuKernels: readonly XclbinKernel[]): XclbinProblem[] {
  const section = sectionKindName(sectionKinds.embeddedMetadata);
  if (!hasSection(xclbin, sectionKinds.embeddedMetadata)) {
    const what = "the section is absent, so there is no kernel";
    return [
      { code: "metadata-absent", section, what, xrtSays: noDpuKernel, hint: addKernelHint },
      ...missingForKernels(xclbin),
    ];
  }
  if (dpuKernels.length > 0) return [];
  const types = xclbin.kernels.map(({ name, type }) => `${name} is "${type}"`).join(", ");
  const what = `expected a kernel of type "dpu", got ${types === "" ? "none" : types}`;
  const hint = 'set "type": "dpu" in kernels.json; an xclbin for FPGAs does not run on an NPU';
  return [{ code: "no-dpu-kernel", section, what, xrtSays: noDpuKernel, hint }];
}

/** Without a kernel nothing says what the other sections should hold, but their absence can be told too. */
function missingForKernels(xclbin: Xclbin): XclbinProblem[] {
  return [sectionKinds.ipLayout, sectionKinds.aiePartition]
    .filter((kind) => !hasSection(xclbin, kind))
    .map(
      (kind): XclbinProblem => ({
        code: kind === sectionKinds.ipLayout ? "ip-layout-absent" : "partition-absent",
        section: sectionKindName(kind),
        what: "the section is absent",
        xrtSays: noDpuKernel,
        hint: kind === sectionKinds.ipLayout ? addKernelHint : partitionHint,
      }),
    );
}

const partitionHint = "add it: xclbinutil --add-section AIE_PARTITION:JSON:aie_partition.json";

function kernelProblems(xclbin: Xclbin, kernel: XclbinKernel): XclbinProblem[] {
  return [...argumentProblems(kernel), ...computeUnitProblems(xclbin, kernel), ...partitionProblems(xclbin, kernel)];
}

function argumentProblems({ name, args }: XclbinKernel): XclbinProblem[] {
  const section = sectionKindName(sectionKinds.embeddedMetadata);
  const wrong = args.findIndex((arg, i) => arg.index !== i);
  if (wrong < 0) return [];
  const what = `kernel ${name}: argument ${args[wrong]!.name}: expected id ${wrong}, got ${args[wrong]!.index}`;
  return [
    {
      code: "argument-index",
      section,
      what,
      xrtSays: "mismatched argument index",
      hint: "number the arguments from 0 without gaps",
    },
  ];
}

function computeUnitProblems(xclbin: Xclbin, { name }: XclbinKernel): XclbinProblem[] {
  const section = sectionKindName(sectionKinds.ipLayout);
  const missing = !hasSection(xclbin, sectionKinds.ipLayout);
  if (!missing && xclbin.ips.some((ip) => ip.name.startsWith(`${name}:`))) return [];
  const found = xclbin.ips.map((ip) => JSON.stringify(ip.name)).join(", ");
  const what = missing
    ? `the section is absent, so kernel ${name} has no compute unit`
    : `expected an entry "${name}:<instance>", got ${found === "" ? "none" : found}`;
  const hint = missing
    ? addKernelHint
    : `declare an instance of ${name}: "instances": [{"name": "..."}] in kernels.json`;
  return [{ code: missing ? "ip-layout-absent" : "no-compute-unit", section, what, xrtSays: noDpuKernel, hint }];
}

function partitionProblems(xclbin: Xclbin, { name, dpuKernelId }: XclbinKernel): XclbinProblem[] {
  const section = sectionKindName(sectionKinds.aiePartition);
  const problem = (code: ProblemCode, what: string, hint: string): XclbinProblem[] => [
    { code, section, what, xrtSays: noDpuKernel, hint },
  ];
  const { partition } = xclbin;
  if (partition === undefined)
    return problem("partition-absent", `the section is absent, so kernel ${name} has no PDI`, partitionHint);
  const id = dpuKernelId ?? 0;
  const serving = partition.pdis.filter((pdi) => pdi.cdoGroups.some((g) => g.dpuKernelIds.includes(BigInt(id))));
  if (serving.length === 0) {
    const ids = partition.pdis.flatMap((pdi) => pdi.cdoGroups.flatMap((group) => group.dpuKernelIds.map(hex)));
    const has = ids.length === 0 ? "none" : ids.join(", ");
    const whose =
      dpuKernelId === undefined ? `${hex(id)} (kernel ${name} has no extended-data)` : `${hex(id)} of ${name}`;
    return problem(
      "no-pdi-for-kernel",
      `expected a PDI for kernel id ${whose}, the PDIs serve ${has}`,
      "make dpu_kernel_id of kernels.json and dpu_kernel_ids of aie_partition.json equal",
    );
  }
  if (serving.every((pdi) => pdi.image.length === 0))
    return problem("pdi-empty", `the PDI of kernel ${name} is empty`, partitionHint);
  if (partition.columnWidth === 0)
    return problem("column-width", "column_width: expected 1 or more, got 0", partitionHint);
  if (partition.startColumns.length === 0)
    return problem("start-columns", "start_columns: expected at least one, got none", partitionHint);
  return [];
}

function memoryProblems(xclbin: Xclbin, kernels: readonly XclbinKernel[]): XclbinProblem[] {
  if (kernels.length === 0) return [];
  const needed = [
    sectionKinds.memTopology,
    sectionKinds.connectivity,
    sectionKinds.groupTopology,
    sectionKinds.groupConnectivity,
  ];
  const absent = needed.filter((kind) => !hasSection(xclbin, kind));
  if (absent.length > 0) {
    const hint = "do not pass --skip-bank-grouping to xclbinutil; add MEM_TOPOLOGY before the kernels";
    return absent.map(
      (kind): XclbinProblem => ({
        code: "memory-absent",
        section: sectionKindName(kind),
        what: "the section is absent",
        xrtSays: noBank,
        hint,
      }),
    );
  }
  return kernels.flatMap((kernel) => unconnectedProblems(xclbin, kernel));
}

function unconnectedProblems(xclbin: Xclbin, { name, args }: XclbinKernel): XclbinProblem[] {
  const section = sectionKindName(sectionKinds.connectivity);
  const connected = connectionsOfKernel(name, xclbin.ips, xclbin.connections);
  const hint = 'give the argument a "memory-connection" to a tag of MEM_TOPOLOGY in kernels.json';
  return args.flatMap((arg): XclbinProblem[] => {
    if (arg.qualifier !== "GLOBAL") return [];
    const banks = connected.get(arg.index) ?? [];
    if (banks.some(({ memoryIndex }) => xclbin.memory[memoryIndex] !== undefined)) return [];
    const what =
      banks.length === 0
        ? `argument ${arg.index} (${arg.name}) of kernel ${name} is connected to no memory`
        : `argument ${arg.index} (${arg.name}) of kernel ${name} is connected to bank ${banks[0]!.memoryIndex}, MEM_TOPOLOGY has ${xclbin.memory.length}`;
    const code = banks.length === 0 ? "argument-unconnected" : "bank-unknown";
    return [{ code, section, what, xrtSays: noBank, hint }];
  });
}

function hasSection(xclbin: Xclbin, kind: number): boolean {
  return xclbin.sections.some((section) => section.kind === kind);
}

function hex(value: number | bigint): string {
  return `0x${value.toString(16)}`;
}
