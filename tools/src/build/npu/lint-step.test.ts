import { DesignError } from "@aiekit/core";
import { buildXclbin, encodeTxn, npuKernelArgs, type XclbinSpec } from "@aiekit/xclbin";
import { afterAll, beforeAll, expect, test } from "vitest";
import { packageOwn } from "../../packaging/own-packager.ts";
import { partitionOf } from "../../packaging/packager.ts";
import { sampleRequest } from "../../packaging/sample-cdo.test-support.ts";
import { lintProducts } from "./lint-step.ts";
import { builtMelSteps, type MelSteps } from "./mel-steps.test-support.ts";
import { lintRef, toolInstsRef } from "./outputs.ts";

let mel: MelSteps;
let spec: XclbinSpec;
beforeAll(async () => {
  mel = await builtMelSteps();
  const { pdi } = await packageOwn(sampleRequest());
  spec = { ...sampleRequest(), ...partitionOf(sampleRequest()), args: npuKernelArgs(5), pdi };
});
afterAll(() => mel.remove());

const streamFor = (deviceGeneration: number, address = 0x1d000): Uint8Array =>
  encodeTxn({
    ...{ major: 0, minor: 1, deviceGeneration, rows: 6, cols: 1, memtileRows: 1 },
    ops: [{ op: "write32", address, value: 1 }],
  });
const file = (name: string, bytes: Uint8Array) => ({ name, bytes });

test("a build that comes through has nothing to say of its xclbin and streams", () => {
  expect(mel.text(lintRef)).toBe("");
});

test("streams of the other generation, which the tools write without a word, are a failed step with the stream's name", async () => {
  await mel.tools.answer("insts_frames_16.bin", streamFor(4));
  const [translated] = [...(await mel.run("translate insts frames_16")).values()];

  const found = () => lintProducts("npu1", file("final.xclbin", buildXclbin(spec)), [file("a.bin", translated!)]);

  expect(toolInstsRef("frames_16").output).toBe("insts_frames_16.bin");
  expect(found).toThrow(DesignError);
  expect(found).toThrow(/^what was built would not run:\n {2}stream-device: a\.bin, instruction stream/);
});

test("a stream that reaches beyond the xclbin's columns is an error, and the same finding is told once a stream", () => {
  const outside = streamFor(3, (3 << 25) | 0x1d000);

  const found = () =>
    lintProducts("npu1", file("final.xclbin", buildXclbin(spec)), [file("a.bin", outside), file("b.bin", outside)]);

  expect(found).toThrow(/ {2}[\w-]+: a\.bin, instruction stream.*\n {2}[\w-]+: b\.bin, instruction stream/);
});

test("an xclbin without a program for its core is an error, told once however many streams there are", () => {
  const { pdi: _, ...rest } = spec;
  const streams = [file("a.bin", streamFor(3)), file("b.bin", streamFor(3))];
  const empty = buildXclbin({ ...rest, pdi: spec.pdi.slice(0, 200) });

  const message = messageOf(() => lintProducts("npu1", file("final.xclbin", empty), streams));

  expect(message).toMatch(/^what was built would not run:\n {2}[\w-]+: final\.xclbin, AIE_PARTITION/);
  expect(message).toBe(messageOf(() => lintProducts("npu1", file("final.xclbin", empty), [])));
});

function messageOf(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    return (error as Error).message;
  }
  return "";
}
