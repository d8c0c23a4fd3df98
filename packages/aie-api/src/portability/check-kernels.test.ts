import { execFile } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { appendFile, cp, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { headers } from "../headers.ts";
import { apiNames, simulatorNames } from "./api-names.ts";
import { checkHeaders } from "./check-headers.ts";
import { checkKernels } from "./check-kernels.ts";
import { formatFinding } from "./finding.ts";

const root = resolve(import.meta.dirname, "../../../..");
const api = apiNames();
const kernels = new Map(
  readdirSync(join(root, "kernels"), { recursive: true, encoding: "utf8" })
    .filter((name) => /\.(h|cc)$/.test(name))
    .map((name) => [`kernels/${name}`, readFileSync(join(root, "kernels", name), "utf8")]),
);
const gelu = "kernels/gelu/gelu.cc";
const lines = (kernels.get(gelu) ?? "").split("\n").length;

const geluAndItsHeaders = [...kernels].filter(([path]) => /^kernels\/(gelu|math)\/|aie_kernel\.h$/.test(path));

/** What is found when these lines come behind the last of a kernel that is in order. */
function seeded(...added: readonly string[]): readonly string[] {
  const texts = new Map(geluAndItsHeaders).set(gelu, `${kernels.get(gelu)}${added.join("\n")}\n`);
  return checkKernels(texts, "kernels", api).map(formatFinding);
}

test("the kernels have nothing that only one side has", () => {
  expect(kernels.size).toBeGreaterThan(50);
  expect(checkKernels(kernels, "kernels", api).map(formatFinding)).toEqual([]);
});

test.each([
  // Only the simulator.
  [
    "AIEKIT_INLINE int f() { return 1; }",
    "AIEKIT_INLINE: only the simulator's headers have it",
    "AIE_INLINE of aie_kernel.h",
  ],
  ["void f() { aiekit::trap(aiekit::trap_code::assertion, 0, 0); }", "aiekit::: the simulator's own", ""],
  ["void f() { aiekit_event(2); }", "aiekit_event: only the simulator's headers have it", ""],
  [
    "int f() { return __builtin_wasm_memory_size(0); }",
    "__builtin_wasm_memory_size: only WebAssembly has it",
    "a function of aie_api",
  ],
  ["v128_t f(v128_t x) { return x; }", "v128_t: only WebAssembly has it", "aie::vector"],
  ['__attribute__((export_name("f"))) void f() {}', "export_name: only WebAssembly has it", ""],
  ["typedef int v4 __attribute__((ext_vector_type(4)));", "ext_vector_type: vectors of clang", "aie::vector"],
  ["void f() { auto x = aie::detail::read<4, int32>(nullptr); }", "aie::detail::read: the inside of aie_api", ""],
  ["auto f(aie::accum<acc32, 8> x) { return x.is_float; }", ".is_float: only the simulator's headers have it", ""],
  ["int64 f();", "int64: only the simulator's headers have it", ""],
  ["int property(int x) { return x; }", "property: a macro of the headers that Peano always includes", "another name"],
  // Only Peano.
  ["#include <cmath>", "#include <cmath>: the C++ library", "the functions of kernels/math"],
  ["#include <cstdint>", "#include <cstdint>: the C++ library", "<stdint.h>"],
  [
    "#include <aie_api/aie_adf.hpp>",
    "#include <aie_api/aie_adf.hpp>: the published aie_api has it",
    "<aie_api/aie.hpp>",
  ],
  ['#include "missing.h"', '#include "missing.h": there is no such file', ""],
  [
    "int f(int a, int b) { return std::max(a, b); }",
    "std::max: the simulator compiles without a C++ library",
    "aie::max",
  ],
  [
    "auto f(aie::vector<int16, 16> x) { return aie::sliding_mul<8, 8>(x, 0, x, 0); }",
    "aie::sliding_mul: the published aie_api has it",
    "",
  ],
  [
    "auto f(aie::vector<int16, 16> x) { return x.grow_replicate<32>(); }",
    ".grow_replicate: the published aie_api has it",
    ".grow",
  ],
  // Neither, or in another form.
  [
    "auto f(aie::vector<int16, 32> x) { return aie::maximum(x, x); }",
    "aie::maximum: neither the published aie_api nor",
    "aie::",
  ],
  [
    "auto f(aie::vector<int16, 32> x) { return aie::select(x, x); }",
    "aie::select with 2 arguments: the published aie_api takes 3",
    "",
  ],
  ["auto f(aie::accum<acc32, 8> x) { return x.to_vector<int16>(1, 2); }", ".to_vector with 2 arguments", ""],
  [
    "int f(aie::vector<int16, 32> x) { return x.size; }",
    ".size: a function in the published aie_api, used without a call",
    ".size()",
  ],
  ["auto f() { return aie::rounding_mode::nearest; }", "aie::rounding_mode::nearest: neither", ""],
  // Another size, sign or meaning.
  ["long f(long x) { return x; }", "long: 32 bits for both targets", "int32_t"],
  ["int f(char x) { return x < 0; }", "char: whether it has a sign", "int8_t"],
  ["int f() { return sizeof(void *); }", "sizeof of a pointer: pointers are 20 bits", ""],
  [
    "bool f(const void *p) { return (reinterpret_cast<uintptr_t>(p) & 31) == 0; }",
    "uintptr_t: an address is 20 bits",
    "",
  ],
  ["float f(float x) { return __builtin_sqrtf(x); }", "__builtin_sqrtf: a call of libm", "kernels/math"],
  ["void *f() { return new int; }", "new: a core has no heap", ""],
  ["void f() { throw 1; }", "throw: both compile without exceptions", ""],
  ["struct S { virtual void f(); };", "virtual: both compile without RTTI", ""],
  ["constexpr int rnd_floor = 0;", "rnd_floor: a macro of the headers that Peano always includes", "another name"],
  ["struct S { int32_t a; int64_t b; };", "int64_t: a member of 64 bits beside smaller ones", "alignas(8)"],
  ["class S { double a = 0; bool b; };", "double: a member of 64 bits beside smaller ones", ""],
  ["#if __PEANO__\n#endif", "#if __PEANO__: a kernel that asks for its compiler", ""],
  ["#ifdef __wasm__\n#endif", "#ifdef __wasm__: a kernel that asks for its compiler", "__AIE_ARCH__"],
  ["#if AIEKIT_SIMULATED\n#endif", "#if AIEKIT_SIMULATED: AIEKIT_SIMULATED is not defined under Peano", ""],
] as const)("%s", (line, problem, instead) => {
  const found = seeded(line);

  expect(found[0]).toContain(`${gelu}:${lines}: ${problem}`);
  expect(found[0]).toContain(instead);
  // A second mention on the line may be found too, nothing elsewhere.
  expect(found.every((finding) => finding.startsWith(`${gelu}:${lines}:`))).toBe(true);
});

test("what only one generation has is refused, except under a condition on the generation", () => {
  const use = "auto f(aie::vector<bfloat16, 32> x) { return aie::tanh<bfloat16>(x); }";
  const both = { in: ["aie2", "aie2p"], args: [1, 1] } as const;
  const published = new Map([...api.published, ["aie::tanh", { ...both, in: ["aie2p"] as const }] as const]);
  const simulator = new Map([
    ...api.simulator,
    ["aie::tanh", { name: "aie::tanh", kind: "function", line: 1, header: "h" }] as const,
  ]);
  const check = (text: string) => checkKernels(new Map([["kernels/a.cc", text]]), "kernels", { published, simulator });

  expect(check(use).map(formatFinding)).toEqual([
    "kernels/a.cc:1: aie::tanh: aie2 does not have it; instead: #if on __AIE_ARCH__ around it",
  ]);
  expect(check(`#if __AIE_ARCH__ >= 21\n${use}\n#endif\n`)).toEqual([]);
});

test.each([
  ["int16 table[32] = {};", "no alignas", 64],
  ["alignas(16) int16 table[32] = {};", "alignas(16)", 64],
  ["alignas(32) static constexpr int16 table[32] = {};", "alignas(32)", 64],
])("%s, read as 32 lanes, needs its alignment said", (declaration, has, needed) => {
  const found = seeded(declaration, "auto f() { return aie::load_v<32>(table); }");

  expect(found).toEqual([
    `${gelu}:${lines}: table: ${has}, but it is accessed as whole vectors (${gelu}:${lines + 1}), which need ${needed} bytes on AIE2P and 32 on AIE2; instead: alignas(aie::vector_decl_align)`,
  ]);
});

test.each(["alignas(aie::vector_decl_align) int16 table[32] = {};", "alignas(64) int16 table[32] = {};"])(
  "%s is aligned enough",
  (declaration) => {
    expect(seeded(declaration, "auto f() { return aie::load_v<32>(table); }")).toEqual([]);
  },
);

test("256 bits need 32 bytes on both generations", () => {
  const use = "auto f() { return aie::load_v<16>(table); }";

  expect(seeded("alignas(32) int16 table[32] = {};", use)).toEqual([]);
  expect(seeded("alignas(16) int16 table[32] = {};", use)).toHaveLength(1);
});

test.each([
  "struct S { int64_t a, b; };",
  "struct S { int32_t a; static constexpr int64_t b = 1; int64_t f(int64_t x) { int64_t y = x; return y; } };",
  "template <typename T, class U> int64_t f(int32_t x);",
])("%s has one layout", (line) => {
  expect(seeded(line)).toEqual([]);
});

test("comments, strings and the scalar references of tests are not held to what a core has", () => {
  const texts = new Map([["kernels/a/a_ref.h", "inline double f(double x) { return __builtin_sqrt(x); }\n"]]);

  expect(checkKernels(texts, "kernels", api)).toEqual([]);
  expect(seeded("// std::max, long, v128_t", '/* new */ const char *name = "throw";')).toEqual([]);
});

test("each public name of the simulator's headers is published, or known to be the simulator's own", () => {
  expect(checkHeaders(api).map(formatFinding)).toEqual([]);
  expect(api.simulator.size).toBeGreaterThan(200);
});

test.each([
  ["AIEKIT_INLINE int load_all(const int* from) { return *from; }", "aie::load_all: public in the simulator's headers"],
  [
    "AIEKIT_INLINE int abs(int a, int b) { return a + b; }",
    "aie::abs: takes 1 to 2 arguments here, 1 argument in the published aie_api",
  ],
  ["enum class rounding_mode : int { nearest };", "aie::rounding_mode::nearest: public in the simulator's headers"],
  ["class tile { public: int core() const { return 0; } };", "aie::tile.core: public in the simulator's headers"],
])("a header that also has `%s` is red", (declaration, problem) => {
  const path = "packages/aie-api/include/aie_api/detail/bits.hpp";
  const text = `${headers().get(path)}\nnamespace aie {\n${declaration}\n}\n`;
  const simulator = simulatorNames(new Map([...headers()].map(([name, had]) => [name, name === path ? text : had])));

  const found = checkHeaders({ published: api.published, simulator }).map(formatFinding);
  expect(found).toHaveLength(1);
  expect(found[0]).toContain(problem);
});

test("the check over a copied folder of kernels ends with 1 and names file and line", async () => {
  const folder = await mkdtemp(join(tmpdir(), "aiekit-kernels-"));
  try {
    await cp(join(root, "kernels"), join(folder, "kernels"), { recursive: true });
    await appendFile(join(folder, "kernels/gelu/gelu.cc"), "long double_width(long x) { return 2 * x; }\n");
    const run = promisify(execFile)(
      process.execPath,
      [join(root, "scripts/check-kernels.mjs"), "--kernels", "kernels"],
      { cwd: folder },
    );

    await expect(run).rejects.toMatchObject({
      code: 1,
      stderr: expect.stringContaining(`kernels/gelu/gelu.cc:${lines}: long: 32 bits`),
    });
  } finally {
    await rm(folder, { recursive: true });
  }
});
