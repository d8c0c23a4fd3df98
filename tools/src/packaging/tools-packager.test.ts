import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { AbortedError, AiekitError, ToolMissingError } from "@aiekit/core";
import {
  buildXclbin,
  npuKernelArgs,
  readXclbin,
  writeXclbin,
  type XclbinSection,
  type XclbinSpec,
} from "@aiekit/xclbin";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { fakeTool } from "../drivers/fake-tool.test-support.ts";
import { packageOwn } from "./own-packager.ts";
import { partitionOf } from "./packager.ts";
import { sampleCdo, sampleRequest } from "./sample-cdo.test-support.ts";
import { packageWithTools, toolsPackager } from "./tools-packager.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "aiekit-packager-"));
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true });
});

const bootgenBanner = '[ $# = 0 ] && { echo "****** Xilinx Bootgen v2022.2"; exit 0; }';
const xclbinutilBanner = '[ "$1" = --version ] && { echo "XRT Build Version: 2.25.00"; exit 0; }';

/** A bootgen and an xclbinutil that report success and leave `pdi` and `xclbin` behind; without content, no file. */
async function tools(pdi: Uint8Array | undefined, xclbin: Uint8Array | undefined) {
  await writeFile(join(folder, "answer.pdi"), pdi ?? "");
  await writeFile(join(folder, "answer.xclbin"), xclbin ?? "");
  const leave = (answer: string, present: boolean) => (present ? `cp "${folder}/${answer}" "$out"` : "true");
  const last = 'for out do case "$previous" in -o|--output) break;; esac; previous="$out"; done';
  return {
    bootgen: await fakeTool(
      folder,
      "bootgen",
      [bootgenBanner, last, leave("answer.pdi", pdi !== undefined)].join("\n"),
    ),
    xclbinutil: await fakeTool(
      folder,
      "xclbinutil",
      [xclbinutilBanner, last, leave("answer.xclbin", xclbin !== undefined)].join("\n"),
    ),
    folder: join(folder, "kept"),
  };
}

test("what the tools made is given out, and their inputs stay in the folder that was asked for", async () => {
  const request = sampleRequest();
  const made = await packageOwn(request);
  const given = await tools(made.pdi, made.xclbin);

  const packed = await packageWithTools(request, given);

  expect(packed).toEqual(made);
  expect((await readdir(given.folder)).sort()).toEqual([
    "final.xclbin",
    "main.pdi",
    "main_aie_cdo_elfs.bin",
    "main_aie_cdo_enable.bin",
    "main_aie_cdo_init.bin",
    "main_aie_partition.json",
    "main_design.bif",
    "main_kernels.json",
    "main_mem_topology.json",
  ]);
  expect(await readFile(join(given.folder, "main_design.bif"), "utf8")).toContain(
    "{ type=cdo file=main_aie_cdo_elfs.bin file=main_aie_cdo_init.bin file=main_aie_cdo_enable.bin }",
  );
});

test("the versions of a packager's steps are their tools', its commands can be pasted in the folder of the files", async () => {
  const given = await tools(undefined, undefined);
  const packager = await toolsPackager(given);

  expect(packager.versions).toEqual({ pdi: "bootgen 2022.2", xclbin: "xclbinutil 2.25.00" });
  expect(packager.missing).toEqual({});
  expect(packager.commands(sampleRequest())).toEqual({
    pdi: `${given.bootgen} -arch versal -image main_design.bif -o main.pdi -w`,
    xclbin:
      `${given.xclbinutil} --add-replace-section MEM_TOPOLOGY:JSON:main_mem_topology.json --add-kernel main_kernels.json ` +
      "--add-replace-section AIE_PARTITION:JSON:main_aie_partition.json --force --quiet --output final.xclbin",
  });
});

test("kernels.json and the partition say kernel id, arguments and columns as xclbinutil takes them", async () => {
  const request = sampleRequest({ device: "npu1_2col", bufferCount: 1, dpuKernelId: 0x902 });
  const made = await packageOwn(request);
  const given = await tools(made.pdi, made.xclbin);
  await packageWithTools(request, given);
  const json = async (name: string) => JSON.parse(await readFile(join(given.folder, name), "utf8"));

  const [kernel] = (await json("main_kernels.json"))["ps-kernels"].kernels;
  expect(kernel["extended-data"]).toEqual({ subtype: "DPU", functional: "0", dpu_kernel_id: "0x902" });
  expect(kernel.arguments).toEqual([
    { name: "opcode", "address-qualifier": "SCALAR", type: "uint64_t", offset: "0x00" },
    { name: "instr", "memory-connection": "SRAM", "address-qualifier": "GLOBAL", type: "char *", offset: "0x08" },
    { name: "ninstr", "address-qualifier": "SCALAR", type: "uint32_t", offset: "0x10" },
    { name: "bo0", "memory-connection": "HOST", "address-qualifier": "GLOBAL", type: "void*", offset: "0x14" },
  ]);
  const { aie_partition: partition } = await json("main_aie_partition.json");
  expect(partition.partition).toEqual({ column_width: 2, start_columns: [1, 2, 3] });
  expect(partition.PDIs).toMatchObject([{ file_name: "main.pdi", cdo_groups: [{ dpu_kernel_ids: ["0x902"] }] }]);
});

test("without a folder only a failed tool's files are left in the temporary one", async () => {
  const request = sampleRequest();
  const made = await packageOwn(request);
  const temporary = await mkdtemp(join(folder, "tmp-"));
  vi.stubEnv("TMPDIR", temporary);

  await packageWithTools(request, { ...(await tools(made.pdi, made.xclbin)), folder: undefined });
  expect(await readdir(temporary)).toEqual([]);

  const failed = packageWithTools(request, { ...(await tools(undefined, undefined)), folder: undefined });
  await expect(failed).rejects.toThrow("bootgen reported success");
  expect(await readdir(temporary)).toHaveLength(1);
});

test("an output of an earlier run does not pass for the tool's", async () => {
  const request = sampleRequest();
  const made = await packageOwn(request);
  await packageWithTools(request, await tools(made.pdi, made.xclbin));

  await expect(packageWithTools(request, await tools(undefined, made.xclbin))).rejects.toThrow(
    "pack main.pdi: bootgen reported success, but its file",
  );
});

const whole = await packageOwn(sampleRequest());
const other = await packageOwn(sampleRequest({ cdo: sampleCdo([{ col: 0, row: 2, programWords: 301 }]) }));
const spec: XclbinSpec = {
  ...sampleRequest(),
  ...partitionOf(sampleRequest()),
  args: npuKernelArgs(5),
  pdi: whole.pdi,
};
const smallBank = changed(whole.xclbin, (section) =>
  section.content.type === "memory"
    ? {
        ...section,
        content: { type: "memory", banks: section.content.banks.map((bank) => ({ ...bank, sizeKib: 1n })) },
      }
    : section,
);
const sram = npuKernelArgs(5).map((arg) => ({ ...arg, ...(arg.memory && { memory: "SRAM" as const }) }));

test.each<[string, Uint8Array | undefined, Uint8Array | undefined, string]>([
  ["no PDI", undefined, undefined, "bootgen reported success, but its file"],
  ["an empty PDI", new Uint8Array(), undefined, "bootgen reported success, but its file"],
  ["a PDI that is cut off", whole.pdi.subarray(0, 1000), undefined, "bootgen reported success, but its file"],
  ["the PDI of another program", other.pdi, undefined, "bootgen reported success, but command"],
  ["no xclbin", whole.pdi, undefined, "xclbinutil reported success, but its file"],
  ["an xclbin that is cut off", whole.pdi, whole.xclbin.subarray(0, 3000), "xclbinutil reported success, but its file"],
  ["another PDI in it", whole.pdi, other.xclbin, "AIE_PARTITION: expected the PDI of"],
  ["another width", whole.pdi, buildXclbin({ ...spec, columns: 2 }), "columns: expected 1, got 2"],
  [
    "other start columns",
    whole.pdi,
    buildXclbin({ ...spec, startColumns: [0] }),
    "start columns: expected [1,2,3,4], got [0]",
  ],
  [
    "another kernel name",
    whole.pdi,
    buildXclbin({ ...spec, kernelName: "K" }),
    'kernels: expected ["MLIR_AIE"], got ["K"]',
  ],
  ["another kernel id", whole.pdi, buildXclbin({ ...spec, dpuKernelId: 0x902 }), "kernel id: expected 2305, got 2306"],
  ["another instance", whole.pdi, buildXclbin({ ...spec, instanceName: "I" }), 'got ["MLIR_AIE:I"]'],
  ["fewer arguments", whole.pdi, buildXclbin({ ...spec, args: npuKernelArgs(4) }), "arguments: expected"],
  ["buffers in another bank", whole.pdi, buildXclbin({ ...spec, args: sram }), "memory of the arguments: expected"],
  ["banks of another size", whole.pdi, smallBank, 'memory banks: expected ["HOST 0x10000 KiB'],
])("%s is noticed although both tools report success", async (_, pdi, xclbin, message) => {
  const error = await packageWithTools(sampleRequest(), await tools(pdi, xclbin)).catch((e: unknown) => e);

  expect(error).toBeInstanceOf(AiekitError);
  expect((error as AiekitError).code).toBe("tool");
  expect((error as AiekitError).message).toContain(message);
});

test("configurations that the array would leave idle do not reach bootgen", async () => {
  const cdo = sampleCdo([{ col: 0, row: 2, programWords: 0 }]);
  const given = await tools(whole.pdi, whole.xclbin);

  await expect(packageWithTools(sampleRequest({ cdo }), given)).rejects.toThrow("without a program: (0,2)");
  await expect(readdir(given.folder)).rejects.toThrow("ENOENT");
});

test("tools that are not there are missing before anything is packed", async () => {
  const given = { ...(await tools(whole.pdi, whole.xclbin)), xclbinutil: join(folder, "nowhere") };

  await expect(packageWithTools(sampleRequest(), given)).rejects.toThrow(ToolMissingError);
});

test("where only xclbinutil is missing the PDI is packed, and both commands can be planned", async () => {
  const { pdi } = await packageOwn(sampleRequest());
  const packager = await toolsPackager({ ...(await tools(pdi, undefined)), xclbinutil: join(folder, "nowhere") });

  expect(packager.missing.pdi).toBeUndefined();
  expect(packager.missing.xclbin).toBeInstanceOf(ToolMissingError);
  expect(packager.versions.xclbin).toBe("xclbinutil missing");
  expect(packager.commands(sampleRequest()).xclbin).toContain("nowhere --add-replace-section");
  expect(await packager.packPdi(sampleRequest())).toEqual(pdi);
  await expect(packager.packXclbin({ ...sampleRequest(), pdi })).rejects.toBe(packager.missing.xclbin);
});

test("an abort stops the tool that runs", async () => {
  const slow = await fakeTool(folder, "slow", `${bootgenBanner}\nexec sleep 60`);
  const given = { ...(await tools(whole.pdi, whole.xclbin)), bootgen: slow };
  const packager = await toolsPackager(given);
  const controller = new AbortController();

  const packing = packager.packPdi(sampleRequest(), controller.signal).catch((e: unknown) => e);
  controller.abort();

  expect(await packing).toBeInstanceOf(AbortedError);
});

/** An xclbin with its sections changed. */
function changed(bytes: Uint8Array, change: (section: XclbinSection) => XclbinSection): Uint8Array {
  const xclbin = readXclbin(bytes);
  return writeXclbin({ ...xclbin, sections: xclbin.sections.map(change) });
}
