import { UsageError } from "@aiekit/core";
import { expect, test } from "vitest";
import { type BuildRequest, deviceOnTarget, resolveRequest } from "./request.ts";

const resolve = (changes: Partial<BuildRequest> = {}) => resolveRequest({ kernel: "mel", target: "sim", ...changes });

test("what is left out has the kernel's defaults, and the folder is named after the kernel alone", async () => {
  expect(await resolve()).toMatchObject({ device: "npu1_1col", params: { tiles: 1 }, folderName: "mel" });
});

test("a choice that is not the default is in the folder's name, one that is the default is not", async () => {
  expect((await resolve({ params: { tiles: 3 } })).folderName).toBe("mel-tiles=3");
  expect((await resolve({ params: { tiles: 1 } })).folderName).toBe("mel");
  expect((await resolve({ device: "npu2_1col", params: { tiles: 3 } })).folderName).toBe(
    "mel-device=npu2_1col-tiles=3",
  );
  expect((await resolve({ device: "npu1_1col" })).folderName).toBe("mel");
});

test("every kernel takes a rounding mode; its own, conv_even, leaves no trace", async () => {
  expect((await resolve({ kernel: "fft", params: { rounding: "floor" } })).folderName).toBe("fft-rounding=floor");
  expect(await resolve({ kernel: "fft", params: { rounding: "conv_even" } })).toEqual(await resolve({ kernel: "fft" }));
  await expect(resolve({ params: { rounding: "up" } })).rejects.toThrow(
    /parameter rounding: expected floor or ceil or/,
  );
});

test("instruction streams as ELFs are a choice of every kernel, with a folder of its own", async () => {
  expect((await resolve({ params: { instsFormat: "elf" } })).folderName).toBe("mel-instsFormat=elf");
  expect(await resolve({ params: { instsFormat: "bin" } })).toEqual(await resolve({}));
});

test("a number may be given as text", async () => {
  expect((await resolve({ params: { tiles: "3" } })).params).toEqual({ tiles: 3 });
});

test.each([["2"], ["3.5"], ["three"], [""], ["../../etc"]])("tiles=%j is refused with the choices", async (tiles) => {
  await expect(resolve({ params: { tiles } })).rejects.toThrow(UsageError);
  await expect(resolve({ params: { tiles } })).rejects.toThrow(/mel: parameter tiles: expected/);
});

test("a fraction is refused with how a design takes one", async () => {
  const error = await resolve({ params: { tiles: 0.01 } }).catch((e: unknown) => e);

  expect((error as UsageError).message).toBe("mel: parameter tiles: expected a whole number, got 0.01");
  expect((error as UsageError).hint).toMatch(/^tiles: .*; a factor is a parameter whose default is text/);
});

test("an unknown parameter is refused with the known ones", async () => {
  const error = await resolve({ params: { tile: 3 } }).catch((e: unknown) => e);

  expect(error).toBeInstanceOf(UsageError);
  expect((error as UsageError).hint).toBe("parameters of mel: tiles, rounding, instsFormat");
});

test("an unknown kernel is refused with the nearest name", async () => {
  const error = await resolve({ kernel: "mell" }).catch((e: unknown) => e);

  expect((error as UsageError).hint).toContain("mel");
});

test.each([
  ["npu1_1col", "npu1", "npu1_1col"],
  ["npu1_3col", "npu2", "npu2_3col"],
  ["npu1", "npu1", "npu1"],
  // The whole npu1 has 4 columns; the whole npu2 has 8.
  ["npu1", "npu2", "npu2_4col"],
  ["npu2_4col", "npu1", "npu1"],
  ["npu2_7col", "npu2", "npu2_7col"],
  ["npu2_1col", "sim", "npu2_1col"],
] as const)("a design for %s is built for %s on %s", (device, target, expected) => {
  expect(deviceOnTarget(device, target)).toBe(expected);
});

test("the target chooses the device's generation, and the folder's name does not tell what the target tells", async () => {
  expect(await resolve({ target: "npu2" })).toMatchObject({ device: "npu2_1col", folderName: "mel" });
  expect((await resolve({ target: "npu2", device: "npu2_2col" })).folderName).toBe("mel-device=npu2_2col");
});

test("a device of the other generation is refused with the one to take", async () => {
  const error = await resolve({ target: "npu2", device: "npu1_1col" }).catch((e: unknown) => e);

  expect(error).toBeInstanceOf(UsageError);
  expect((error as UsageError).message).toContain("device npu1_1col is not of target npu2: expected aie2p, got aie2");
  expect((error as UsageError).hint).toContain("npu2_1col");
});
