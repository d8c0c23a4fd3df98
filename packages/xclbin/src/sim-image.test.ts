import { FormatError } from "@aiekit/core";
import { expect, test } from "vitest";
import { decodeSimImage, encodeSimImage, isSimImage, type SimImage } from "./sim-image.ts";

const image: SimImage = {
  loweredMlir: "module {\n  // µs\n}\n",
  device: "npu1_1col",
  cores: [
    { col: 0, row: 2, module: 0 },
    { col: 0, row: 3, module: 1 },
    { col: 0, row: 4, module: 0 },
  ],
  modules: [Uint8Array.of(0, 0x61, 0x73, 0x6d), Uint8Array.from({ length: 1000 }, (_, i) => i % 251)],
};

test("an image comes back whole", () => {
  expect(decodeSimImage(encodeSimImage(image))).toEqual(image);
});

test("the same image gives the same bytes", () => {
  expect(encodeSimImage(image)).toEqual(encodeSimImage({ ...image, cores: [...image.cores] }));
});

test("a changed byte in any part is found by its hash, with the offset of the part", () => {
  const bytes = encodeSimImage(image);
  const wasmAt = bytes.length - 1004;

  for (const [at, part, offset] of [
    [bytes.length - 1, "module 1", bytes.length - 1000],
    [wasmAt, "module 0", wasmAt],
    [wasmAt - 1, "lowered MLIR", wasmAt - new TextEncoder().encode(image.loweredMlir).length],
  ] as const) {
    const damaged = bytes.slice();
    damaged[at]! ^= 1;
    const error = formatError(() => decodeSimImage(damaged, "x.xclbin"));
    expect(error.message).toContain(`x.xclbin: ${part}: sha256 differs`);
    expect(error.offset).toBe(offset);
  }
});

test("an image cut off anywhere is refused", () => {
  const bytes = encodeSimImage(image);

  for (const length of [8, 12, 15, 16, 60, bytes.length - 1001, bytes.length - 1]) {
    expect(formatError(() => decodeSimImage(bytes.slice(0, length))).message).toMatch(
      /cut off|left|expected 16 bytes|JSON/,
    );
  }
});

test("a PDI for hardware is called so", () => {
  const pdi = Uint8Array.of(0xdd, 0, 0, 0, 0x44, 0x33, 0x22, 0x11, 0, 0, 0, 0, 0, 0, 0, 0);

  expect(isSimImage(pdi)).toBe(false);
  expect(formatError(() => decodeSimImage(pdi)).message).toContain("got a PDI for hardware");
});

test("a core that names a missing module is refused on both sides", () => {
  const wrong = { ...image, cores: [{ col: 1, row: 2, module: 2 }] };

  expect(() => encodeSimImage(wrong)).toThrow("core (1,2): expected module 0 to 1, got 2");
  const bytes = new TextDecoder("latin1").decode(encodeSimImage(image)).replace('"module":1', '"module":7');
  expect(() => decodeSimImage(Uint8Array.from(bytes, (c) => c.charCodeAt(0)))).toThrow("module (below 2)");
});

function formatError(action: () => unknown): FormatError {
  try {
    action();
  } catch (error) {
    if (error instanceof FormatError) return error;
    throw error;
  }
  throw new Error("expected a FormatError, nothing was thrown");
}
