// Speed of the simulator's compute path. Matrix tiles of 64 x 64 x 64 in aie_api style with 2 x 2 accumulators, by element
// type, beside what this machine's WebAssembly can do at most (rooflines); the same for the project's own kernels, with the
// tile that a product of 512 x 512 x 512 on the whole array has; then loops over vectors, one operation each.
// Measured wall time of one thread, not a time of an NPU. Runs on the built packages: `pnpm build` first.
//
//   node scripts/bench-sim.mjs [--only TEXT] [--seconds 0.3] [--keep FOLDER]
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { defaultCompileArgs, headers } from "../packages/aie-api/dist/index.js";
import { WasmClang } from "../packages/wasm-clang/dist/index.js";
import { parseArgs } from "./script-arguments.mjs";

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

/** Kernels of the whole array: `step` adds a product of tiles, `store` makes the results of a tile of sums. */
const own = [
  { type: "i8", from: "int8", out: "int8", roofline: "int8 dot" },
  { type: "bf16", from: "bfloat16", out: "bfloat16", roofline: "f32 mul+add" },
];
const ownAt = { a: 1024, b: 9216, sums: 17_408, out: 33_792, by: 41_984 };
const hasChannels = 1;

/** Loops over `elements` lanes: `to` of every vector `v` of `from`. */
const elements = 4096;
const loops = [
  ["copy bf16", "bfloat16", "bfloat16", 32, "v"],
  ["bf16 add", "bfloat16", "bfloat16", 32, "aie::add(v, v)"],
  ["bf16 max", "bfloat16", "bfloat16", 32, "aie::max(v, bfloat16(0.5f))"],
  ["bf16 mul to bf16", "bfloat16", "bfloat16", 16, "aie::vector<bfloat16, 16>(aie::mul(v, v))"],
  ["bf16 mac to float", "bfloat16", "float", 16, "aie::mac(sum, v, v).to_vector<float>()"],
  ["bf16 mac by scalar", "bfloat16", "float", 16, "aie::mac(sum, v, bfloat16(3.0f)).to_vector<float>()"],
  ["float to bf16", "float", "bfloat16", 16, "aie::accum<accfloat, 16>(v).to_vector<bfloat16>()"],
  ["bf16 to float", "bfloat16", "float", 16, "aie::accum<accfloat, 16>(v).to_vector<float>()"],
  ["float add", "float", "float", 16, "aie::add(v, v)"],
  ["float max", "float", "float", 16, "aie::max(v, 0.5f)"],
  ["float reduce_max", "float", "float", 16, "(best = aie::max(best, aie::broadcast<float, 16>(aie::reduce_max(v))))"],
  ["float reduce_add", "float", "float", 16, "(best = aie::add(best, aie::broadcast<float, 16>(aie::reduce_add(v))))"],
  ["bf16 reduce_max", "bfloat16", "bfloat16", 32, "(aie::broadcast<bfloat16, 32>(aie::reduce_max(v)))"],
  ["bf16 reduce_add", "bfloat16", "bfloat16", 32, "(aie::broadcast<bfloat16, 32>(aie::reduce_add(v)))"],
  ["float to int32", "float", "int32", 16, "aie::to_fixed<int32>(v, 4)"],
  ["int32 to float", "int32", "float", 16, "aie::to_float(v, 4)"],
  ["bf16 to int16", "bfloat16", "int16", 16, "aie::to_fixed<int16>(v, 4)"],
  ["int16 to bf16", "int16", "bfloat16", 16, "aie::to_float<bfloat16>(v, 4)"],
  ["srs acc32 to int8", "int32", "int8", 32, "aie::accum<acc32, 32>(v).to_vector<int8>(5)"],
  ["srs acc32 to int16", "int32", "int16", 32, "aie::accum<acc32, 32>(v).to_vector<int16>(5)"],
  ["srs acc64 to int32", "int32", "int32", 16, "aie::accum<acc64, 16>(v).to_vector<int32>(5)"],
  ["int8 add", "int8", "int8", 64, "aie::add(v, v)"],
  ["int16 mul to int16", "int16", "int16", 32, "aie::mul(v, v).to_vector<int16>(5)"],
  ["int32 mul to int32", "int32", "int32", 16, "aie::mul(v, v).to_vector<int32>(31)"],
  ["select lt", "float", "float", 16, "aie::select(v, 1.0f, aie::lt(v, 2.0f))"],
  ["zip bf16", "bfloat16", "bfloat16", 32, "aie::interleave_zip(v, v, 1).first"],
  ["unzip int8", "int8", "int8", 64, "aie::interleave_unzip(v, v, 1).first"],
  ["transpose 4x8 bf16", "bfloat16", "bfloat16", 32, "aie::transpose(v, 4, 8)"],
  ["transpose 8x4 bf16", "bfloat16", "bfloat16", 32, "aie::transpose(v, 8, 4)"],
  ["transpose 8x8 int8", "int8", "int8", 64, "aie::transpose(v, 8, 8)"],
  ["transpose 8x8 bf16", "bfloat16", "bfloat16", 64, "aie::transpose(v, 8, 8)"],
  ["transpose 4x4 float", "float", "float", 16, "aie::transpose(v, 4, 4)"],
  ["shuffle_down bf16", "bfloat16", "bfloat16", 32, "aie::shuffle_down(v, 8)"],
];
const loopsText = loops.map(
  ([, from, to, lanes, expression], i) => `extern "C" void loop_${i}(const ${from} *from, ${to} *to) {
  aie::set_rounding(aie::rounding_mode::conv_even);
  aie::set_saturation(aie::saturation_mode::saturate);
  [[maybe_unused]] const auto sum = aie::zeros<accfloat, 16>();
  [[maybe_unused]] auto best = aie::zeros<float, 16>();
  for (int i = 0; i < ${elements}; i += ${lanes}) {
    const auto v = aie::load_v<${lanes}>(from + i);
    aie::store_v(to + i, ${expression});
  }
}`,
);

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
  const wanted = products.filter(({ name }) => isWanted(name));
  const symbols = wanted.map(({ name }) => `matmul_${name.replaceAll(/\W/g, "_")}`);
  const text = wanted.map(
    ({ from, to, shape, acc }, i) => `extern "C" void ${symbols[i]}(const ${from} *a, const ${from} *b, ${to} *c) {
  matmul<${shape.join(", ")}, ${from}, ${acc}, ${to}>(a, b, c);
}`,
  );
  const kernels = wanted.length > 0 && (await build("matmul", matmul + text.join("\n"), symbols));
  for (const [i, { name, from, roofline }] of wanted.entries()) {
    fill(kernels.memory, from);
    const rate = perSecond(() => kernels.exports[symbols[i]](at.a, at.b, at.c), size ** 3);
    print(name, rate, most.get(roofline), roofline);
  }
  for (const kernel of own.filter(({ type }) => isWanted(`kernel matmul_${type}`))) await measureOwn(kernel, most);
  const chosen = loops.map((loop, i) => [loop[0], loop[1], `loop_${i}`]).filter(([name]) => isWanted(name));
  if (chosen.length === 0) return;
  const text2 = `#include <aie_api/aie.hpp>\n${loopsText.filter((_, i) => isWanted(loops[i][0])).join("\n")}`;
  const kernels2 = await build(
    "loops",
    text2,
    chosen.map(([, , symbol]) => symbol),
  );
  for (const [name, from, symbol] of chosen) {
    fill(kernels2.memory, from);
    const rate = perSecond(() => kernels2.exports[symbol](at.a, at.c), elements);
    console.log(`${name.padEnd(24)} ${(rate / 1e9).toFixed(2).padStart(8)} G/s`);
  }
}

async function measureOwn({ type, from, out, roofline }, most) {
  const [step, store] = [`matmul_step_${type}`, `matmul_store_${type}`];
  const tile = ["M", "K", "N"].map((letter) => `-DMATMUL_${letter}=${size}`);
  const args = [...tile, `-DMATMUL_OUT=${out}`, "-DMATMUL_RESIDUAL=0", "-DAIEKIT_ROUNDING=conv_even"];
  const folder = new URL("../kernels/", import.meta.url);
  const text = readFileSync(new URL(`matmul/matmul_${type}.cc`, folder), "utf8");
  const { memory, exports } = await build(`matmul_${type}`, text, [step, store], { args, headers: headersIn(folder) });
  fill(memory, from, [ownAt.a, ownAt.b]);
  new Int32Array(memory.buffer, ownAt.by, 4 * size).fill(1);
  const stepRate = perSecond(() => exports[step](ownAt.a, ownAt.b, ownAt.sums, 1), size ** 3);
  print(`kernel ${step}`, stepRate, most.get(roofline), roofline);
  const storeRate = perSecond(() => exports[store](ownAt.sums, ownAt.by, ownAt.out, hasChannels), size ** 2);
  console.log(`${`kernel ${store}`.padEnd(24)} ${(storeRate / 1e9).toFixed(2).padStart(8)} G/s`);
}

function headersIn(folder) {
  const paths = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((path) => path.endsWith(".h"));
  return paths.map((path) => [`kernels/${path}`, readFileSync(new URL(path, folder), "utf8")]);
}

function isWanted(name) {
  return !options.only || name.includes(options.only);
}

async function build(name, text, symbols, more = { args: [], headers: [] }) {
  const started = performance.now();
  const { object } = await clang.compile({
    source: { name: `kernels/bench/${name}.cc`, text },
    headers: new Map([...headers(), ...more.headers]),
    args: [...defaultCompileArgs({ arch: 20 }), ...more.args],
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

/** Small integers, so that no sum becomes infinite; zeros behind them. */
function fill(memory, type, starts = [at.a, at.b]) {
  const { buffer } = memory;
  new Uint8Array(buffer, starts[0]).fill(0);
  for (const start of starts) {
    for (let i = 0; i < size * size; i++) {
      const value = ((i * 7) % 11) - 5;
      if (type === "int8") new Int8Array(buffer, start)[i] = value;
      else if (type === "int16") new Int16Array(buffer, start)[i] = value;
      else if (type === "int32") new Int32Array(buffer, start)[i] = value;
      else if (type === "float") new Float32Array(buffer, start)[i] = value;
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
