import { bf16ToFloat, floatToBf16, type Tensor, tensor } from "@aiekit/core";
import { expect, test } from "vitest";
import { geluReference } from "../references/normal-distribution.ts";
import { numbersOf } from "../signals/bf16-arrays.ts";
import type { ArraySubject, Arrays } from "./array-subject.ts";
import { conv1dSuite } from "./conv1d-suite.ts";
import { tanhGelu } from "./plain-gelu.test-support.ts";

interface Mistakes {
  /** Frames from position to position where the stride is 2. */
  readonly stride?: number;
  /** Frames of zeros before the first. */
  readonly zeros?: number;
  /** What stands where there is no frame. */
  readonly outside?: "last frame";
  readonly swapsTaps?: boolean;
  readonly swapsOperands?: boolean;
  /** Elements from frame to frame. */
  readonly pitch?: (inputs: number) => number;
  readonly gelu?: (x: number) => number;
  readonly ignoresResidual?: boolean;
  readonly ignoresBias?: boolean;
  readonly narrow?: (value: number) => number;
  readonly change?: (y: Float64Array) => Float64Array;
}

const floorToBf16 = (value: number): number => {
  const nearest = floatToBf16(value);
  if (!(bf16ToFloat(nearest) > value)) return nearest;
  return nearest === 0 ? 0x8001 : nearest + (value < 0 ? 1 : -1);
};
const truncateToBf16 = (value: number): number => {
  const nearest = floatToBf16(value);
  return Math.abs(bf16ToFloat(nearest)) > Math.abs(value) ? nearest - 1 : nearest;
};

/** A device of plain loops over the kernel's own layout, rounded once, with mistakes. */
function subject(mistakes: Mistakes = {}): ArraySubject {
  return {
    kernel: "conv1d",
    device: "plain loops",
    origin: "simulated",
    run: async ({ shapes }, inputs) => ({ y: convolved(String(shapes), inputs, mistakes) }),
  };
}

function convolved(name: string, given: Arrays, mistakes: Mistakes): Tensor {
  const [frames, inputs, outputs] = name.split("_")[0]!.split("x").map(Number) as [number, number, number];
  const { narrow = floatToBf16, zeros = 1, gelu = geluReference } = mistakes;
  const endings = name.split("_");
  const stride = endings.includes("s2") ? (mistakes.stride ?? 2) : 1;
  const [x, weights] = [numbersOf(given.x!), numbersOf(given.weights!)];
  const bias = given.channels && new Float32Array((given.channels.data as Int32Array).slice().buffer);
  const residual = given.residual && !mistakes.ignoresResidual ? numbersOf(given.residual) : undefined;
  const positions = Math.ceil(frames / (endings.includes("s2") ? 2 : 1));
  const pitch = mistakes.pitch?.(inputs) ?? inputs;
  const y = new Float64Array(positions * outputs);
  for (let i = 0; i < y.length; i++) {
    const [position, output] = [Math.floor(i / outputs), i % outputs];
    let sum = bias && !mistakes.ignoresBias ? bias[output]! : 0;
    for (let tap = 0; tap < 3; tap++) {
      const row = (mistakes.swapsTaps ? 2 - tap : tap) * inputs;
      let frame = position * stride + tap - zeros;
      if ((frame < 0 || frame >= frames) && mistakes.outside === undefined) continue;
      frame = Math.max(0, Math.min(frames - 1, frame));
      for (let input = 0; input < inputs; input++) {
        const [at, by] = [(frame * pitch + input) % x.length, (row + input) * outputs + output];
        sum += mistakes.swapsOperands ? weights[at % weights.length]! * x[by % x.length]! : x[at]! * weights[by]!;
      }
    }
    y[i] = (endings.includes("gelu") ? gelu(sum) : sum) + (residual?.[i] ?? 0);
  }
  const values = mistakes.change?.(y) ?? y;
  const shape = values.length === y.length ? [positions, outputs] : [values.length];
  return tensor("bf16", shape, Uint16Array.from(values, narrow));
}

/** Names of the cases that fail, of all or of the first `cases`. */
async function failing(mistakes: Mistakes, cases?: number): Promise<readonly string[]> {
  const { result } = await conv1dSuite(subject(mistakes), { cases });
  return result.cases.filter((one) => !one.pass).map((one) => one.name);
}

test("plain loops with one rounding pass every case", async () => {
  expect(await failing({})).toEqual([]);
});

const stem = /^130x80x64_bias_gelu_margin$/;
const halving = /^131x64x64_s2_bias_gelu_residual$/;
test.each<[string, Mistakes, RegExp]>([
  ["a stride of 1 where it is 2", { stride: 1 }, halving],
  ["padding shifted by one frame", { zeros: 0 }, stem],
  ["two frames of zeros before the first", { zeros: 2 }, halving],
  ["the outermost frames in place of zeros", { outside: "last frame" }, stem],
  ["taps in the other order", { swapsTaps: true }, stem],
  ["operands swapped", { swapsOperands: true }, stem],
  ["frames one element too far apart", { pitch: (inputs) => inputs + 1 }, stem],
  ["results by floor", { narrow: floorToBf16 }, stem],
  ["results that are cut off", { narrow: truncateToBf16 }, stem],
  ["GELU in the form with tanh", { gelu: tanhGelu }, /^GELU around 0/],
  ["no residual", { ignoresResidual: true }, halving],
  ["no bias", { ignoresBias: true }, stem],
  ["positions shifted by one element", { change: (y) => y.map((_, i) => y[i + 1] ?? 0) }, stem],
  ["zeros", { change: (y) => y.fill(0) }, stem],
  ["an element missing", { change: (y) => y.subarray(1) }, /^1x1x1$/],
  [
    "one element of the last position one too large",
    { change: (y) => y.map((v, i) => (i === y.length - 1 ? v + 1 : v)) },
    stem,
  ],
])("%s turns the suite red", async (_what, mistakes, name) => {
  // The stem's two convolutions are the first cases.
  const cases = name === stem || name === halving ? 2 : undefined;
  expect((await failing(mistakes, cases)).filter((one) => name.test(one))).toHaveLength(1);
});
