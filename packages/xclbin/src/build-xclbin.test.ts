import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { buildXclbin, type XclbinSpec } from "./build-xclbin.ts";
import { npuKernelArgs, type XclbinArg } from "./kernel-args.ts";
import { fixture, optionalData } from "./optional-data.test-support.ts";
import { sectionKinds } from "./section-kinds.ts";
import { readXclbin, type XclbinSection } from "./xclbin.ts";

const spec: XclbinSpec = {
  kernelName: "MLIR_AIE",
  instanceName: "MLIRAIE",
  columns: 1,
  startColumns: [1, 2, 3, 4],
  args: npuKernelArgs(3),
  pdi: Uint8Array.of(1, 2, 3),
};

test("the content of kern.json and mem.json gives xclbinutil's good.xclbin, byte for byte, mirror included", () => {
  const made = readXclbin(fixture("xclbin/good.xclbin"));
  const kernel = JSON.parse(new TextDecoder().decode(fixture("xclbin/kern.json")))["ps-kernels"].kernels[0];
  const args = kernel.arguments.map((arg: Record<string, string>) => ({
    name: arg.name,
    qualifier: arg["address-qualifier"],
    type: arg.type,
    memory: arg["memory-connection"],
  })) as XclbinArg[];

  const built = buildXclbin({
    kernelName: kernel.name,
    instanceName: kernel.instances[0].name,
    columns: 1,
    startColumns: [1, 2, 3, 4],
    args,
    // Random when the fixture was made, and so taken from it.
    pdi: made.partition!.pdis[0]!.image,
    pdiUuid: "12345678-1234-4234-8234-123456789abc",
    uuid: made.uuid,
    timestampSeconds: Number(made.header.timestampSeconds),
    sectionNames: { memTopology: "mem", aiePartition: "part" },
  });

  expect(Buffer.compare(built, fixture("xclbin/good.xclbin"))).toBe(0);
});

test("the sections of two real xclbins of 2026 come out byte for byte, their XML but for order and case of attributes", ({
  skip,
}) => {
  const { files, skipReason } = optionalData("xclbin");
  skip(skipReason !== undefined, skipReason);
  const ofThisAbi = files.filter((file) => /[/][ce]_/.test(file));
  expect(ofThisAbi).toHaveLength(2);
  for (const file of ofThisAbi) {
    const bytes = new Uint8Array(readFileSync(file));
    const { kernels, partition, sections } = readXclbin(bytes, file);
    const [kernel, pdi] = [kernels[0]!, partition!.pdis[0]!];

    const built = buildXclbin({
      kernelName: kernel.name,
      instanceName: kernel.instances[0]!,
      columns: partition!.columnWidth,
      startColumns: partition!.startColumns,
      args: npuKernelArgs(kernel.args.length - 3),
      pdi: pdi.image,
      pdiUuid: pdi.uuid,
    });

    const ours = readXclbin(built);
    expect(ours.kernels).toEqual(kernels);
    expect(ours.sections.map(({ kind }) => kind)).toEqual(sections.map(({ kind }) => kind));
    for (const [i, section] of sections.entries()) {
      if (section.kind === sectionKinds.embeddedMetadata) continue;
      const [a, b] = [sectionBytes(built, ours.sections[i]!), sectionBytes(bytes, section)];
      expect(Buffer.compare(a, b), `${file} section ${section.kind}`).toBe(0);
    }
  }
});

test("npuKernelArgs is the signature of kern.json", () => {
  const kernel = JSON.parse(new TextDecoder().decode(fixture("xclbin/kern.json")))["ps-kernels"].kernels[0];

  expect(npuKernelArgs(3).map(({ name, qualifier, type, memory }) => [name, qualifier, type, memory])).toEqual(
    kernel.arguments.map((a: Record<string, string>) => [
      a.name,
      a["address-qualifier"],
      a.type,
      a["memory-connection"],
    ]),
  );
});

test("the same content builds the same bytes; another PDI gives another uuid", () => {
  expect(buildXclbin(spec)).toEqual(buildXclbin({ ...spec }));
  const [uuid, other] = [spec, { ...spec, pdi: Uint8Array.of(1, 2, 4) }].map((s) => readXclbin(buildXclbin(s)).uuid);
  expect(uuid).not.toBe(other);
});

test.each([
  ["no PDI", { pdi: new Uint8Array() }, "pdi: expected bytes"],
  ["no columns", { columns: 0 }, "columns: expected 1 or more, got 0"],
  ["nowhere to start", { startColumns: [] }, "startColumns: expected at least one"],
  ["a kernel name with a colon", { kernelName: "A:B" }, "expected a name of letters"],
  ["names over 63 characters", { instanceName: "x".repeat(60) }, "kernel:instance: expected at most 63 bytes, got 69"],
  ["a kernel id of 13 bits", { dpuKernelId: 0x1000 }, "dpuKernelId: expected 1 to 0xfff"],
  [
    "an unknown C type",
    { args: [{ name: "n", qualifier: "SCALAR", type: "size_t" }] as const },
    "argument n: expected a pointer",
  ],
])("%s is refused", (_, change, message) => {
  expect(() => buildXclbin({ ...spec, ...change })).toThrow(message);
});

function sectionBytes(file: Uint8Array, { offset, sizeBytes }: XclbinSection): Uint8Array {
  return file.subarray(offset, offset + sizeBytes);
}
