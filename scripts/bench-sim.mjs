// Multiply-accumulates a second of matrix tiles on the simulator's compute path: 64 x 64 x 64 in aie_api style with 2 x 2
// accumulators, by element type, beside what this machine's WebAssembly can do at most (rooflines). Measured wall time of
// one thread, not a time of an NPU. Runs on the built packages: `pnpm build` first.
//
//   node scripts/bench-sim.mjs [--only TEXT] [--seconds 0.3] [--keep FOLDER]
import { mkdirSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { parseArgs } from "node:util";
import { defaultCompileArgs, headers } from "../packages/aie-api/dist/index.js";
import { WasmClang } from "../packages/wasm-clang/dist/index.js";

const { values: options } = parseArgs({
  options: { only: { type: "string" }, seconds: { type: "string", default: "0.3" }, keep: { type: "string" } },
});
const size = 64;
const at = { a: 8192, b: 24_576, c: 40_960 };
const rounds = 15;

/** C of `to` += A x B of `from`, both held as tiles of the mmul shape. */
const products = [
  { name: "int8 4x8x8 acc32", from: "int8", to: "int32", shape: [4, 8, 8], acc: "acc32", roofline: "int8 dot" },
  { name: "int8 4x8x8 to int8", from: "int8", to: "int8", shape: [4, 8, 8], acc: "acc32", roofline: "int8 dot" },
  {
    name: "bf16 4x8x4 accfloat",
    from: "bfloat16",
    to: "float",
    shape: [4, 8, 4],
    acc: "accfloat",
    roofline: "f32 mul+add",
  },
  {
    name: "bf16 4x8x4 to bf16",
    from: "bfloat16",
    to: "bfloat16",
    shape: [4, 8, 4],
    acc: "accfloat",
    roofline: "f32 mul+add",
  },
  {
    name: "bf16 8x8x4 accfloat",
    from: "bfloat16",
    to: "float",
    shape: [8, 8, 4],
    acc: "accfloat",
    roofline: "f32 mul+add",
  },
  {
    name: "bf16 4x8x8 accfloat",
    from: "bfloat16",
    to: "float",
    shape: [4, 8, 8],
    acc: "accfloat",
    roofline: "f32 mul+add",
  },
  { name: "int16 4x4x4 acc32", from: "int16", to: "int32", shape: [4, 4, 4], acc: "acc32", roofline: "f32 mul+add" },
  { name: "int16 4x4x8 acc32", from: "int16", to: "int32", shape: [4, 4, 8], acc: "acc32", roofline: "f32 mul+add" },
  { name: "int16 4x4x4 acc64", from: "int16", to: "int32", shape: [4, 4, 4], acc: "acc64", roofline: "f32 mul+add" },
  { name: "int16 4x4x8 acc64", from: "int16", to: "int32", shape: [4, 4, 8], acc: "acc64", roofline: "f32 mul+add" },
];

const matmul = `
#include <aie_api/aie.hpp>
template <unsigned r, unsigned s, unsigned t, typename T, typename Acc, typename Out>
static inline void matmul(const T *__restrict a, const T *__restrict b, Out *__restrict c) {
  using mm = aie::mmul<r, s, t, T, T, Acc>;
  constexpr unsigned size = ${size}, rows = size / r, inner = size / s, columns = size / t;
  aie::set_rounding(aie::rounding_mode::conv_even);
  aie::set_saturation(aie::saturation_mode::saturate);
  for (unsigned i = 0; i < rows; i += 2) {
    for (unsigned j = 0; j < columns; j += 2) {
      Out *c0 = c + (i * columns + j) * mm::size_C;
      Out *c1 = c0 + columns * mm::size_C;
      const T *a0 = a + i * inner * mm::size_A;
      const T *a1 = a0 + inner * mm::size_A;
      const T *b0 = b + j * mm::size_B;
      mm c00(aie::load_v<mm::size_C>(c0)), c01(aie::load_v<mm::size_C>(c0 + mm::size_C));
      mm c10(aie::load_v<mm::size_C>(c1)), c11(aie::load_v<mm::size_C>(c1 + mm::size_C));
      for (unsigned k = 0; k < inner; ++k) {
        const auto x0 = aie::load_v<mm::size_A>(a0), x1 = aie::load_v<mm::size_A>(a1);
        const auto y0 = aie::load_v<mm::size_B>(b0), y1 = aie::load_v<mm::size_B>(b0 + mm::size_B);
        a0 += mm::size_A;
        a1 += mm::size_A;
        b0 += columns * mm::size_B;
        c00.mac(x0, y0);
        c01.mac(x0, y1);
        c10.mac(x1, y0);
        c11.mac(x1, y1);
      }
      aie::store_v(c0, c00.template to_vector<Out>());
      aie::store_v(c0 + mm::size_C, c01.template to_vector<Out>());
      aie::store_v(c1, c10.template to_vector<Out>());
      aie::store_v(c1 + mm::size_C, c11.template to_vector<Out>());
    }
  }
}
`;

/** Nothing but multiplications and additions in registers: eight chains that do not wait for each other. */
const rooflines = [
  { name: "int8 dot", macs: 8, lanes: "int", times: "__builtin_wasm_dot_s_i32x4_i16x8((s16)x[i & 3], (s16)y[i >> 2])" },
  { name: "f32 mul+add", macs: 4, lanes: "float", times: "x[i & 3] * y[i >> 2]" },
];
const rooflineText = `
#define LOOP(name, lanes, times) extern "C" void name(lanes *from, int n) { \\
  typedef lanes v __attribute__((vector_size(16))); typedef short s16 __attribute__((vector_size(16))); \\
  v *p = (v *)from; v x[4], y[2], sum[8]; \\
  for (int i = 0; i < 4; ++i) x[i] = p[i + 2]; \\
  for (int i = 0; i < 2; ++i) y[i] = p[i]; \\
  for (int i = 0; i < 8; ++i) sum[i] = p[i]; \\
  for (; n > 0; --n) { \\
    _Pragma("clang loop unroll(full)") for (int i = 0; i < 8; ++i) sum[i] += times; \\
    v first = y[0]; y[0] = y[1]; y[1] = first; \\
  } \\
  for (int i = 0; i < 8; ++i) p[i] += sum[i]; }
${rooflines.map((r, i) => `LOOP(roofline_${i}, ${r.lanes}, ${r.times})`).join("\n")}
`;

const clang = await WasmClang.open();
try {
  await run();
} finally {
  clang.close();
}

async function run() {
  console.log(`${cpus()[0]?.model ?? "unknown processor"}, node ${process.version}, one thread, best of ${rounds}`);
  const most = new Map();
  const limits = await build(
    "roofline",
    rooflineText,
    rooflines.map((_, i) => `roofline_${i}`),
  );
  for (const [i, { name, macs }] of rooflines.entries()) {
    const steps = 100_000;
    new Float32Array(limits.memory.buffer, at.a, 64).fill(1e-3);
    const rate = perSecond(() => limits.exports[`roofline_${i}`](at.a, steps), 8 * macs * steps);
    most.set(name, rate);
    print(`roofline ${name}`, rate);
  }
  const wanted = products.filter(({ name }) => !options.only || name.includes(options.only));
  const symbols = wanted.map(({ name }) => `matmul_${name.replaceAll(/\W/g, "_")}`);
  const text = wanted.map(
    ({ from, to, shape, acc }, i) => `extern "C" void ${symbols[i]}(const ${from} *a, const ${from} *b, ${to} *c) {
  matmul<${shape.join(", ")}, ${from}, ${acc}, ${to}>(a, b, c);
}`,
  );
  const kernels = await build("matmul", matmul + text.join("\n"), symbols);
  for (const [i, { name, from, roofline }] of wanted.entries()) {
    fill(kernels.memory, from);
    const rate = perSecond(() => kernels.exports[symbols[i]](at.a, at.b, at.c), size ** 3);
    print(name, rate, most.get(roofline), roofline);
  }
}

async function build(name, text, symbols) {
  const started = performance.now();
  const { object } = await clang.compile({
    source: { name: `kernels/bench/${name}.cc`, text },
    headers: headers(),
    args: defaultCompileArgs({ arch: 20 }),
  });
  const { module } = await clang.link({
    objects: [{ name: `${name}.o`, bytes: object }],
    exports: symbols,
    stackBytes: 8192,
    dataBase: 60_000,
  });
  if (options.keep) {
    mkdirSync(options.keep, { recursive: true });
    writeFileSync(join(options.keep, `${name}.wasm`), module);
  }
  console.log(`${name}.cc compiled and linked in ${((performance.now() - started) / 1000).toFixed(1)} s`);
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 1 });
  const env = { memory, aiekit_event: () => undefined, aiekit_trap: (...args) => fail(`trap ${args.join(" ")}`) };
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(module), { env });
  return { memory, exports };
}

/** Small integers, so that no sum becomes infinite; zeros in C. */
function fill(memory, type) {
  const { buffer } = memory;
  new Uint8Array(buffer, at.a, 65_536 - at.a).fill(0);
  for (const start of [at.a, at.b]) {
    for (let i = 0; i < size * size; i++) {
      const value = ((i * 7) % 11) - 5;
      if (type === "int8") new Int8Array(buffer, start)[i] = value;
      else if (type === "int16") new Int16Array(buffer, start)[i] = value;
      else new Uint16Array(buffer, start)[i] = new Uint32Array(Float32Array.of(value).buffer)[0] >>> 16;
    }
  }
}

/** Work units a second of `call`, which does `units`: the best of some runs, as others may use the machine. */
function perSecond(call, units) {
  const seconds = Number(options.seconds);
  const until = performance.now() + seconds * 1000;
  while (performance.now() < until) call();
  const rates = Array.from({ length: rounds }, () => {
    const start = performance.now();
    let calls = 0;
    do {
      for (let i = 0; i < 16; i++) call();
      calls += 16;
    } while (performance.now() - start < (seconds * 1000) / rounds);
    return (calls * units * 1000) / (performance.now() - start);
  });
  return Math.max(...rates);
}

function print(name, rate, most, roofline) {
  const share = most ? `${((100 * rate) / most).toFixed(0).padStart(4)} % of ${roofline}` : "";
  console.log(`${name.padEnd(24)} ${(rate / 1e9).toFixed(2).padStart(8)} GMAC/s ${share}`);
}

function fail(message) {
  throw new Error(message);
}
