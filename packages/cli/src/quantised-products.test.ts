import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  activationScale,
  bf16ToFloat,
  dequantiseInt8,
  int8MatmulArrays,
  int8Weights,
  quantiseActivations,
  RangeTable,
  tensor,
} from "@aiekit/core";
import { LaunchChain, loadKernel, openDevice } from "@aiekit/host";
import { buildKernel, packedWeights } from "@aiekit/tools";
import { createRandom, relativeL2 } from "@aiekit/validate";
import { expect, test } from "vitest";

const [rows, inputs, inside, outputs] = [24, 64, 128, 64];

/** Two products, x w1 + b1 and that times w2 + b2, in float64. */
function products() {
  const random = createRandom(5);
  const noise = (shape: readonly [number, number] | readonly [number], deviation: number) =>
    tensor(
      "f32",
      shape,
      Float32Array.from({ length: shape[0] * (shape[1] ?? 1) }, () => deviation * random.normal()),
    );
  const first = { weights: noise([inputs, inside], 1 / Math.sqrt(inputs)), bias: noise([inside], 0.2) };
  const second = { weights: noise([inside, outputs], 1 / Math.sqrt(inside)), bias: noise([outputs], 0.2) };
  return { x: noise([rows, inputs], 1), first, second };
}

function linear(x: Float64Array, weights: Float32Array, bias: Float32Array): Float64Array {
  const columns = bias.length;
  const depth = weights.length / columns;
  return Float64Array.from({ length: (x.length / depth) * columns }, (_, at) => {
    const [row, column] = [Math.floor(at / columns), at % columns];
    let sum = bias[column]!;
    for (let i = 0; i < depth; i++) sum += x[row * depth + i]! * weights[i * columns + column]!;
    return sum;
  });
}

test("two int8 products, chained on the device, give the float64 result within what their scales say", async () => {
  const { x, first, second } = products();
  const hidden = linear(Float64Array.from(x.data), first.weights.data, first.bias.data);
  const ranges = new RangeTable();
  ranges.observe("x", x.data);
  ranges.observe("hidden", hidden);
  const [inputScale, hiddenScale] = [activationScale(ranges.range("x"), 8), activationScale(ranges.range("hidden"), 8)];
  const [w1, w2] = [int8Weights("first", first.weights), int8Weights("second", second.weights)];
  const names = { first: `${rows}x${inputs}x${inside}`, second: `${rows}x${inside}x${outputs}` };
  const build = (dtype: string, shapes: string) =>
    buildKernel({ kernel: "matmul", target: "sim", params: { dtype, shapes, tile: "whole" } });
  const cacheRoot = await mkdtemp(join(tmpdir(), "aiekit-products-"));
  const device = await openDevice("sim");
  try {
    const kernels = new Map([
      ["first", await loadKernel(device, (await build("i8_i8", names.first)).manifestPath)],
      ["second", await loadKernel(device, (await build("i8_bf16", names.second)).manifestPath)],
    ]);
    const chain = new LaunchChain({
      device,
      kernels,
      steps: [
        { name: "first", kernel: "first", sequence: names.first, args: { a: "x", b: "w1", channels: "c1", c: "h" } },
        { name: "second", kernel: "second", sequence: names.second, args: { a: "h", b: "w2", channels: "c2", c: "y" } },
      ],
    });
    const made = {
      first: int8MatmulArrays("first", { weights: w1, bias: first.bias, inputScale, outputScale: hiddenScale }),
      second: int8MatmulArrays("second", { weights: w2, bias: second.bias, inputScale: hiddenScale }),
    };
    for (const [i, name] of (["first", "second"] as const).entries()) {
      const { b, channels } = made[name];
      const sequence = kernels.get(name)!.manifest.sequences[0]!;
      const sources = { b: { first, second }[name].weights };
      const packed = await packedWeights({ cacheRoot, sequence, sources, scheme: name, make: () => ({ b, channels }) });
      chain.writeBuffer(`w${i + 1}`, packed.get("b")!);
      chain.writeBuffer(`c${i + 1}`, packed.get("channels")!);
    }
    const integers = quantiseActivations(x, inputScale, 8).values;
    chain.write("x", integers);

    await chain.run({ guard: true });

    // First product: the integers that the kernel's formula makes of exact sums; half a step at most from the real number.
    const dequantised = Float64Array.from(integers.data, (value) => value * inputScale);
    const real = linear(dequantised, dequantiseInt8(w1).data, first.bias.data);
    const h = chain.read("h").data as Int8Array;
    h.forEach((value, i) => {
      expect(Math.abs(value - Math.max(-127.5, Math.min(127.5, real[i]! / hiddenScale))), `h[${i}]`).toBeLessThan(0.52);
    });
    // Second: the integers that came, times the weights, rounded to bfloat16 once.
    const expected = linear(
      Float64Array.from(h, (value) => value * hiddenScale),
      dequantiseInt8(w2).data,
      second.bias.data,
    );
    const y = Float64Array.from(chain.read("y").data as Uint16Array, bf16ToFloat);
    y.forEach((value, i) => {
      expect(Math.abs(value - expected[i]!), `y[${i}]`).toBeLessThanOrEqual(
        2 ** -8 * Math.abs(expected[i]!) + 0.51 * biasStep(i),
      );
    });
    // All of it: steps of 1/127 of a maximum near 4 deviations, four times, are 4 / 127 / sqrt(12) * 2 = 0.018.
    expect(relativeL2(linear(hidden, second.weights.data, second.bias.data), y)).toBeLessThan(0.02);
    chain.close();

    function biasStep(i: number): number {
      return w2.scales.data[i % outputs]! * hiddenScale;
    }
  } finally {
    await device.close();
    await rm(cacheRoot, { recursive: true });
  }
}, 180_000);
