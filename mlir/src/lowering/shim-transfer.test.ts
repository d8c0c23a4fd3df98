import fc from "fast-check";
import { expect, test } from "vitest";
import { deviceModel } from "../device-model/device-model.ts";
import {
  burstEncoding,
  shimPattern,
  strictTransferError,
  type Transfer,
  touchedElements,
  transferCure,
  transferError,
} from "./shim-transfer.ts";

const transfer = (elementBits: number, sizes: number[], strides: number[]): Transfer => ({
  elementBits,
  sizes,
  strides,
});

test("a linear transfer leaves sizes and strides to the length field, whatever its length", () => {
  const pattern = shimPattern(transfer(32, [1_048_000, 1, 1, 1], [1, 0, 0, 0]));

  expect(pattern).toEqual({
    lengthWords: 1_048_000,
    sizes: [0, 0],
    strides: [0, 0, 0],
    iterationSize: 0,
    iterationStride: 0,
    repeat: 0,
  });
});

// 400 samples of 16 bits are 200 words; frames start every 160 samples = 80 words; 512 frames are 40,960 words.
test("1024 overlapping frames of 16-bit samples: words and words minus one in the registers", () => {
  const pattern = shimPattern(transfer(16, [400, 512, 2, 1], [1, 160, 81_920, 0]));

  expect(pattern.lengthWords).toBe(1024 * 200);
  expect(pattern.sizes).toEqual([200, 512]);
  expect(pattern.strides).toEqual([0, 79, 40_959]);
});

test("a repeat with stride 0 is a count of the queue, one with a stride a count of the BD as well", () => {
  const same = shimPattern(transfer(32, [64, 4, 1, 16], [1, 128, 0, 0]));
  const next = shimPattern(transfer(32, [64, 4, 1, 16], [1, 128, 0, 512]));

  expect([same.repeat, same.iterationSize]).toEqual([15, 0]);
  expect([next.repeat, next.iterationSize, next.iterationStride]).toEqual([15, 15, 511]);
});

test.each([
  { sizes: [1024, 1, 1, 1], strides: [1, 1024, 0, 0], message: "Size 0 exceeds the [0:1023] range." },
  { sizes: [1024, 2, 1, 1], strides: [1, 1024, 0, 0], message: "Size 0 exceeds the [0:1023] range." },
  { sizes: [16, 1024, 1, 1], strides: [1, 16, 0, 0], message: "Size 1 exceeds the [0:1023] range." },
  { sizes: [16, 1, 1, 66], strides: [1, 0, 0, 16], message: "Size 3 exceeds the [1:64] range." },
  { sizes: [16, 0, 1, 1], strides: [1, 0, 0, 0], message: "Size 1 must be a positive integer." },
  { sizes: [16, 2, 1, 1], strides: [1, 0, 0, 0], message: "Stride 1 must be a positive integer." },
])("$sizes by $strides words: $message", ({ sizes, strides, message }) => {
  expect(transferError(transfer(32, sizes, strides))).toBe(message);
});

test("a stride of 0 inside is told where a repetition can stand; a right stride needs no cure", () => {
  expect(transferCure(transfer(32, [16, 2, 1, 1], [1, 0, 0, 0]))).toContain("only the outermost of four dimensions");
  expect(transferCure(transfer(32, [16, 2, 1, 4], [1, 16, 0, 0]))).toBeUndefined();
});

test("bytes: lengths and strides that are no whole words are refused, stride 1 inside is not", () => {
  expect(transferError(transfer(8, [6, 1, 1, 1], [1, 0, 0, 0]))).toBe(
    "Transfer sizes must be multiples of 4 bytes. 6 elements at 1 bytes each equal 6 bytes, which is not divisible by 4.",
  );
  expect(transferError(transfer(16, [8, 4, 1, 1], [1, 9, 0, 0]))).toBe(
    "Stride 1 is 9 elements * 2 bytes = 18 bytes, which is not divisible by 4.",
  );
  expect(transferError(transfer(16, [8, 4, 1, 1], [1, 10, 0, 0]))).toBeUndefined();
});

test("65 iterations and a stride of 2^20 + 1 words pass the real verifier and not ours", () => {
  const iterations = transfer(32, [64, 1, 1, 65], [1, 0, 0, 64]);
  const stride = transfer(32, [8, 2, 1, 1], [1, 1_048_577, 0, 0]);

  expect([iterations, stride].map((transfer) => transferError(transfer))).toEqual([undefined, undefined]);
  expect([iterations, stride].map(strictTransferError)).toEqual([
    "Size 3 exceeds the [1:64] range.",
    "Stride 1 exceeds the [1:1048576] range.",
  ]);
});

// The oracle walks every element.
test("the touched range of a pattern is that of its elements", () => {
  const size = fc.integer({ min: 1, max: 5 });
  const stride = fc.integer({ min: 0, max: 30 });
  fc.assert(
    fc.property(fc.tuple(size, size, size, size), fc.tuple(stride, stride, stride, stride), (sizes, strides) => {
      const elements: number[] = [];
      const visit = (dim: number, at: number): void => {
        if (dim === 4) elements.push(at);
        else for (let i = 0; i < (sizes[dim] ?? 0); i++) visit(dim + 1, at + i * (strides[dim] ?? 0));
      };
      visit(0, 100);

      expect(touchedElements(transfer(32, [...sizes], [...strides]), 100)).toEqual({
        first: Math.min(...elements),
        end: Math.max(...elements) + 1,
      });
    }),
    { seed: 3 },
  );
});

test("bursts: npu1 has 64, 128 and 256 bytes, npu2 also 512; 0 is the longest", () => {
  const [npu1, npu2] = [deviceModel("npu1"), deviceModel("npu2")];

  expect([0, 64, 128, 256, 512].map((b) => burstEncoding(npu1, b))).toEqual([2, 0, 1, 2, undefined]);
  expect([0, 64, 512].map((b) => burstEncoding(npu2, b))).toEqual([3, 0, 3]);
});

test("a dimension that is too large for its field is one plain run where rows lie behind each other, and is split where not", () => {
  const plain = "one dimension of 8192 with stride 1 has no such limit";

  expect(transferCure(transfer(32, [2048, 4, 1, 1], [1, 2048, 0, 0]))).toContain(plain);
  expect(transferCure(transfer(32, [2048, 2, 2, 1], [1, 2048, 4096, 0]))).toContain(plain);
  expect(transferCure(transfer(32, [2048, 4, 1, 1], [1, 2056, 0, 0]))).toContain("write it as two dimensions");
  expect(transferCure(transfer(32, [2048, 2, 2, 1], [1, 2048, 4104, 0]))).not.toContain(plain);
  expect(transferError(transfer(32, [8192, 1, 1, 1], [1, 0, 0, 0]))).toBeUndefined();
});
