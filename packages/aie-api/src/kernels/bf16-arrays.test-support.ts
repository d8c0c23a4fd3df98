import { bf16ToFloat, floatToBf16 } from "@aiekit/core";
import type { TestKernel } from "../kernel.test-support.ts";
import { seededRandom } from "./kernel-pair.test-support.ts";

/** bfloat16 bits of noise, `mean` plus up to `width` to either side. */
export function bf16Noise(count: number, seed: number, { mean = 0, width = 4 } = {}): Uint16Array {
  const random = seededRandom(seed);
  return Uint16Array.from({ length: count }, () => floatToBf16(mean + width * (2 * random() - 1)));
}

export const toBf16 = (values: readonly number[]): Uint16Array => Uint16Array.from(values, floatToBf16);
export const toNumbers = (bits: Uint16Array): number[] => Array.from(bits, bf16ToFloat);

export function putBf16(kernel: TestKernel, at: number, bits: Uint16Array): void {
  new Uint16Array(kernel.memory.buffer, at, bits.length).set(bits);
}
export function getBf16(kernel: TestKernel, at: number, length: number): Uint16Array {
  return new Uint16Array(kernel.memory.buffer, at, length).slice();
}

/** Modelled issue cycles since the last call: the multiplier's and the vector unit's. */
export function issueCycles(kernel: TestKernel): { readonly mac: number; readonly vector: number } {
  const [mac, vector] = [2, 3].map((kind) => kernel.call("aiekit_ops", kind)) as [number, number];
  return { mac, vector };
}
