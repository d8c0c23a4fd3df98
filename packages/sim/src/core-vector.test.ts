import { bf16ToFloat, floatToBf16 } from "@aiekit/core";
import { expect, test } from "vitest";
import { arrayOf, coreDesign, inAndOut } from "./lowered-design.test-support.ts";

/** Runs a core body on one object of each fifo: `%in` and `%out` are of the types given. */
async function onObjects(
  work: string,
  { input, output, inputType, outputType }: { input: Typed; output: Typed; inputType: string; outputType: string },
): Promise<void> {
  const text = coreDesign({
    input: inputType,
    output: outputType,
    inputBytes: input.byteLength,
    outputBytes: output.byteLength,
    inputElements: input.length,
    outputElements: output.length,
    work,
  });
  await arrayOf(text).run(inAndOut(input, output));
}

type Typed = Int32Array | Int16Array | Uint16Array | Float32Array;

async function onWords(words: Int32Array, work: string): Promise<Int32Array> {
  const output = new Int32Array(words.length);
  const type = `memref<${words.length}xi32>`;
  await onObjects(work, { input: words, output, inputType: type, outputType: type });
  return output;
}

const ramp = Int32Array.from({ length: 16 }, (_, i) => i * 1_000_003 - 7_000_000);

test("vectors of i32 are multiplied, compared and chosen element by element, wrapping at 32 bits", async () => {
  const output = await onWords(
    ramp,
    `%_k = arith.constant dense<4099> : vector<16xi32>
     %_x = vector.load %in[%c0] : memref<16xi32>, vector<16xi32>
     %_y = arith.muli %_x, %_k : vector<16xi32>
     %_c = arith.cmpi slt, %_y, %_x : vector<16xi32>
     %_r = arith.select %_c, %_x, %_y : vector<16xi1>, vector<16xi32>
     vector.store %_r, %out[%c0] : memref<16xi32>, vector<16xi32>`,
  );

  expect([...output]).toEqual([...ramp].map((x) => Math.max(x, Number(BigInt.asIntN(32, BigInt(x) * 4099n)))));
});

test("vectors that go round a loop keep what they were", async () => {
  const output = await onWords(
    ramp,
    `%_one = arith.constant dense<1> : vector<16xi32>
     %_c5 = arith.constant 5 : index
     %_x = vector.load %in[%c0] : memref<16xi32>, vector<16xi32>
     %_r:2 = scf.for %_i = %c0 to %_c5 step %c1 iter_args(%_now = %_x, %_last = %_one) -> (vector<16xi32>, vector<16xi32>) {
       %_next = arith.addi %_now, %_one : vector<16xi32>
       scf.yield %_next, %_now : vector<16xi32>, vector<16xi32>
     }
     vector.store %_r#1, %out[%c0] : memref<16xi32>, vector<16xi32>`,
  );

  expect([...output]).toEqual([...ramp].map((x) => x + 4));
});

test("a transfer that reaches over the end reads padding and writes what fits", async () => {
  const output = await onWords(
    ramp,
    `%_pad = arith.constant -1 : i32
     %_at = arith.constant 12 : index
     %_x = vector.transfer_read %in[%_at], %_pad : memref<16xi32>, vector<8xi32>
     vector.store %_x, %out[%c0] : memref<16xi32>, vector<8xi32>
     vector.transfer_write %_x, %out[%_at] : vector<8xi32>, memref<16xi32>`,
  );

  const tail = [...ramp.subarray(12)];
  expect([...output]).toEqual([...tail, -1, -1, -1, -1, 0, 0, 0, 0, ...tail]);
});

test("a load over the end of its memory is a fault", async () => {
  const work = `%_at = arith.constant 12 : index
    %_x = vector.load %in[%_at] : memref<16xi32>, vector<8xi32>`;

  await expect(onWords(ramp, work)).rejects.toMatchObject({ fault: { kind: "buffer-bounds" } });
});

test("a vector of two dimensions lies on the last dimensions of its memory", async () => {
  const output = new Int32Array(4);
  const work = `%_a = arith.constant 1 : index
     %_x = vector.load %in[%_a, %_a] : memref<4x4xi32>, vector<2x2xi32>
     vector.store %_x, %out[%c0, %c0] : memref<2x2xi32>, vector<2x2xi32>`;

  await onObjects(work, { input: ramp, output, inputType: "memref<4x4xi32>", outputType: "memref<2x2xi32>" });

  expect([...output]).toEqual([5, 6, 9, 10].map((i) => ramp[i]));
});

test("vectors of bf16 are rounded after every operation", async () => {
  const input = Uint16Array.from({ length: 16 }, (_, i) => floatToBf16((i - 5) / 3));
  const output = new Uint16Array(16);
  const work = `%_x = vector.load %in[%c0] : memref<16xbf16>, vector<16xbf16>
     %_y = arith.mulf %_x, %_x : vector<16xbf16>
     %_z = arith.addf %_y, %_x : vector<16xbf16>
     vector.store %_z, %out[%c0] : memref<16xbf16>, vector<16xbf16>`;

  await onObjects(work, { input, output, inputType: "memref<16xbf16>", outputType: "memref<16xbf16>" });

  const rounded = (x: number) => bf16ToFloat(floatToBf16(x));
  const values = [...input].map(bf16ToFloat);
  expect([...output].map(bf16ToFloat)).toEqual(values.map((x) => rounded(rounded(x * x) + x)));
});

test("a broadcast scalar and a sum over three vectors", async () => {
  const input = Float32Array.from({ length: 16 }, (_, i) => i / 8);
  const output = new Float32Array(16);
  const work = `%_s = memref.load %in[%c1] : memref<16xf32>
     %_b = vector.broadcast %_s : f32 to vector<16xf32>
     %_x = vector.load %in[%c0] : memref<16xf32>, vector<16xf32>
     %_r = vector.fma %_x, %_b, %_x : vector<16xf32>
     vector.store %_r, %out[%c0] : memref<16xf32>, vector<16xf32>`;

  await onObjects(work, { input, output, inputType: "memref<16xf32>", outputType: "memref<16xf32>" });

  expect([...output]).toEqual([...input].map((x) => x / 8 + x));
});

test("elements and parts of vectors are taken, put in and summed, in the form that is written by hand", async () => {
  const output = await onWords(
    ramp,
    `%_x = vector.load %in[%c0] : memref<16xi32>, vector<16xi32>
     %_low = vector.extract_strided_slice %_x {offsets = [0], sizes = [8], strides = [1]} : vector<16xi32> to vector<8xi32>
     %_sum = vector.reduction <add>, %_low : vector<8xi32> into i32
     %_least = vector.reduction <minsi>, %_low, %_sum : vector<8xi32> into i32
     %_c2 = arith.constant 2 : index
     %_third = vector.extract %_x[%_c2] : i32 from vector<16xi32>
     %_pair = vector.shape_cast %_x : vector<16xi32> to vector<2x8xi32>
     %_upper = vector.extract %_pair[1] : vector<8xi32> from vector<2x8xi32>
     %_a = vector.insert %_sum, %_upper[0] : i32 into vector<8xi32>
     %_b = vector.insert %_least, %_a[1] : i32 into vector<8xi32>
     %_c = vector.insert %_third, %_b[%_c2] : i32 into vector<8xi32>
     vector.store %_c, %out[%c0] : memref<16xi32>, vector<8xi32>`,
  );

  const sum = [...ramp.subarray(0, 8)].reduce((a, b) => a + b);
  expect([...output.subarray(0, 8)]).toEqual([sum, Math.min(sum, ramp[0]!), ramp[2], ...ramp.subarray(11)]);
});
