import { isPdi, readPdi, readXclbin } from "@aiekit/xclbin";
import { expect, test } from "vitest";
import { ownPackager, packageOwn } from "./own-packager.ts";
import { oneCore, sampleCdo, sampleRequest } from "./sample-cdo.test-support.ts";

test("the xclbin carries the PDI, the kernel with its arguments, and the partition of the request", async () => {
  const { pdi, xclbin } = await packageOwn(sampleRequest({ device: "npu1_2col", bufferCount: 6 }));

  const read = readXclbin(xclbin);
  expect(isPdi(pdi)).toBe(true);
  expect(read.partition?.pdis.map(({ image }) => image)).toEqual([pdi]);
  expect(read.partition).toMatchObject({ columnWidth: 2, startColumns: [1, 2, 3] });
  expect(read.kernels).toMatchObject([{ name: "MLIR_AIE", dpuKernelId: 0x901, instances: ["MLIRAIE"] }]);
  expect(read.kernels[0]?.args.map(({ name, offsetBytes }) => `${name}@${offsetBytes}`)).toEqual([
    ...["opcode@0", "instr@8", "ninstr@16", "bo0@20", "bo1@28", "bo2@36", "bo3@44", "bo4@52", "bo5@60"],
  ]);
  expect(read.sections.map(({ name }) => name).filter((name) => name !== "")).toEqual([
    ...["main_mem_topolo", "main_aie_partit"],
  ]);
});

test("the PDI obeys elfs before init before enable", async () => {
  const pdi = await ownPackager.packPdi(sampleRequest());

  const { commands } = readPdi(pdi).cdo;
  const addresses = commands.flatMap((c) => ("address" in c ? [c.address & 0xfffff] : []));
  expect(addresses.indexOf(0x20000)).toBeLessThan(addresses.indexOf(0x1d000));
  expect(addresses.indexOf(0x1d000)).toBeLessThan(addresses.lastIndexOf(0x32000));
  expect(commands.at(-1)).toMatchObject({ command: "maskWrite", mask: 1, value: 1 });
});

test("equal requests give equal bytes; another program gives another uuid of PDI and xclbin", async () => {
  const [first, again] = [await packageOwn(sampleRequest()), await packageOwn(sampleRequest())];
  const other = await packageOwn(sampleRequest({ cdo: sampleCdo([{ ...oneCore[0]!, programWords: 301 }]) }));

  expect(Buffer.compare(first.xclbin, again.xclbin)).toBe(0);
  const uuids = ({ xclbin }: { xclbin: Uint8Array }) => {
    const read = readXclbin(xclbin);
    return [read.uuid, read.partition?.pdis[0]?.uuid];
  };
  expect(uuids(other)[0]).not.toBe(uuids(first)[0]);
  expect(uuids(other)[1]).not.toBe(uuids(first)[1]);
});

test("a design that the array would leave idle is refused before anything is packed", async () => {
  const cdo = sampleCdo([{ col: 0, row: 2, programWords: 0 }]);

  await expect(packageOwn(sampleRequest({ cdo }))).rejects.toThrow("enables cores without a program: (0,2)");
});

test("its command lines name the files of the step before", () => {
  expect(ownPackager.commands(sampleRequest())).toEqual({
    pdi: "aiekit pack main_aie_cdo_elfs.bin main_aie_cdo_init.bin main_aie_cdo_enable.bin -o main.pdi",
    xclbin: "aiekit pack main.pdi --device npu1_1col --buffers 5 -o final.xclbin",
  });
});
