import { readFileSync } from "node:fs";
import { DeviceError } from "@aiekit/core";
import { expect, test } from "vitest";
import { buildXclbin } from "./build-xclbin.ts";
import { describeXclbin, describeXclbinText } from "./describe.ts";
import { assertLoadable, explainXclbin } from "./explain.ts";
import { npuKernelArgs } from "./kernel-args.ts";
import { fixture, optionalData } from "./optional-data.test-support.ts";
import { sectionKinds } from "./section-kinds.ts";
import { encodeSimImage } from "./sim-image.ts";
import { readXclbin, writeXclbin, type Xclbin } from "./xclbin.ts";

const noDpuKernel = "No valid DPU kernel found in xclbin (err=22): Invalid argument";
const real = optionalData("xclbin");
const good = readXclbin(fixture("xclbin/good.xclbin"), "good.xclbin");

test("xclbinutil's good.xclbin has no problem", () => {
  expect(explainXclbin(good)).toEqual([]);
  expect(() => assertLoadable(good)).not.toThrow();
});

test("xclbins of other projects, which ran on NPUs, have no problem", ({ skip }) => {
  skip(real.skipReason !== undefined, real.skipReason);

  for (const path of real.files)
    expect(explainXclbin(readXclbin(new Uint8Array(readFileSync(path)))), path).toEqual([]);
});

test.each([
  ["nokernel", "EMBEDDED_METADATA", "the section is absent, so there is no kernel"],
  ["nopart", "AIE_PARTITION", "the section is absent, so kernel MLIR_AIE has no PDI"],
])("what XRT says of %s.xclbin, which it refused, is told apart: %s", (file, section, what) => {
  const [first] = explainXclbin(readXclbin(fixture(`xclbin/${file}.xclbin`)));

  expect(first).toMatchObject({ section, what, xrtSays: noDpuKernel });
});

test.each([
  ["EMBEDDED_METADATA", sectionKinds.embeddedMetadata, noDpuKernel],
  ["IP_LAYOUT", sectionKinds.ipLayout, noDpuKernel],
  ["AIE_PARTITION", sectionKinds.aiePartition, noDpuKernel],
  ["MEM_TOPOLOGY", sectionKinds.memTopology, "group_id"],
  ["CONNECTIVITY", sectionKinds.connectivity, "group_id"],
  ["GROUP_TOPOLOGY", sectionKinds.groupTopology, "group_id"],
  ["GROUP_CONNECTIVITY", sectionKinds.groupConnectivity, "group_id"],
])("without %s the first problem names that section and XRT's words", (section, kind, xrtSays) => {
  const [first] = explainXclbin(without(kind));

  expect(first?.section).toBe(section);
  expect(first?.xrtSays).toContain(xrtSays);
});

test("a kernel id that no PDI serves is named on both sides", () => {
  const text = new TextDecoder("latin1").decode(fixture("xclbin/good.xclbin"));
  const bytes = fixture("xclbin/good.xclbin").slice();
  bytes.set(new TextEncoder().encode("0x902"), text.indexOf('dpu_kernel_id="') + 15);

  const [first] = explainXclbin(readXclbin(bytes));

  expect(first?.what).toBe("expected a PDI for kernel id 0x902 of MLIR_AIE, the PDIs serve 0x901");
});

test("an IP_LAYOUT name with another prefix is named", () => {
  const bytes = fixture("xclbin/good.xclbin").slice();
  bytes.set(new TextEncoder().encode("X"), 6448 + 8 + 16);

  const [first] = explainXclbin(readXclbin(bytes));

  expect(first?.what).toBe('expected an entry "MLIR_AIE:<instance>", got "XLIR_AIE:MLIRAIE"');
});

test("a kernel of type pl is no DPU kernel", () => {
  const xclbin = { ...good, kernels: good.kernels.map((kernel) => ({ ...kernel, type: "pl" })) };

  expect(explainXclbin(xclbin)[0]?.what).toBe('expected a kernel of type "dpu", got MLIR_AIE is "pl"');
});

test("a gap in the argument numbers and a buffer without memory are found", () => {
  const kernel = good.kernels[0]!;
  const args = kernel.args.map((arg) => (arg.index === 5 ? { ...arg, index: 6 } : arg));

  const problems = explainXclbin({ ...good, kernels: [{ ...kernel, args }] });

  expect(problems.map(({ what }) => what)).toEqual([
    "kernel MLIR_AIE: argument bo2: expected id 5, got 6",
    "argument 6 (bo2) of kernel MLIR_AIE is connected to no memory",
  ]);
});

test("assertLoadable throws the section, the cause, XRT's words and what to do", () => {
  const error = caught(() => assertLoadable(readXclbin(fixture("xclbin/nokernel.xclbin"), "nokernel.xclbin")));

  expect(error).toBeInstanceOf(DeviceError);
  expect((error as DeviceError).message).toBe(
    `nokernel.xclbin: EMBEDDED_METADATA: the section is absent, so there is no kernel; XRT says: "${noDpuKernel}" (and 1 more: aiekit inspect --explain)`,
  );
  expect((error as DeviceError).hint).toContain("--add-kernel");
});

test("what this kit builds for the simulator has no problem, and its description tells of the cores", () => {
  const image = encodeSimImage({
    loweredMlir: "module {}",
    device: "npu1_1col",
    cores: [{ col: 0, row: 2, module: 0 }],
    modules: [Uint8Array.of(1, 2, 3)],
  });
  const args = npuKernelArgs(2);
  const spec = {
    kernelName: "MLIR_AIE",
    instanceName: "MLIRAIE",
    columns: 1,
    startColumns: [1, 2, 3, 4],
    args,
    pdi: image,
  };

  const xclbin = readXclbin(buildXclbin(spec), "mel.xclbin");

  expect(explainXclbin(xclbin)).toEqual([]);
  expect(describeXclbinText(xclbin).join("\n")).toContain("core (0,2) runs module 0, 3 B");
});

test("the description is plain JSON and names each argument's memory", () => {
  const description = describeXclbin(good);

  expect(JSON.parse(JSON.stringify(description))).toEqual(description);
  expect(description.kernels[0]?.args.map(({ name, memory }) => [name, memory])).toEqual([
    ["opcode", null],
    ["instr", "SRAM"],
    ["ninstr", null],
    ["bo0", "HOST"],
    ["bo1", "HOST"],
    ["bo2", "HOST"],
  ]);
});

function without(kind: number): Xclbin {
  return readXclbin(writeXclbin({ ...good, sections: good.sections.filter((section) => section.kind !== kind) }));
}

function caught(action: () => unknown): unknown {
  try {
    action();
  } catch (error) {
    return error;
  }
  return undefined;
}
