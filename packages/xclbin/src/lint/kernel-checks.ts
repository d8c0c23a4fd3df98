import type { KernelArg, XclbinKernel } from "../embedded-metadata.ts";
import { ipTypePsKernel } from "../ip-layout.ts";
import { sectionKindName, sectionKinds } from "../section-kinds.ts";
import type { Xclbin } from "../xclbin.ts";
import type { Finding } from "./rules.ts";

const metadata = sectionKindName(sectionKinds.embeddedMetadata);
const ipLayout = sectionKindName(sectionKinds.ipLayout);
const dpuSubtype = 1;

/** Kernels, arguments and compute units, beyond what `explainXclbin` tells. */
export function checkKernels(xclbin: Xclbin): Finding[] {
  const kernels = xclbin.kernels.filter(({ type }) => type === "dpu");
  return [
    ...repeatedNames(kernels),
    ...sharedIds(kernels),
    ...kernels.flatMap((kernel) => [
      ...callFindings(kernel),
      ...kernel.args.flatMap((arg) => argFindings(kernel, arg)),
    ]),
    ...kernels.flatMap(overlaps),
    ...computeUnits(xclbin, kernels),
  ];
}

function repeatedNames(kernels: readonly XclbinKernel[]): Finding[] {
  return kernels
    .filter(({ name }, i) => kernels.findIndex((kernel) => kernel.name === name) < i)
    .map(({ name }) => ({ code: "kernel-twice", where: metadata, cause: `two kernels are called ${name}` }));
}

function sharedIds(kernels: readonly XclbinKernel[]): Finding[] {
  return kernels.flatMap(({ name, dpuKernelId }, i): Finding[] => {
    const other = kernels.slice(0, i).find((kernel) => kernel.dpuKernelId === dpuKernelId && kernel.name !== name);
    if (other === undefined || dpuKernelId === undefined) return [];
    const cause = `kernels ${other.name} and ${name} both have id 0x${dpuKernelId.toString(16)}`;
    return [{ code: "kernel-id-shared", where: metadata, cause }];
  });
}

function callFindings({ name, hasOpcode, args }: XclbinKernel): Finding[] {
  if (hasOpcode) return [];
  const first = args[0]?.name ?? "none";
  const cause = `kernel ${name} has no argument "opcode", its first argument is ${first}: the call of 2023 and early 2024`;
  return [{ code: "no-opcode", where: metadata, cause }];
}

const scalarSizes: Readonly<Record<string, number>> = {
  ...{
    uint64_t: 8,
    int64_t: 8,
    double: 8,
    uint32_t: 4,
    int32_t: 4,
    float: 4,
    uint16_t: 2,
    int16_t: 2,
    uint8_t: 1,
    int8_t: 1,
  },
};

function argFindings(kernel: XclbinKernel, arg: KernelArg): Finding[] {
  const { name, type, sizeBytes, hostSizeBytes, qualifier } = arg;
  const isPointer = qualifier === "GLOBAL" || type.trimEnd().endsWith("*");
  const expected = isPointer ? 8 : scalarSizes[type];
  if (expected === undefined || (sizeBytes === expected && hostSizeBytes === expected)) return [];
  const found = `size ${sizeBytes}, hostSize ${hostSizeBytes}`;
  const cause = `kernel ${kernel.name}: argument ${name} (${type}): expected ${expected} bytes, got ${found}`;
  return [{ code: "argument-size", where: metadata, cause }];
}

function overlaps({ name, args }: XclbinKernel): Finding[] {
  const sorted = [...args].sort((a, b) => a.offsetBytes - b.offsetBytes);
  return sorted.flatMap((arg, i): Finding[] => {
    const before = sorted[i - 1];
    if (before === undefined || before.offsetBytes + before.sizeBytes <= arg.offsetBytes) return [];
    const place = (a: KernelArg) => `${a.name} (${a.sizeBytes} bytes at 0x${a.offsetBytes.toString(16)})`;
    const cause = `kernel ${name}: arguments ${place(before)} and ${place(arg)} overlap`;
    return [{ code: "argument-overlap", where: metadata, cause }];
  });
}

function computeUnits(xclbin: Xclbin, kernels: readonly XclbinKernel[]): Finding[] {
  return xclbin.ips.flatMap((ip, i): Finding[] => {
    const where = `${ipLayout}, entry ${i}`;
    const kernel = xclbin.kernels.find(({ name }) => ip.name.startsWith(`${name}:`));
    if (kernel === undefined) {
      // Where there is no metadata at all, that is the finding.
      if (xclbin.kernels.length === 0) return [];
      return [{ code: "compute-unit-stray", where, cause: `${ip.name} belongs to no kernel of ${metadata}` }];
    }
    if (!kernels.includes(kernel)) return [];
    const findings: Finding[] = [];
    if (ip.type !== ipTypePsKernel || ip.subtype !== dpuSubtype) {
      const cause = `${ip.name}: expected type 7 (PS kernel), subtype 1 (DPU), got type ${ip.type}, subtype ${ip.subtype}`;
      findings.push({ code: "compute-unit-type", where, cause });
    }
    if (kernel.dpuKernelId !== undefined && ip.kernelId !== kernel.dpuKernelId) {
      const ids = `0x${kernel.dpuKernelId.toString(16)} as in ${metadata}, got 0x${ip.kernelId.toString(16)}`;
      findings.push({ code: "compute-unit-id", where, cause: `${ip.name}: expected kernel id ${ids}` });
    }
    return findings;
  });
}
