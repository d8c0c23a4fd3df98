import { AiekitError, FormatError } from "@aiekit/core";
import {
  argOffsets,
  buildPdi,
  contentUuid,
  defaultDpuKernelId,
  explainXclbin,
  npuKernelArgs,
  npuMemoryBanks,
  type Pdi,
  readPdi,
  readXclbin,
} from "@aiekit/xclbin";
import { sha256 } from "../cache/sha256.ts";
import { type CdoFiles, partitionOf, type XclbinRequest } from "./packager.ts";

/**
 * What bootgen made, read back: every command of the CDO files in their order and nothing else.
 * @throws AiekitError of code `tool` where it is not.
 */
export function checkPdi(pdi: Uint8Array, { stage, cdo }: { readonly stage: string; readonly cdo: CdoFiles }): void {
  const check = complaints(stage, "bootgen");
  const files = [cdo.elfs, cdo.init, cdo.enable].map((bytes) => ({ name: "CDO", bytes }));
  const expected = commandTexts(readPdi(buildPdi(files)));
  const found = commandTexts(readBack(check, () => readPdi(pdi, "the PDI")));
  const first = expected.findIndex((text, i) => text !== found[i]);
  if (first >= 0) check.fail(`command ${first}`, expected[first] ?? "", found[first] ?? "the end");
  if (found.length !== expected.length) check.fail("commands", `${expected.length}`, `${found.length}`);
}

/**
 * What xclbinutil made, read back: kernel, arguments, banks, partition and PDI of the request, and nothing that XRT would
 * stumble over. @throws AiekitError of code `tool` where it is not.
 */
export function checkXclbin(
  bytes: Uint8Array,
  { stage, request }: { readonly stage: string; readonly request: XclbinRequest },
): void {
  const check = complaints(stage, "xclbinutil");
  const { kernelName, instanceName, bufferCount, dpuKernelId = defaultDpuKernelId } = request;
  const xclbin = readBack(check, () => readXclbin(bytes, "the xclbin"));
  const [problem] = explainXclbin(xclbin);
  if (problem !== undefined) check.fail(problem.section, "an xclbin that XRT can load", problem.what);

  const [kernel] = xclbin.kernels;
  check.equal(
    "kernels",
    [kernelName],
    xclbin.kernels.map(({ name }) => name),
  );
  check.equal("kernel id", dpuKernelId, kernel?.dpuKernelId);
  check.equal(
    "instances",
    [`${kernelName}:${instanceName}`],
    xclbin.ips.map(({ name }) => name),
  );
  const args = npuKernelArgs(bufferCount);
  const offsets = argOffsets(args);
  check.equal(
    "arguments",
    args.map(({ name, qualifier, type }, i) => `${type} ${name} ${qualifier} at ${Number(offsets[i])}`),
    (kernel?.args ?? []).map(
      ({ name, qualifier, type, offsetBytes }) => `${type} ${name} ${qualifier} at ${offsetBytes}`,
    ),
  );
  const bankOf = new Map(xclbin.connections.map(({ argIndex, memoryIndex }) => [argIndex, memoryIndex]));
  check.equal(
    "memory of the arguments",
    args.map(({ memory }) => memory ?? "none"),
    args.map((_, i) => xclbin.memory[bankOf.get(i) ?? -1]?.tag ?? "none"),
  );
  check.equal("memory banks", npuMemoryBanks.map(bankText), xclbin.memory.map(bankText));

  const { partition } = xclbin;
  const { columns, startColumns } = partitionOf(request);
  check.equal("columns", columns, partition?.columnWidth);
  check.equal("start columns", startColumns, partition?.startColumns);
  const pdis = partition?.pdis ?? [];
  check.equal("PDIs", 1, pdis.length);
  const image = pdis[0]?.image ?? new Uint8Array();
  if (!sameBytes(image, request.pdi)) {
    check.fail("AIE_PARTITION", `the PDI of ${request.pdi.length} bytes`, `another one of ${image.length} bytes`);
  }
  check.equal("uuid of the PDI", contentUuid(request.pdi), pdis[0]?.uuid);
}

interface Complaints {
  readonly fail: (what: string, expected: string, got: string) => never;
  readonly equal: (what: string, expected: unknown, got: unknown) => void;
}

function complaints(stage: string, tool: string): Complaints {
  const fail = (what: string, expected: string, got: string): never => {
    throw new AiekitError("tool", `${stage}: ${tool} reported success, but ${what}: expected ${expected}, got ${got}`, {
      hint: "is the disk full, or the tool another version than the drivers know? without --packager tools no tool is needed",
    });
  };
  return {
    fail,
    equal: (what, expected, got) => {
      const [a, b] = [JSON.stringify(expected), JSON.stringify(got)];
      if (a !== b) fail(what, a, b ?? "nothing");
    },
  };
}

function readBack<T>({ fail }: Complaints, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof FormatError) return fail("its file", "one that can be read", error.message);
    throw error;
  }
}

/** The commands but for padding, which bootgens may choose. */
function commandTexts({ cdo }: Pdi): readonly string[] {
  return cdo.commands.flatMap((command) => {
    if (command.command === "nop") return [];
    return [JSON.stringify(command, (_, value) => (value instanceof Uint8Array ? sha256(value) : value))];
  });
}

function bankText({ tag, sizeKib, baseAddress, used }: (typeof npuMemoryBanks)[number]): string {
  return `${tag} ${hex(sizeKib)} KiB at ${hex(baseAddress)}${used ? "" : ", unused"}`;
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}

function hex(value: number | bigint): string {
  return `0x${value.toString(16)}`;
}
