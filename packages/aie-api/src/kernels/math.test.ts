import { WasmClang } from "@aiekit/wasm-clang";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { buildKernel, inputs, outputs, startTimeoutMs, type TestKernel } from "../kernel.test-support.ts";
import { kernelFiles, seededRandom } from "./kernel-pair.test-support.ts";
import { erfc, gelu } from "./normal-distribution.test-support.ts";

const convEven = 12;
const floor = 0;
const resultsAt = outputs - 1_024;

/** A function of floats, `width` at a time. */
const entry = (name: string, width: number, make: string, use: string, rounding = convEven): string => `
extern "C" void ${name}(const float *in, float *out, int n) {
  aie::set_rounding(static_cast<aie::rounding_mode>(${rounding})); aie::set_saturation(aie::saturation_mode::none);
  ${make}
  for (int i = 0; i < n; i += ${width}) {
    const aie::accum<accfloat, ${width}> x(aie::load_v<${width}>(in + i));
    const auto y = ${use};
    aie::store_v(out + i, y.template to_vector<float>());
  }
}`;

const source = `
#include "math/exp.h"
#include "math/gelu.h"
#include "math/reciprocal.h"
#include "math/reciprocal_sqrt.h"
${[16, 32]
  .flatMap((n) => [
    entry(`exp_nonpositive_${n}`, n, `const aiekit_math::exp_nonpositive<${n}> f;`, "f(x)"),
    entry(`exp_clamped_${n}`, n, `const aiekit_math::exp_clamped<${n}> f;`, "f(x)"),
    entry(`gelu_${n}`, n, `const aiekit_math::gelu<${n}> f;`, "f(x)"),
  ])
  .join("\n")}
${entry("reciprocal_16", 16, "", "aiekit_math::reciprocal(x)")}
${entry("reciprocal_sqrt_16", 16, "", "aiekit_math::reciprocal_sqrt(x)")}
${entry("square_16", 16, "", "aiekit_math::product(aiekit_math::bf16_parts(x), aiekit_math::bf16_parts(x))")}
${entry("exp_nonpositive_floor", 16, "const aiekit_math::exp_nonpositive<16> f;", "f(x)", floor)}
${entry("gelu_floor", 16, "const aiekit_math::gelu<16> f;", "f(x)", floor)}
`;

let clang: WasmClang;
let kernel: TestKernel;
beforeAll(async () => {
  clang = await WasmClang.open();
  const names = [...source.matchAll(/extern "C" void (\w+)\(/g)].map((m) => m[1]!);
  kernel = await buildKernel(clang, source, { headers: kernelFiles(), exports: names });
}, startTimeoutMs);
afterAll(() => clang.close());

/** The function of a kernel over any number of floats, a block at a time. */
function apply(name: string, x: Float32Array): Float32Array {
  const block = 960;
  const result = new Float32Array(x.length);
  for (let at = 0; at < x.length; at += block) {
    const part = x.subarray(at, at + block);
    new Float32Array(kernel.memory.buffer, inputs, block).fill(0).set(part);
    kernel.call(name, inputs, resultsAt, block);
    result.set(new Float32Array(kernel.memory.buffer, resultsAt, part.length), at);
  }
  return result;
}

/** Every bfloat16 number, as float: 65,536 of them. */
const allBf16 = new Float32Array(Uint32Array.from({ length: 65_536 }, (_, i) => i << 16).buffer);

/** Floats with all 24 bits, signs and exponents 2^-40..2^40, seeded. */
function anyFloats(count: number, seed: number): Float32Array {
  const random = seededRandom(seed);
  return Float32Array.from({ length: count }, () => (random() - 0.5) * 2 ** (80 * random() - 40));
}

interface Worst {
  readonly error: number;
  readonly at: number;
}

/** Largest |y - f(x)| / (|f(x)|) over the arguments that `within` takes. */
function worstRelative(
  x: Float32Array,
  y: Float32Array,
  f: (x: number) => number,
  within: (x: number) => boolean,
): Worst {
  let worst: Worst = { error: 0, at: Number.NaN };
  let count = 0;
  for (let i = 0; i < x.length; i++) {
    if (!within(x[i]!)) continue;
    count++;
    const error = Math.abs(y[i]! - f(x[i]!)) / Math.abs(f(x[i]!));
    if (!(error <= worst.error)) worst = { error, at: x[i]! };
  }
  expect(count).toBeGreaterThan(1_000);
  return worst;
}

test("the float64 reference has the tabulated values of erfc and meets itself where its two forms join", () => {
  // Abramowitz and Stegun, table 7.1 (1 - erf) and 7.3 (x e^(x^2) erfc).
  expect(erfc(0.5)).toBeCloseTo(1 - 0.5204998778, 10);
  expect(erfc(1)).toBeCloseTo(1 - 0.8427007929, 10);
  expect(erfc(2) / 0.004677734981047266).toBeCloseTo(1, 12);
  expect(erfc(5) / 1.5374597944280349e-12).toBeCloseTo(1, 12);
  expect(erfc(1 - 1e-9) / erfc(1)).toBeCloseTo(1, 8);
  expect(gelu(1)).toBeCloseTo(0.8413447460685429, 13);
});

const everywhere = (): boolean => true;
const steps = (count: number, low: number, high: number): Float32Array =>
  Float32Array.from({ length: count }, (_, i) => low + ((high - low) * i) / (count - 1));

describe.each([16, 32])("%i lanes", (n) => {
  test("exp_nonpositive: relative error at most 2^-15 for every bfloat16 and 300,000 floats in [-87.33, 0]", () => {
    const floats = steps(300_000, -87.33, 0);
    const inRange = (x: number): boolean => x <= 0 && x >= -87.33;

    expect(worstRelative(allBf16, apply(`exp_nonpositive_${n}`, allBf16), Math.exp, inRange).error).toBeLessThan(
      2 ** -15,
    );
    expect(worstRelative(floats, apply(`exp_nonpositive_${n}`, floats), Math.exp, everywhere).error).toBeLessThan(
      2 ** -15,
    );
  });

  test("exp_nonpositive below -87.33: between 0 and 2^-126, and 0 from -88.03 to -infinity", () => {
    const below = allBf16.filter((x) => x < -87.33);
    const y = apply(`exp_nonpositive_${n}`, below);

    expect(below).toContain(-Infinity);
    expect(y.every((v, i) => v >= 0 && v <= 2 ** -126 && (below[i]! > -88.03 || v === 0))).toBe(true);
  });

  test("exp_clamped: relative error at most 2^-14 for every bfloat16 and 300,000 floats in [-87.33, 88.7]", () => {
    const floats = steps(300_000, -87.33, 88.7);
    const inRange = (x: number): boolean => x <= 88.7 && x >= -87.33;

    expect(worstRelative(allBf16, apply(`exp_clamped_${n}`, allBf16), Math.exp, inRange).error).toBeLessThan(2 ** -14);
    expect(worstRelative(floats, apply(`exp_clamped_${n}`, floats), Math.exp, everywhere).error).toBeLessThan(2 ** -14);
    expect(
      [...apply(`exp_clamped_${n}`, Float32Array.of(-Infinity, -1000, 0, 89, Infinity))].map((v) => v / Math.exp(88.7)),
    ).toEqual([0, 0, expect.closeTo(0, 30), expect.closeTo(1, 4), expect.closeTo(1, 4)]);
  });

  test("gelu: relative error at most 2^-13 for every bfloat16 and 300,000 floats from -8 on", () => {
    const floats = steps(300_000, -8, 12);
    const inRange = (x: number): boolean => x >= -8 && Math.abs(x) >= 2 ** -100 && x < Infinity;

    expect(worstRelative(allBf16, apply(`gelu_${n}`, allBf16), gelu, inRange).error).toBeLessThan(2 ** -13);
    expect(worstRelative(floats, apply(`gelu_${n}`, floats), gelu, (x) => x !== 0).error).toBeLessThan(2 ** -13);
  });

  test("gelu: below -8 within 5.0e-15, near 0 within 2^-108, infinity and NaN of either sign as they come", () => {
    const rest = allBf16.filter((x) => x < -8 || Math.abs(x) < 2 ** -100);
    const y = apply(`gelu_${n}`, rest);
    const bound = (x: number): number => (x < -8 ? 5.0e-15 : 2 ** -108);
    const special = new Float32Array(Uint32Array.of(0x7f800000, 0x7fc00000, 0xffc00000, 0x7f810000, 0xffff0000).buffer);

    expect(rest.length).toBeGreaterThan(20_000);
    expect(y.every((v, i) => Math.abs(v - gelu(rest[i]!)) <= bound(rest[i]!))).toBe(true);
    expect([...apply(`gelu_${n}`, special)]).toEqual([Infinity, NaN, NaN, NaN, NaN]);
  });
});

test("reciprocal: 1 ulp for every bfloat16 and 200,000 floats", () => {
  const floats = anyFloats(200_000, 3);
  const inRange = (x: number): boolean => Math.abs(x) >= 2 ** -126 && Math.abs(x) < 2 ** 126;
  const inverse = (x: number): number => 1 / x;

  expect(worstRelative(allBf16, apply("reciprocal_16", allBf16), inverse, inRange).error).toBeLessThan(2 ** -23);
  expect(worstRelative(floats, apply("reciprocal_16", floats), inverse, everywhere).error).toBeLessThan(2 ** -23);
});

test("reciprocal: zero gives infinity, infinity gives zero, with their signs, NaN gives NaN, powers of two are exact", () => {
  const x = Float32Array.of(0, -0, Infinity, -Infinity, NaN, 1e-40, 2 ** 127, -(2 ** 127), 1, -2, 0.25);
  expect([...apply("reciprocal_16", x)]).toEqual([Infinity, -Infinity, 0, -0, NaN, Infinity, 0, -0, 1, -0.5, 4]);
});

test("reciprocal_sqrt: 1 ulp for every bfloat16 and 200,000 floats above 0", () => {
  const floats = anyFloats(200_000, 4);
  const inRange = (x: number): boolean => x >= 2 ** -126 && x < Infinity;
  const root = (x: number): number => 1 / Math.sqrt(x);

  expect(worstRelative(allBf16, apply("reciprocal_sqrt_16", allBf16), root, inRange).error).toBeLessThan(2 ** -23);
  expect(worstRelative(floats, apply("reciprocal_sqrt_16", floats), root, (x) => x > 0).error).toBeLessThan(2 ** -23);
});

test("reciprocal_sqrt: zero gives infinity, infinity zero, negative numbers and NaN give NaN, powers of four are exact", () => {
  const x = Float32Array.of(0, -0, 1e-40, Infinity, -Infinity, NaN, -1, -1e-30, 4, 1, 0.25);
  expect([...apply("reciprocal_sqrt_16", x)]).toEqual([Infinity, Infinity, Infinity, 0, NaN, NaN, NaN, NaN, 0.5, 1, 2]);
});

test("product of pairs: relative error at most 2^-14.4 for 200,000 squares", () => {
  const floats = anyFloats(200_000, 5);
  const square = (x: number): number => x * x;
  expect(worstRelative(floats, apply("square_16", floats), square, everywhere).error).toBeLessThan(2 ** -14.4);
});

test("with the rounding mode of a reset, floor, errors are at most twice those stated", () => {
  const x = steps(100_000, -8, -1e-6);

  expect(worstRelative(x, apply("exp_nonpositive_floor", x), Math.exp, everywhere).error).toBeLessThan(2 ** -14);
  expect(worstRelative(x, apply("gelu_floor", x), gelu, everywhere).error).toBeLessThan(2 ** -12);
});

test("a reference that is off by twice the bound is found out: the bounds are not slack", () => {
  const x = steps(20_000, -8, -1e-6);

  expect(
    worstRelative(x, apply("exp_nonpositive_16", x), (v) => Math.exp(v) * (1 + 2 ** -14), everywhere).error,
  ).toBeGreaterThan(2 ** -15);
  expect(worstRelative(x, apply("gelu_16", x), (v) => gelu(v) * (1 + 2 ** -12), everywhere).error).toBeGreaterThan(
    2 ** -13,
  );
});

// Modelled issue cycles of one vector of floats, constants made before: what the headers state.
test.each([
  ["exp_nonpositive", 16, 6, 14],
  ["exp_nonpositive", 32, 8, 21],
  ["exp_clamped", 16, 6, 15],
  ["exp_clamped", 32, 8, 23],
  ["gelu", 16, 23, 30],
  ["gelu", 32, 42, 47],
  ["reciprocal", 16, 14, 38],
  ["reciprocal_sqrt", 16, 18, 41],
])("%s of %i lanes: %i cycles of the multiplier, %i of the vector unit", (name, n, mac, vector) => {
  const counts = (length: number): number[] => {
    for (const kind of [2, 3]) kernel.call("aiekit_ops", kind);
    kernel.call(`${name}_${n}`, inputs, resultsAt, length);
    return [2, 3].map((kind) => kernel.call("aiekit_ops", kind));
  };
  const [none, one] = [counts(0), counts(n)];

  expect(one.map((count, i) => count - none[i]!)).toEqual([mac, vector]);
});
