import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { bf16ToFloat, floatToBf16, int8GemvArrays, tensor } from "@aiekit/core";
import { LaunchChain, loadKernel, openDevice } from "@aiekit/host";
import { buildKernel, packedWeights } from "@aiekit/tools";
import { createRandom, relativeL2 } from "@aiekit/validate";
import { expect, test } from "vitest";
import { compileLimitMs } from "./compile-limit.test-support.ts";
import { runInProcess } from "./run-cli.test-support.ts";

/** At most three builds. */
const buildsMs = 3 * compileLimitMs;

test(
  "gemv passes the first cases of its suite on the simulated array, and a rounding by floor turns the first red",
  async () => {
    const own = await runInProcess(["validate", "gemv", "--clips", "2", "--json"]);
    const floor = await runInProcess(["validate", "gemv", "--clips", "1", "--param", "rounding=floor", "--json"]);

    expect(JSON.parse(own.stdout).cases.map((c: { pass: boolean }) => c.pass)).toEqual([true, true]);
    expect([own.code, floor.code, JSON.parse(floor.stdout).pass]).toEqual([0, 1, false]);
  },
  buildsMs,
);

const [width, inside] = [128, 256];

test(
  "a decoder's feed-forward block of two launches of one build: int8 weights quantised once, x and residual on the device",
  async () => {
    const random = createRandom(3);
    const noise = (shape: readonly number[], deviation: number) =>
      tensor(
        "f32",
        shape,
        Float32Array.from({ length: shape.reduce((a, b) => a * b) }, () => deviation * random.normal()),
      );
    const layers = {
      fc1: { weights: noise([inside, width], 1 / Math.sqrt(width)), bias: noise([inside], 0.2) },
      fc2: { weights: noise([width, inside], 1 / Math.sqrt(inside)), bias: noise([width], 0.2) },
    };
    const names = { fc1: `1x${width}x${inside}_gelu`, fc2: `1x${inside}x${width}_residual` };
    const x = Uint16Array.from(noise([width], 1).data, floatToBf16);
    const cacheRoot = await mkdtemp(join(tmpdir(), "aiekit-gemv-"));
    const device = await openDevice("sim");
    try {
      const params = { dtype: "i8_bf16", shapes: `${names.fc1}.${names.fc2}`, tile: "whole" };
      const { manifestPath } = await buildKernel({ kernel: "gemv", target: "sim", params });
      const kernel = await loadKernel(device, manifestPath);
      const chain = await LaunchChain.open({
        device,
        kernels: new Map([["gemv", kernel]]),
        steps: [
          { name: "fc1", kernel: "gemv", sequence: names.fc1, args: { x: "x", w: "w1", channels: "c1", y: "h" } },
          {
            name: "fc2",
            kernel: "gemv",
            sequence: names.fc2,
            args: { x: "h", w: "w2", channels: "c2", residual: "x", y: "y" },
          },
        ],
      });
      const made = { fc1: int8GemvArrays("fc1", layers.fc1), fc2: int8GemvArrays("fc2", layers.fc2) };
      for (const [i, name] of (["fc1", "fc2"] as const).entries()) {
        const sequence = kernel.manifest.sequences.find((one) => one.name === names[name])!;
        const sources = { w: layers[name].weights, bias: layers[name].bias };
        const packed = await packedWeights({
          cacheRoot,
          sequence,
          sources,
          scheme: "int8",
          make: () => ({ ...made[name] }),
        });
        await chain.writeBuffer(`w${i + 1}`, packed.get("w")!);
        await chain.writeBuffer(`c${i + 1}`, packed.get("channels")!);
      }
      await chain.write("x", tensor("bf16", [1, width], x));

      const first = await chain.run({ guard: true });
      const y = Float64Array.from((await chain.read("y")).data as Uint16Array, bf16ToFloat);
      await chain.run({ guard: true });

      expect((await chain.read("y")).data).toEqual(Uint16Array.from(y, floatToBf16));
      expect([chain.plan.runlists.length, first.steps.length]).toEqual([1, 2]);
      const numbers = Float64Array.from(x, bf16ToFloat);
      const hidden = linear(numbers, layers.fc1).map((v) => 0.5 * v * (1 + erf(v / Math.SQRT2)));
      const expected = linear(hidden, layers.fc2).map((v, i) => v + numbers[i]!);
      // int8: half a step of 1/127 of a maximum of about 2.7 deviations is 0.6 % of a weight's deviation; twice, and bfloat16.
      expect(relativeL2(expected, y)).toBeLessThan(0.02);
      chain.close();
    } finally {
      await device.close();
      await rm(cacheRoot, { recursive: true });
    }
  },
  buildsMs,
);

interface Linear {
  readonly weights: { readonly data: Float32Array };
  readonly bias: { readonly data: Float32Array };
}

function linear(x: Float64Array, { weights, bias }: Linear): Float64Array {
  return Float64Array.from(bias.data, (start, row) => {
    let sum = start;
    for (let i = 0; i < x.length; i++) sum += x[i]! * weights.data[row * x.length + i]!;
    return sum;
  });
}

/** By its Taylor series, which converges for the few deviations that occur here. */
function erf(x: number): number {
  let [term, sum] = [x, x];
  for (let n = 1; n < 120; n++) {
    term *= -(x * x) / n;
    sum += term / (2 * n + 1);
  }
  return (2 / Math.sqrt(Math.PI)) * sum;
}
