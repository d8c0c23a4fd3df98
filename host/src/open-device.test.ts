import { fileURLToPath } from "node:url";
import { DeviceUnavailableError } from "@aiekit/core";
import { SimFault } from "@aiekit/sim";
import { encodeSimImage, readXclbin, writeXclbin } from "@aiekit/xclbin";
import { expect, test } from "vitest";
import { Bench } from "./conformance-bench.test-support.ts";
import { loopbackInsts, loopbackMlir, loopbackXclbin, objectWords } from "./loopback.test-support.ts";
import { openDevice } from "./open-device.ts";

/** Creates a context on the simulator and returns what is thrown. */
async function refusal(xclbin: Uint8Array): Promise<unknown> {
  const device = await openDevice("sim");
  const uuid = await device.registerXclbin(xclbin);
  return device.createContext(uuid).catch((error: unknown) => error);
}

function withoutSection(kind: number): Uint8Array {
  const { header, sections, trailer } = readXclbin(loopbackXclbin());
  return writeXclbin({ header, sections: sections.filter((section) => section.kind !== kind), trailer });
}

test("cpu is refused as unavailable and says what to use; nothing is opened instead", async () => {
  const error = await openDevice("cpu").catch((thrown: unknown) => thrown);

  expect(error).toBeInstanceOf(DeviceUnavailableError);
  expect(error).toMatchObject({
    message: "device cpu: this build has no CPU kernels yet",
    hint: expect.stringContaining('openDevice("sim")'),
  });
});

test("xrt without its addon is refused as unavailable, with what is missing, how to get it, and the simulator", async () => {
  const error = await openDevice("xrt", { xrtAddon: "/nowhere/aiekit_xrt.node" }).catch((thrown: unknown) => thrown);

  expect(error).toBeInstanceOf(DeviceUnavailableError);
  expect(error).toMatchObject({
    message: "device xrt: the XRT addon is not built (/nowhere/aiekit_xrt.node)",
    hint: expect.stringMatching(/libxrt-npu2.*build-xrt-addon\.mjs.*openDevice\("sim"\)/),
  });
});

test("a file that is no addon is refused as unavailable, with what the loader says", async () => {
  const xrtAddon = fileURLToPath(import.meta.url);

  await expect(openDevice("xrt", { xrtAddon })).rejects.toMatchObject({
    code: "device-unavailable",
    hint: expect.stringContaining("build the addon again"),
  });
});

test("auto opens sim where xrt is not available, and says that it chose and why", async () => {
  const device = await openDevice("auto", { xrtAddon: "/nowhere/aiekit_xrt.node" });

  expect(device.kind).toBe("sim");
  expect(device.choice).toBe(
    "auto chose sim: the XRT addon is not built (/nowhere/aiekit_xrt.node); this build has no CPU kernels yet",
  );
  expect((await openDevice("sim")).choice).toBeUndefined();
});

test("an xclbin without EMBEDDED_METADATA registers, and its context is refused with the section and XRT's words", async () => {
  expect(await refusal(withoutSection(2))).toMatchObject({
    code: "device",
    message: expect.stringMatching(/EMBEDDED_METADATA: .*absent.*No valid DPU kernel found/),
  });
});

test("an xclbin without IP_LAYOUT or AIE_PARTITION is told apart from one without metadata", async () => {
  expect(await refusal(withoutSection(8))).toMatchObject({ message: expect.stringContaining("IP_LAYOUT") });
  expect(await refusal(withoutSection(32))).toMatchObject({ message: expect.stringContaining("AIE_PARTITION") });
});

test("an xclbin with the arguments of 2023 is refused with what it has and what is called today", async () => {
  expect(await refusal(loopbackXclbin({ oldArguments: true }))).toMatchObject({
    code: "device",
    message: expect.stringMatching(
      /expected the arguments \(opcode, instr, ninstr, bo0, \.\.\.\), got \(instr, ninstr, bo0, bo1\)/,
    ),
    hint: expect.stringContaining("2023"),
  });
});

test("an xclbin whose PDI is for hardware is refused with the command that builds for the simulator", async () => {
  const pdi = new Uint8Array(64);
  pdi.set([0xdd, 0, 0, 0, 0x44, 0x33, 0x22, 0x11]);

  expect(await refusal(loopbackXclbin({ pdi }))).toMatchObject({
    code: "device",
    message: expect.stringContaining("its PDI (64 bytes) is for hardware, not for the simulator"),
    hint: "build the kernel for the simulator: aiekit build KERNEL --target sim",
  });
});

test("an image that was changed after packing is refused as a format error", async () => {
  const pdi = encodeSimImage({ loweredMlir: loopbackMlir, device: "npu1_1col", cores: [], modules: [] });
  pdi[pdi.length - 10]! ^= 1;

  expect(await refusal(loopbackXclbin({ pdi }))).toMatchObject({ code: "format" });
});

test("a design for npu2 is refused on an npu1 simulator and accepted on an npu2 one", async () => {
  const xclbin = loopbackXclbin({ device: "npu2_1col" });

  expect(await refusal(xclbin)).toMatchObject({
    message: expect.stringContaining("design is for npu2_1col, the device is npu1 (simulated)"),
    hint: 'openDevice("sim", { generation: "npu2" })',
  });
  const npu2 = await openDevice("sim", { generation: "npu2" });
  await npu2.createContext(await npu2.registerXclbin(xclbin));
  await npu2.close();
});

test("a partition of 6 columns does not fit npu1", async () => {
  expect(await refusal(loopbackXclbin({ columns: 6 }))).toMatchObject({
    message: expect.stringContaining("AIE_PARTITION: expected 1 to 5 columns, got 6"),
  });
});

test("a refused context does not use up one of the 6 that npu1 has", async () => {
  const device = await openDevice("sim");
  const bad = await device.registerXclbin(loopbackXclbin({ pdi: new Uint8Array(64) }));
  for (let i = 0; i < 8; i++) await expect(device.createContext(bad)).rejects.toThrow();

  const good = await device.registerXclbin(loopbackXclbin());
  for (let i = 0; i < 6; i++) await device.createContext(good);
  await device.close();
});

test("npu2 grants 16 contexts", async () => {
  const device = await openDevice("sim", { generation: "npu2" });
  const uuid = await device.registerXclbin(loopbackXclbin({ device: "npu2_1col" }));
  for (let i = 0; i < 16; i++) await device.createContext(uuid);

  await expect(device.createContext(uuid)).rejects.toThrow("npu2 has 16 contexts, all are in use");
  await device.close();
});

/** The loop-back design with a memtile that sends twice as many words as came: the second half was never written. */
const halfWritten = loopbackMlir.replaceAll(
  /(%buffer_\d) : memref<64xi32>, 0, 64\) \{bd_id = ([01]) /g,
  "$1 : memref<64xi32>, 0, 32) {bd_id = $2 ",
);

test("a checked device ends a run with the fault that hardware keeps silent about; one that is not checked completes", async () => {
  const pdi = encodeSimImage({ loweredMlir: halfWritten, device: "npu1_1col", cores: [], modules: [] });
  const outcome = async (checked: boolean) => {
    const device = await openDevice("sim", { checked });
    const context = await device.createContext(await device.registerXclbin(loopbackXclbin({ pdi })));
    const design = { kernelName: "MLIR_AIE", objectWords, xclbin: () => loopbackXclbin({ pdi }), insts: loopbackInsts };
    const bench = new Bench(device, context, design);
    const { input, output } = bench.buffers(1);
    const run = bench.run({ send: 1, fetch: 1 }, input, output);
    const state = await run.wait();
    await device.close();
    return { state, error: run.error };
  };

  expect(await outcome(false)).toEqual({ state: "COMPLETED", error: undefined });
  const { state, error } = await outcome(true);
  expect(state).toBe("ERROR");
  expect(error).toBeInstanceOf(SimFault);
  expect((error as SimFault).fault).toMatchObject({ kind: "uninitialised-read", buffer: "buffer_0", element: 32 });
});

test("only the simulator checks: another device, named or to be chosen, is refused with the call that works", async () => {
  for (const kind of ["xrt", "auto"] as const) {
    await expect(openDevice(kind, { checked: true })).rejects.toMatchObject({
      message: `device ${kind}: expected sim for checked, which only the simulator does`,
      hint: 'openDevice("sim", { checked: true })',
    });
  }
});
