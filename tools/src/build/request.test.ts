import { UsageError } from "@aiekit/core";
import { expect, test } from "vitest";
import { type BuildRequest, resolveRequest } from "./request.ts";

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

test("a number may be given as text", async () => {
  expect((await resolve({ params: { tiles: "3" } })).params).toEqual({ tiles: 3 });
});

test.each([["2"], ["3.5"], ["three"], [""], ["../../etc"]])("tiles=%j is refused with the choices", async (tiles) => {
  await expect(resolve({ params: { tiles } })).rejects.toThrow(UsageError);
  await expect(resolve({ params: { tiles } })).rejects.toThrow(/mel: parameter tiles: expected/);
});

test("an unknown parameter is refused with the known ones", async () => {
  const error = await resolve({ params: { tile: 3 } }).catch((e: unknown) => e);

  expect(error).toBeInstanceOf(UsageError);
  expect((error as UsageError).hint).toBe("parameters of mel: tiles, rounding");
});

test("an unknown kernel is refused with the nearest name", async () => {
  const error = await resolve({ kernel: "mell" }).catch((e: unknown) => e);

  expect((error as UsageError).hint).toContain("mel");
});
