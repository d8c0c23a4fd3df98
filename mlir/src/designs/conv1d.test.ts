import { type AiekitError, ShapeError, UsageError } from "@aiekit/core";
import fc from "fast-check";
import { expect, test } from "vitest";
import { walk } from "../ir/operation.ts";
import { lowerDesign } from "../lowering/lower-design.ts";
import { lowerSequence } from "../lowering/sequence/lower-sequence.ts";
import { conv1dDesign, conv1dEntry } from "./conv1d.ts";

const design = (shapes: string, params: Record<string, string> = {}) =>
  conv1dDesign({ device: "npu1", params: { array: "whole", tile: "auto", shapes, ...params } });

/** What the transfers of a buffer move: position of the buffer among the arguments, sizes, strides, first element. */
function transfersOf(shapes: string, buffer: number, params: Record<string, string> = {}) {
  const { module } = design(shapes, params);
  const found: { sizes: number[]; strides: number[]; offset: number }[] = [];
  walk(module, (op) => {
    if (op.name !== "aie.runtime_sequence") return;
    const host = op.regions[0]!.entry.args[buffer];
    walk(op, (inner) => {
      if (inner.name !== "aiex.npu.dma_memcpy_nd" || inner.operands[0] !== host) return;
      const [sizes, strides, offsets] = ["static_sizes", "static_strides", "static_offsets"].map((key) => {
        const attr = inner.attributes.get(key);
        return attr?.kind === "dense-array" ? attr.values.map(Number) : [];
      });
      found.push({ sizes: sizes!, strides: strides!, offset: offsets!.at(-1)! });
    });
  });
  return found;
}

test("rows of three frames of 80 begin 80 apart at stride 1, 160 at stride 2: nothing is copied", () => {
  const tile = { tile: "32x48x32" };

  const [first] = transfersOf("256x80x128", 0, tile);
  const [halving] = transfersOf("512x80x128_s2", 0, tile);

  expect(first).toEqual({ sizes: [2, 5, 32, 48], strides: [128 * 80, 48, 80, 1], offset: 0 });
  expect(halving).toEqual({ sizes: [2, 5, 32, 48], strides: [128 * 160, 48, 160, 1], offset: 0 });
});

test("with a margin the result begins in the second row of its buffer", () => {
  const [plain] = transfersOf("256x80x128", 2, { tile: "32x48x32" });
  const [withMargin] = transfersOf("256x80x128_margin", 2, { tile: "32x48x32" });

  expect(withMargin).toEqual({ ...plain, offset: 128 });
});

test.each([
  ["100x80x64", 100, 1],
  ["100x80x64_s2", 50, 0],
  ["101x80x64_s2", 51, 1],
  ["1x1x1", 1, 1],
  ["1x1x1_s2", 1, 1],
  ["2x1x1_s2", 1, 0],
])("%s: %i positions, the last of which reads %i frame(s) behind the last", (shapes, positions, after) => {
  const [x, , y] = design(shapes).sequences[0]!.args;

  expect(y!.shape[0]).toBe(positions);
  expect(x!.margin).toEqual({ before: 1, after });
});

test("any shape: results that whole tiles end with keep the row of zeros behind them, others do not", () => {
  const args = (shapes: string) => design(shapes, { tile: "32x48x32" }).sequences[0]!.args;

  expect(args("256x80x128_margin").at(-1)).toMatchObject({ padded: [258, 128], margin: { before: 1, after: 1 } });
  expect(args("255x80x128_margin").at(-1)).toMatchObject({ padded: [258, 128], margin: { before: 1, after: 0 } });
});

test("steps never read past a row, buffers hold what is read, every sequence lowers: drawn shapes", () => {
  const size = fc.integer({ min: 1, max: 300 });
  const shape = fc.record({ frames: size, inputs: size, outputs: size, endings: fc.subarray(["_s2", "_residual"]) });
  fc.assert(
    fc.property(shape, ({ frames, inputs, outputs, endings }) => {
      const { module, sequences, sources } = design(`${frames}x${inputs}x${outputs}${endings.join("")}`);
      const depth = Number(sources[0]!.defines!.MATMUL_K);
      const [x] = sequences[0]!.args;
      expect((3 * x!.padded![1]!) % depth).toBe(0);
      // The builder and the lowering refuse what leaves a buffer.
      expect(lowerSequence(lowerDesign(module).module, sequences[0]!.name).name).toBe("aie.runtime_sequence");
    }),
    { numRuns: 6, seed: 3 },
  );
});

test.each([
  ["10x80", UsageError, /three whole numbers from 1 up, got "10x80"/, /FRAMESxINPUTSxOUTPUTS/],
  ["0x80x8", UsageError, /from 1 up, got "0x80x8"/, /_s2/],
  ["10x80x8_s3", UsageError, /no ending _s3/, /_s2 _bias/],
  ["10x80x8.10x80x8", UsageError, /10x80x8 is there twice/, undefined],
  ["3000x60000x8", ShapeError, /60000 inputs: expected at most \d+/, /split the inputs and add the parts/],
  ["10x8x200000", ShapeError, /200000 outputs: expected at most \d+/, /split the outputs and join the parts/],
] as const)("%s is refused", (shapes, kind, message, hint) => {
  const error = thrown(() => design(shapes));

  expect(error).toBeInstanceOf(kind);
  expect(error.message).toMatch(message);
  if (hint !== undefined) expect(error.hint).toMatch(hint);
});

test("a tile whose depth would read past the three frames is refused with those that would not", () => {
  const error = thrown(() => design("10x80x64", { tile: "32x64x32" }));

  expect(error.message).toMatch(/expected k that divides 240/);
  expect(error.hint).toMatch(/8, 16, 24, 40, 48, 80, 120, 240/);
});

test("shapes follow from the arrays; weights as PyTorch keeps them are refused with what to do", () => {
  const array = (...shape: number[]) => ({ dtype: "bf16", shape }) as const;
  const [x, weights] = [array(100, 80), array(3, 80, 64)];

  expect(conv1dEntry.fit!({ x, weights }, {})).toEqual({ shapes: "100x80x64" });
  expect(conv1dEntry.fit!({ x, weights, channels: array(4, 64), residual: array(50, 64) }, {})).toEqual({
    shapes: "100x80x64_s2_bias_residual",
  });
  const error = thrown(() => conv1dEntry.fit!({ x, weights: array(64, 80, 3) }, {}));
  expect(error.message).toMatch(/weights are \[64,80,3\], x has 80 columns: expected \[3, 80, outputs\]/);
  expect(error.hint).toMatch(/transpose/);
});

function thrown(call: () => unknown): AiekitError {
  try {
    call();
  } catch (error) {
    return error as AiekitError;
  }
  throw new Error("nothing was thrown");
}
