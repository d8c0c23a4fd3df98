import {
  type RoundingMode,
  roundingModes,
  type SaturationMode,
  saturate,
  saturationModes,
  shiftRound,
} from "@aiekit/core";
import { WasmClang } from "@aiekit/wasm-clang";
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import {
  buildKernel,
  inputs,
  inputs2,
  inputs3,
  outputs,
  startTimeoutMs,
  type TestKernel,
  trapOf,
} from "./kernel.test-support.ts";

// The model is BigInt arithmetic: shiftRound and saturate of @aiekit/core, wrapping by BigInt.asIntN.
const lanes = 16;
const seed = 20_26_11_21;
const out = {
  int8: [8, true],
  uint8: [8, false],
  int16: [16, true],
  uint16: [16, false],
  int32: [32, true],
  uint32: [32, false],
} as const;
type Out = keyof typeof out;
const narrowings = [
  ["acc64", "int32"],
  ["acc64", "int16"],
  ["acc64", "uint16"],
  ["acc64", "uint8"],
  ["acc48", "uint32"],
  ["acc32", "int32"],
  ["acc32", "uint32"],
  ["acc32", "int16"],
  ["acc32", "uint8"],
  ["acc24", "int8"],
] as const satisfies readonly (readonly [string, Out])[];
const products = [
  ["int16", "int16", 32],
  ["int8", "int8", 32],
  ["uint8", "int8", 32],
  ["int16", "uint8", 32],
  ["int32", "int16", 64],
  ["int16", "int32", 64],
  ["int32", "int32", 64],
  ["uint32", "uint16", 64],
] as const;

// Accumulators are handed in and out as raw lanes of 64 or 32 bits.
const source = `
template <typename Tag> using native = typename aie::accum<Tag, ${lanes}>::native_type;
template <typename Tag> aie::accum<Tag, ${lanes}> take(const void *p) {
  native<Tag> v; __builtin_memcpy(&v, p, sizeof v); return aie::accum<Tag, ${lanes}>(v);
}
template <typename Tag> void give(void *p, const aie::accum<Tag, ${lanes}> &a) {
  const native<Tag> v = a.to_native(); __builtin_memcpy(p, &v, sizeof v);
}
#define SRS(tag, type) extern "C" void srs_##tag##_##type(int mode, int sat, int shift, const void *in, type *to) { \\
  aie::set_rounding(static_cast<aie::rounding_mode>(mode)); \\
  aie::tile::current().set_saturation(static_cast<aie::saturation_mode>(sat)); \\
  const auto v = take<tag>(in).to_vector<type>(shift); \\
  __builtin_memcpy(to, &v, sizeof v); }
${narrowings.map(([tag, type]) => `SRS(${tag}, ${type})`).join("\n")}
#define PRODUCT(a, b) extern "C" void product_##a##_##b(int op, const a *x, const b *y, const void *acc, void *to) { \\
  const auto u = aie::load_v<${lanes}>(x); const auto v = aie::load_v<${lanes}>(y); \\
  using tag = typename aie::detail::tag_of<a, b, accauto>::type; \\
  const aie::accum<tag, ${lanes}> start = take<tag>(acc); \\
  give(to, op == 0 ? aie::mul(u, v) : op == 1 ? aie::negmul(u, v) : op == 2 ? aie::mac(start, u, v) \\
         : op == 3 ? aie::msc(start, u, v) : op == 4 ? aie::mac(start, u, v.get(3)) : aie::mul<tag>(u.get(2), v)); }
${products.map(([a, b]) => `PRODUCT(${a}, ${b})`).join("\n")}
extern "C" void ups(int shift, const int32 *in, void *to) {
  aie::accum<acc64, ${lanes}> a; a.from_vector(aie::load_v<${lanes}>(in), shift); give(to, a); }
extern "C" void ups32(int shift, const int32 *in, void *to) {
  give(to, aie::accum<acc32, ${lanes}>(aie::load_v<${lanes}>(in), shift)); }
extern "C" void sums(int op, const void *x, const int32 *y, void *to) {
  const auto a = take<acc64>(x); const aie::accum<acc64, ${lanes}> b(aie::load_v<${lanes}>(y));
  give(to, op == 0 ? aie::add(a, b) : op == 1 ? aie::sub(a, b) : op == 2 ? aie::neg(a)
         : op == 3 ? aie::concat(a.extract<8>(1), a.extract<8>(0)) : aie::add(a, aie::load_v<${lanes}>(y))); }
`;
const exports = [
  ...narrowings.map(([tag, type]) => `srs_${tag}_${type}`),
  ...products.map(([a, b]) => `product_${a}_${b}`),
];

let clang: WasmClang;
let kernel: TestKernel;
beforeAll(async () => {
  clang = await WasmClang.open();
  kernel = await buildKernel(clang, source, { exports });
}, startTimeoutMs);
afterAll(() => clang.close());

const heldBits = (tag: string): 32 | 64 => (Number(tag.slice(3)) > 32 ? 64 : 32);

function write(at: number, bits: number, values: readonly bigint[]): void {
  const view = new DataView(kernel.memory.buffer);
  for (const [i, v] of values.entries()) {
    if (bits === 64) view.setBigInt64(at + 8 * i, BigInt.asIntN(64, v), true);
    else if (bits === 32) view.setInt32(at + 4 * i, Number(BigInt.asIntN(32, v)), true);
    else if (bits === 16) view.setInt16(at + 2 * i, Number(BigInt.asIntN(16, v)), true);
    else view.setInt8(at + i, Number(BigInt.asIntN(8, v)));
  }
}

function read(at: number, bits: number, signed = true): bigint[] {
  const view = new DataView(kernel.memory.buffer);
  const as = signed ? BigInt.asIntN : BigInt.asUintN;
  return Array.from({ length: lanes }, (_, i) => {
    if (bits === 64) return view.getBigInt64(at + 8 * i, true);
    const raw =
      bits === 32
        ? view.getInt32(at + 4 * i, true)
        : bits === 16
          ? view.getInt16(at + 2 * i, true)
          : view.getInt8(at + i);
    return as(bits, BigInt(raw));
  });
}

/** Values whose rests are ties, or nearly, at `shift`, and values at the edges of the accumulator and of the result. */
function edgeValues(bits: number, outBits: number, shift: number): bigint[] {
  const half = shift > 0 ? 1n << BigInt(shift - 1) : 0n;
  const unit = 1n << BigInt(shift);
  const most = (1n << BigInt(bits - 1)) - 1n;
  const near = [0n, unit, 2n * unit, 3n * unit, unit << BigInt(outBits - 1), unit << BigInt(outBits), most, -most - 1n];
  return near
    .flatMap((v) => [v, -v, v + half, -v - half, v + half - 1n, v - 1n, -v + 1n])
    .map((v) => BigInt.asIntN(bits, v));
}

const chunks = (values: readonly bigint[]): bigint[][] =>
  Array.from({ length: Math.ceil(values.length / lanes) }, (_, i) =>
    Array.from({ length: lanes }, (_, lane) => values[i * lanes + lane] ?? 0n),
  );

test.each(narrowings)("%s to %s rounds and saturates as the model does, in every mode, at every shift", (tag, type) => {
  const bits = heldBits(tag);
  const [outBits, signed] = out[type];
  for (const mode of Object.keys(roundingModes) as RoundingMode[]) {
    for (const sat of Object.keys(saturationModes) as SaturationMode[]) {
      for (const shift of [0, 1, 2, 7, 15, 16, bits - 2, bits - 1]) {
        for (const values of chunks(edgeValues(bits, outBits, shift))) {
          write(inputs, bits, values);
          kernel.call(`srs_${tag}_${type}`, roundingModes[mode], saturationModes[sat], shift, inputs, outputs);

          const expected = values.map((v) => saturate(shiftRound(v, shift, mode), outBits, signed, sat));
          expect(read(outputs, outBits, signed), `${mode} ${sat} >> ${shift} of ${values}`).toEqual(expected);
        }
      }
    }
  }
});

test.each([
  ["acc64", "int32"],
  ["acc64", "int16"],
  ["acc32", "int16"],
  ["acc24", "int8"],
] as const)("%s to %s: a lane at an edge beside small ties and their neighbours, at every shift", (tag, type) => {
  const bits = heldBits(tag);
  const [outBits] = out[type];
  for (let shift = 0; shift < bits; shift++) {
    const half = shift > 0 ? 1n << BigInt(shift - 1) : 0n;
    // Half units from -7 to 7 and what is next to them, as far as a quarter of the accumulator's range reaches.
    const small = Array.from({ length: lanes }, (_, i) => BigInt(i - 7) * half + BigInt((i % 3) - 1)).map((v) =>
      BigInt.asIntN(bits - 2, v),
    );
    for (const [i, edge] of edgeValues(bits, outBits, shift).entries()) {
      const values = small.with(i % lanes, edge);
      const rounded = values.map((v) => shiftRound(v, shift, "conv_even"));
      write(inputs, bits, values);
      for (const sat of Object.keys(saturationModes) as SaturationMode[]) {
        kernel.call(`srs_${tag}_${type}`, roundingModes.conv_even, saturationModes[sat], shift, inputs, outputs);

        const expected = rounded.map((v) => saturate(v, outBits, true, sat));
        expect(read(outputs, outBits), `${sat} >> ${shift} of ${values}`).toEqual(expected);
      }
    }
  }
});

test("random accumulators narrow as the model does", () => {
  const values = fc.array(fc.bigInt({ min: -(1n << 63n), max: (1n << 63n) - 1n }), {
    minLength: lanes,
    maxLength: lanes,
  });
  const modes = fc.constantFrom(...(Object.keys(roundingModes) as RoundingMode[]));
  const sats = fc.constantFrom(...(Object.keys(saturationModes) as SaturationMode[]));
  fc.assert(
    fc.property(values, modes, sats, fc.integer({ min: 0, max: 63 }), (acc, mode, sat, shift) => {
      write(inputs, 64, acc);
      kernel.call("srs_acc64_int16", roundingModes[mode], saturationModes[sat], shift, inputs, outputs);
      expect(read(outputs, 16)).toEqual(acc.map((v) => saturate(shiftRound(v, shift, mode), 16, true, sat)));
    }),
    { seed, numRuns: 500 },
  );
});

test("a shift beyond the accumulator traps with the shift and the largest one", () => {
  expect(trapOf(() => kernel.call("srs_acc64_int32", 0, 0, 64, inputs, outputs)).args).toEqual([3, 64, 63]);
  expect(trapOf(() => kernel.call("srs_acc32_int16", 0, 0, -1, inputs, outputs)).args).toEqual([3, -1, 31]);
});

const range = (type: string): fc.Arbitrary<bigint> => {
  const bits = BigInt(type.replace(/\D/g, ""));
  const [min, max] = type.startsWith("u") ? [0n, (1n << bits) - 1n] : [-(1n << (bits - 1n)), (1n << (bits - 1n)) - 1n];
  return fc.oneof(fc.bigInt({ min, max }), fc.constantFrom(min, max, 0n));
};
const vectorOf = (type: string): fc.Arbitrary<bigint[]> =>
  fc.array(range(type), { minLength: lanes, maxLength: lanes });

test.each(products)("%s x %s accumulates in %i bits and wraps", (a, b, bits) => {
  fc.assert(
    fc.property(vectorOf(a), vectorOf(b), vectorOf(`int${bits}`), fc.integer({ min: 0, max: 5 }), (x, y, acc, op) => {
      write(inputs, Number(a.replace(/\D/g, "")), x);
      write(inputs2, Number(b.replace(/\D/g, "")), y);
      write(inputs3, bits, acc);
      kernel.call(`product_${a}_${b}`, op, inputs, inputs2, inputs3, outputs);

      const expected = acc.map((c, i) => {
        const [p, q] = [x[i]!, y[i]!];
        return [p * q, -p * q, c + p * q, c - p * q, c + p * y[3]!, x[2]! * q][op]!;
      });
      expect(read(outputs, bits)).toEqual(expected.map((v) => BigInt.asIntN(bits, v)));
    }),
    { seed, numRuns: 200 },
  );
});

test("from_vector widens, then shifts left: exact in 64 bits, wrapping in 32", () => {
  fc.assert(
    fc.property(vectorOf("int32"), fc.integer({ min: 0, max: 31 }), (x, shift) => {
      write(inputs, 32, x);
      kernel.call("ups", shift, inputs, outputs);
      expect(read(outputs, 64)).toEqual(x.map((v) => v << BigInt(shift)));
      kernel.call("ups32", shift, inputs, outputs);
      expect(read(outputs, 32)).toEqual(x.map((v) => BigInt.asIntN(32, v << BigInt(shift))));
    }),
    { seed, numRuns: 100 },
  );
});

test("sums of accumulators wrap at 64 bits; extract and concat move whole halves", () => {
  fc.assert(
    fc.property(vectorOf("int64"), vectorOf("int32"), fc.integer({ min: 0, max: 4 }), (x, y, op) => {
      write(inputs, 64, x);
      write(inputs2, 32, y);
      kernel.call("sums", op, inputs, inputs2, outputs);
      const swapped = [...x.slice(8), ...x.slice(0, 8)];
      const expected = x.map((v, i) => [v + y[i]!, v - y[i]!, -v, swapped[i]!, v + y[i]!][op]!);
      expect(read(outputs, 64)).toEqual(expected.map((v) => BigInt.asIntN(64, v)));
    }),
    { seed, numRuns: 200 },
  );
});
