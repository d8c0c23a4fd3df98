import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildXclbin, npuKernelArgs, readXclbin, sectionKindName, writeXclbin, type Xclbin } from "@aiekit/xclbin";
import { afterEach, beforeEach, expect, test } from "vitest";
import { runTool } from "../drivers/run-tool.ts";
import { runXclbinutil, xclbinutilVersion } from "../drivers/xclbinutil.ts";
import { checkXclbin } from "./check-package.ts";
import { ownPackager, packageOwn } from "./own-packager.ts";
import { type PackageRequest, packageFileNames, partitionOf, type XclbinRequest } from "./packager.ts";
import { realTools } from "./real-tools.test-support.ts";
import { sampleCdo, sampleRequest } from "./sample-cdo.test-support.ts";
import { xclbinutilInputs } from "./tool-inputs.ts";
import { packageWithTools, toolsPackager } from "./tools-packager.ts";

const { bootgen, xclbinutil, skipReason } = realTools();
const names = packageFileNames("main");
const order = [
  "MEM_TOPOLOGY",
  "AIE_PARTITION",
  "EMBEDDED_METADATA",
  "IP_LAYOUT",
  "CONNECTIVITY",
  "GROUP_CONNECTIVITY",
  "GROUP_TOPOLOGY",
];

let folder: string;
beforeEach(async ({ skip }) => {
  skip(skipReason !== undefined, skipReason);
  folder = await mkdtemp(join(tmpdir(), "aiekit-xclbinutil-"));
});
afterEach(async () => {
  if (folder !== undefined) await rm(folder, { recursive: true, force: true });
});

// One column of npu1, the whole of npu2, the most buffers, other names and kernel id.
const requests: Readonly<Record<string, PackageRequest>> = {
  npu1_1col: sampleRequest(),
  npu2: sampleRequest({
    cdo: sampleCdo(Array.from({ length: 8 }, (_, col) => ({ col, row: 2, programWords: 1000 + col }))),
    device: "npu2",
    bufferCount: 16,
  }),
  npu1_3col: sampleRequest({
    deviceSymbol: "segment_with_a_long_name",
    device: "npu1_3col",
    kernelName: "matmul_bf16",
    instanceName: "matmul_bf16_0",
    bufferCount: 3,
    dpuKernelId: 0x902,
  }),
};

test("the program is xclbinutil 2.25, whose answers these are", async () => {
  expect(await xclbinutilVersion(xclbinutil)).toMatch(/^2\.25\./);
});

test.each(Object.keys(requests))(
  "%s: every section has the bytes, the name and the place that xclbinutil gives it",
  async (name) => {
    const request = requests[name]!;
    const theirs = await (await toolsPackager({ bootgen, xclbinutil })).packXclbin({
      ...request,
      pdi: await pdiOf(request),
    });

    const ours = readXclbin((await packageOwn(request)).xclbin);

    const [a, b] = [ours, readXclbin(theirs)].map(sectionTable) as [Section[], Section[]];
    expect(a.map(({ kind }) => kind)).toEqual(order);
    for (const [i, section] of a.entries()) expect(section, section.kind).toEqual(b[i]);
  },
);

test.each(Object.keys(requests))(
  "%s: with xclbinutil's time and uuid the whole file is its, mirror included",
  async (name) => {
    const request = requests[name]!;
    const pdi = await pdiOf(request);
    const theirs = await (await toolsPackager({ bootgen, xclbinutil })).packXclbin({ ...request, pdi });

    const { uuid, header } = readXclbin(theirs);
    const stem = (file: string) => file.replace(".json", "").slice(0, 15);
    const files = packageFileNames(request.deviceSymbol);
    const ours = buildXclbin({
      ...request,
      ...partitionOf(request),
      args: npuKernelArgs(request.bufferCount),
      pdi,
      uuid,
      timestampSeconds: Number(header.timestampSeconds),
      sectionNames: { memTopology: stem(files.memTopology), aiePartition: stem(files.aiePartition) },
    });
    expect(wholeText(ours)).toBe(wholeText(theirs));
  },
);

test("both packagers, bootgen and xclbinutil included, differ in nothing but time, uuids and bootgen's header word", async () => {
  const request = sampleRequest();
  const theirs = readXclbin((await packageWithTools(request, { bootgen, xclbinutil })).xclbin);
  const ours = readXclbin((await packageOwn(request)).xclbin);

  // The PDI's uuid follows from its bytes, in which the word differs.
  const sameTime = { ...ours, uuid: theirs.uuid, header: theirs.header, trailer: theirs.trailer };
  const [a, b] = [writeXclbin(sameTime), writeXclbin(theirs)];
  expect(a.length).toBe(b.length);
  const partition = ours.sections.find(({ kind }) => sectionKindName(kind) === "AIE_PARTITION")!;
  const outside = [...a.keys()].filter(
    (at) => a[at] !== b[at] && (at < partition.offset || at >= partition.offset + partition.sizeBytes),
  );
  expect(outside).toEqual([]);
  const { image: pdiA, ...restA } = ours.partition!.pdis[0]!;
  const { image: pdiB, ...restB } = theirs.partition!.pdis[0]!;
  expect({ ...restA, uuid: "" }).toEqual({ ...restB, uuid: "" });
  const words = (bytes: Uint8Array) =>
    Array.from({ length: bytes.length / 4 }, (_, i) => bytes.subarray(i * 4, i * 4 + 4).join());
  const differing = words(pdiA).flatMap((word, i) => (word === words(pdiB)[i] ? [] : [i * 4]));
  expect(differing).toEqual([0xc8, 0xcc]);
});

test("xclbinutil --info prints of our xclbin what it prints of its own", async () => {
  const request = requests.npu2!;
  const pdi = await pdiOf(request);
  await writeFile(join(folder, "own.xclbin"), await ownPackager.packXclbin({ ...request, pdi }));
  const theirs = await (await toolsPackager({ bootgen, xclbinutil })).packXclbin({ ...request, pdi });
  await writeFile(join(folder, "tools.xclbin"), theirs);
  const info = (xclbin: string) =>
    runTool({
      ...{ program: xclbinutil, args: ["--info", "--input", xclbin], cwd: folder },
      ...{ stage: `describe ${xclbin}`, timeoutMs: 60_000 },
    });

  const [own, tools] = [await info("own.xclbin"), await info("tools.xclbin")];

  const lines = (text: string) => text.split("\n").filter((line) => !/UUID \(xclbin\)|Reading xclbin file/.test(line));
  expect(lines(own)).toEqual(lines(tools));
  const flat = own.replace(/\s+/g, " ");
  expect(flat).toContain(`Sections: ${order.join(", ")}`);
  expect(flat).toContain("Version: 2.25.0");
  expect(flat).toContain("Name: HOST Index: 0 Type: MEM_DRAM Base Address: 0x4000000");
  expect(flat).toContain("Name: SRAM Index: 1 Type: MEM_DRAM Base Address: 0x4000000");
  const { uuid } = readXclbin(await ownPackager.packXclbin({ ...request, pdi }));
  expect(flat).toContain(`UUID (xclbin): ${uuid}`);
});

test("xclbinutil dumps our sections as it dumps its own, the PDI among them", async () => {
  const request = sampleRequest();
  const { pdi, xclbin } = await packageOwn(request);
  await writeFile(join(folder, "own.xclbin"), xclbin);
  const dump = async (section: string): Promise<string> => {
    const args = ["--input", "own.xclbin", "--dump-section", section, "--force", "--quiet"];
    await runTool({ program: xclbinutil, args, cwd: folder, stage: "dump", timeoutMs: 60_000 });
    return readFile(join(folder, section.split(":")[2] ?? ""), "utf8");
  };

  const partition = JSON.parse(await dump("AIE_PARTITION:JSON:partition.json")).aie_partition;
  const layout = JSON.parse(await dump("IP_LAYOUT:JSON:layout.json")).ip_layout;
  const connectivity = JSON.parse(await dump("CONNECTIVITY:JSON:connectivity.json")).connectivity;
  const metadata = await dump("EMBEDDED_METADATA:RAW:metadata.xml");

  expect(partition.partition).toMatchObject({ column_width: "1", start_columns: ["1", "2", "3", "4"] });
  expect(partition.PDIs).toHaveLength(1);
  expect(new Uint8Array(await readFile(join(folder, partition.PDIs[0].file_name)))).toEqual(pdi);
  expect(partition.PDIs[0].cdo_groups).toMatchObject([{ type: "PRIMARY", dpu_kernel_ids: ["0x901"] }]);
  expect(layout.m_ip_data).toMatchObject([
    { m_type: "IP_PS_KERNEL", m_subtype: "DPU", m_kernel_id: "0x901", m_name: "MLIR_AIE:MLIRAIE" },
  ]);
  expect(connectivity.m_connection.map((c: Record<string, string>) => `${c.arg_index}->${c.mem_data_index}`)).toEqual([
    ...["1->1", "3->0", "4->0", "5->0", "6->0", "7->0"],
  ]);
  expect(metadata).toMatch(/<arg name="ninstr" addressQualifier="0" id="2" size="0x4" offset="0x10"/);
});

test("the command lines of the tools can be pasted in the folder of their files and make the same again", async () => {
  const request = sampleRequest();
  const packager = await toolsPackager({ bootgen, xclbinutil, folder });
  const pdi = await packager.packPdi(request);
  const xclbin = readXclbin(await packager.packXclbin({ ...request, pdi }));
  const commands = packager.commands(request);

  for (const command of [commands.pdi, commands.xclbin]) {
    await runTool({ program: "sh", args: ["-ec", command], cwd: folder, stage: "paste", timeoutMs: 60_000 });
  }

  expect(new Uint8Array(await readFile(join(folder, names.pdi)))).toEqual(pdi);
  const again = readXclbin(new Uint8Array(await readFile(join(folder, names.xclbin))));
  expect(sectionTable(again)).toEqual(sectionTable(xclbin));
  // Time and uuid are xclbinutil's own.
  expect(again.uuid).not.toBe(xclbin.uuid);
});

/** Changes of xclbinutil's inputs for which it reports success, and what the check says of its file. */
const silent: readonly [string, (files: Record<string, string>) => void, string][] = [
  [
    "a PDI of 0 bytes",
    (files) => {
      files[names.pdi] = "";
    },
    "AIE_PARTITION",
  ],
  [
    "text in place of the PDI",
    (files) => {
      files[names.pdi] = "not a PDI";
    },
    "AIE_PARTITION: expected the PDI of",
  ],
  ["a kernel without instances", edit(names.kernels, /"instances": \[[^\]]*\]/, '"instances": []'), "IP_LAYOUT"],
  ["a kernel without its id", edit(names.kernels, /"extended-data": \{[^}]*\},/, ""), "AIE_PARTITION"],
  ["a kernel id of 13 bits", edit(names.kernels, '"0x901"', '"0x1901"'), "AIE_PARTITION"],
  ["a buffer without memory", edit(names.kernels, /"memory-connection": "HOST",/, ""), "CONNECTIVITY"],
  ["a PDI uuid that is none", edit(names.aiePartition, /"uuid": "[^"]*"/, '"uuid": "zz"'), "uuid of the PDI"],
  ["arguments on one another", edit(names.kernels, '"offset": "0x14"', '"offset": "0x10"'), "arguments"],
  ["fewer buffers", edit(names.kernels, /,\s*\{\s*"name": "bo4"[^}]*\}/, ""), "arguments"],
];

test.each(silent)("%s is a success for xclbinutil and an error here", async (_, change, message) => {
  const request: XclbinRequest = { ...sampleRequest(), pdi: await pdiOf(sampleRequest()) };
  const files: Record<string, string> = {
    ...xclbinutilInputs(request),
  };
  await writeFile(join(folder, names.pdi), request.pdi);
  change(files);
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);

  await runXclbinutil({ program: xclbinutil, folder, ...names, stage: "pack final.xclbin" });

  const made = new Uint8Array(await readFile(join(folder, names.xclbin)));
  expect(() => checkXclbin(made, { stage: "pack final.xclbin", request })).toThrow(
    `pack final.xclbin: xclbinutil reported success, but ${message}`,
  );
});

function edit(name: string, what: string | RegExp, by: string) {
  return (files: Record<string, string>): void => {
    const before = files[name] ?? "";
    files[name] = before.replace(what, by);
    expect(files[name], name).not.toBe(before);
  };
}

async function pdiOf(request: PackageRequest): Promise<Uint8Array> {
  return ownPackager.packPdi(request);
}

/**
 * A file as text, without the line end behind the mirror's JSON that xclbinutil writes when it was built with boost 1.83 and
 * not with 1.90, and so without the file's length.
 */
function wholeText(xclbin: Uint8Array): string {
  const bytes = Buffer.from(xclbin);
  bytes.fill(0, 304, 312);
  return bytes.toString("latin1").replace("}\nXCLBIN_MIRROR_DATA_END", "}XCLBIN_MIRROR_DATA_END");
}

interface Section {
  readonly kind: string;
  readonly name: string;
  readonly offset: number;
  readonly content: unknown;
}

function sectionTable({ sections }: Xclbin): Section[] {
  return sections.map(({ kind, name, offset, sizeBytes, content }) => ({
    kind: sectionKindName(kind),
    name,
    offset,
    sizeBytes,
    content,
  }));
}
