import { beforeAll, expect, test } from "vitest";
import { startTimeoutMs, type TestKernel } from "../kernel.test-support.ts";
import { getBf16 } from "./bf16-arrays.test-support.ts";
import { argumentsBase, buildPair } from "./kernel-pair.test-support.ts";

const elements = 4096;
const [inAt, outAt] = [argumentsBase, argumentsBase + 4 * elements];
let kernel: TestKernel;

beforeAll(async () => {
  ({ kernel } = await buildPair({
    file: "kernels/transpose/transpose.cc",
    exports: ["transpose_narrow_f32"],
    reference: `#include "transpose/transpose_ref.h"
      extern "C" void transpose_narrow_f32_ref(const float *in, bfloat16 *out, int n) {
        transpose::transpose_narrow_f32_ref(in, out, n); }`,
    referenceExports: ["transpose_narrow_f32_ref"],
  }));
}, startTimeoutMs);

test("transpose_narrow_f32 equals its scalar meaning bit for bit: every bfloat16 and what lies around it, NaN apart", () => {
  const isNaNBits = (bits: number) => (bits & 0x7fff) > 0x7f80;
  // Exact, just above, a tie, just above the tie, just below the next.
  const low = [0, 1, 0x8000, 0x8001, 0xffff];
  const words = new Uint32Array(kernel.memory.buffer, inAt, elements);
  for (let first = 0; first < 65_536 * low.length; first += elements) {
    for (let i = 0; i < elements; i++) {
      const at = first + i;
      words[i] = (Math.floor(at / low.length) << 16) | low[at % low.length]!;
    }
    const [got, expected] = (["transpose_narrow_f32", "transpose_narrow_f32_ref"] as const).map((name) => {
      kernel.call(name, inAt, outAt, elements);
      return getBf16(kernel, outAt, elements).map((bits) => (isNaNBits(bits) ? 0x7fc0 : bits));
    });
    expect(got).toEqual(expected);
  }
});
