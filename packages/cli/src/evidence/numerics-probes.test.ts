import { bf16ToFloat, type RoundingMode, roundingModes, type Tensor } from "@aiekit/core";
import { expect, test } from "vitest";
import { numericsProbes } from "./numerics-probes.ts";

const probes = numericsProbes();
const inputsOf = (name: string) => probes.find((probe) => probe.name.startsWith(name))!.inputs();

// The modes by their definition on real numbers, here in steps of a bfloat16's last bit.
const byDefinition: Record<RoundingMode, (x: number) => number> = {
  floor: Math.floor,
  ceil: Math.ceil,
  symmetric_floor: Math.trunc,
  symmetric_ceil: (x) => Math.sign(x) * Math.ceil(Math.abs(x)),
  negative_inf: (x) => Math.ceil(x - 0.5),
  positive_inf: (x) => Math.floor(x + 0.5),
  symmetric_zero: (x) => Math.sign(x) * Math.ceil(Math.abs(x) - 0.5),
  symmetric_inf: (x) => Math.sign(x) * Math.floor(Math.abs(x) + 0.5),
  conv_even: (x) => nearest(x, 0),
  conv_odd: (x) => nearest(x, 1),
};

function nearest(x: number, parity: number): number {
  const below = Math.floor(x);
  if (x - below !== 0.5) return Math.round(x);
  return Math.abs(below % 2) === parity ? below : below + 1;
}

test("the rounding vectors tell every two modes apart, and there is a probe for each mode", () => {
  const bits = new Uint32Array((inputsOf("rounding").x as Tensor).data.buffer as ArrayBuffer);
  const finite = [...bits].filter((b) => ((b >>> 23) & 0xff) < 0xff);
  const rounded = (mode: RoundingMode) =>
    finite.map((b) => byDefinition[mode]((b >>> 31 === 1 ? -1 : 1) * ((b & 0x7fffffff) / 0x10000)) + 0).join();

  const modes = Object.keys(roundingModes) as RoundingMode[];
  expect(new Set(modes.map(rounded)).size).toBe(modes.length);
  expect(probes.flatMap(({ params }) => params.rounding ?? [])).toEqual(modes);
});

test("the vectors for accumulation give other bits when they are summed backwards, in most of the sums", () => {
  const { a, b } = inputsOf("order") as { a: Tensor; b: Tensor };
  const term = (row: number, col: number, k: number) =>
    bf16ToFloat(Number(a.data[row * 512 + k])) * bf16ToFloat(Number(b.data[k * 64 + col]));
  const sum = (row: number, col: number, order: readonly number[]) =>
    order.reduce((all, k) => Math.fround(all + term(row, col, k)), 0);
  const forwards = Array.from({ length: 512 }, (_, k) => k);
  const backwards = [...forwards].reverse();

  const pairs = Array.from({ length: 64 }, (_, i) => [sum(i, i, forwards), sum(i, i, backwards)]);

  expect(pairs.filter(([one, other]) => one !== other).length).toBeGreaterThan(32);
});

test("the vectors for exp have their row's maximum, 0, once a row, and fall from there to -96", () => {
  const { data } = inputsOf("exp").x as Tensor;
  const rows = Array.from({ length: 64 }, (_, r) =>
    Array.from(data.slice(64 * r, 64 * r + 64) as Uint16Array, bf16ToFloat),
  );

  for (const row of rows) expect(row.filter((x) => x >= 0)).toEqual([0]);
  expect(Math.min(...rows.flat())).toBe(-96);
});
