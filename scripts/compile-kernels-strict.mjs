// Compiles every kernel of the registry, for both generations, with a front end that is not WebAssembly's: no builtins and
// attributes of it, none of the simulator's macros, plain char with and without a sign, warnings as errors. Nothing is generated.
// It is not Peano: what only Peano refuses is not found. node scripts/compile-kernels-strict.mjs [--kernel FILE]
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { registry } from "../mlir/dist/index.js";
import { headers } from "../packages/aie-api/dist/index.js";
import { WasmClang } from "../packages/wasm-clang/dist/index.js";
import { parseArgs } from "./script-arguments.mjs";

const root = resolve(dirname(fileURLToPath(import.meta.url)), "..");
const { values } = parseArgs({ options: { kernel: { type: "string" }, kernels: { type: "string" } } });
const folder = resolve(values.kernels ?? join(root, "kernels"));

const texts = new Map(headers());
const strict = "packages/aie-api/strict/aie_api/aie.hpp";
texts.set(strict, readFileSync(join(root, strict), "utf8"));
for (const entry of readdirSync(folder, { recursive: true, encoding: "utf8" })) {
  if (/\.(h|cc)$/.test(entry))
    texts.set(`kernels/${entry.replaceAll("\\", "/")}`, readFileSync(join(folder, entry), "utf8"));
}

// Kernels take their sizes from defines of the design; each file once, as its design compiles it.
const sources = new Map();
for (const { device, params, design } of registry) {
  const chosen = Object.fromEntries(params.map((param) => [param.name, param.default]));
  for (const source of design({ device, params: chosen }).sources)
    if (!sources.has(source.file)) sources.set(source.file, source.defines ?? {});
}
for (const name of texts.keys())
  if (/^kernels\/examples\/.*\.cc$/.test(name)) sources.set(name.slice("kernels/".length), {});

const args = [
  "-fsyntax-only",
  // As a core: 32-bit, little-endian, 64-bit members aligned to 4 bytes. Not as a core: all else.
  "--target=i386-unknown-none-elf",
  "-msse2",
  "-std=c++20",
  "-ffreestanding",
  "-nostdinc++",
  "-fno-exceptions",
  "-fno-rtti",
  "-DNDEBUG",
  "-Werror",
  "-Wall",
  "-Wextra",
  "-Wundef",
  "-Wvla",
  "-Wno-unused-command-line-argument",
  "-Wno-unused-parameter",
  "-Ipackages/aie-api/strict",
  "-Ipackages/aie-api/include",
  "-Ikernels",
];
const generations = [
  ["-D__AIE_ARCH__=20", "-D__AIEARCH__=20", "-D__AIE2__"],
  ["-D__AIE_ARCH__=21", "-D__AIEARCH__=21", "-D__AIE2P__", "-funsigned-char"],
];
const compiler = await WasmClang.open();
let failed = 0;
for (const [file, defines] of sources) {
  const name = `kernels/${file}`;
  if (values.kernel !== undefined && file !== values.kernel) continue;
  for (const generation of generations) {
    const given = Object.entries(defines).map(([macro, value]) => `-D${macro}=${value}`);
    const others = new Map(texts);
    others.delete(name);
    const source = { name, text: texts.get(name) ?? "" };
    try {
      await compiler.compile({ source, headers: others, args: [...args, ...generation, ...given] });
    } catch (error) {
      failed++;
      console.error(error.message);
    }
  }
}
// The check has to be able to fail: each of these, behind a kernel that passes, must be refused.
const refused = {
  "a macro of the simulator": "AIEKIT_INLINE int seeded() { return 1; }",
  "a builtin of WebAssembly": "unsigned long seeded() { return __builtin_wasm_memory_size(0); }",
  "char without a sign": 'static_assert(static_cast<char>(-1) > 0, "seeded");',
  "64-bit members on 8 bytes":
    'struct seeded { int32_t a; int64_t b; }; static_assert(sizeof(seeded) == 16, "seeded");',
  "a macro that is not defined": "#if AIEKIT_SEEDED\n#endif",
  "a name that no header has": "auto seeded() { return aie::seeded(); }",
};
for (const [what, line] of Object.entries(values.kernel === undefined ? refused : {})) {
  const [name, text] = ["kernels/add/add.cc", texts.get("kernels/add/add.cc") ?? ""];
  const others = new Map(texts);
  others.delete(name);
  const compiled = await compiler
    .compile({ source: { name, text: `${text}${line}\n` }, headers: others, args: [...args, ...generations[0]] })
    .then(
      () => true,
      (error) => !error.message.includes(`${name}:${text.split("\n").length}:`),
    );
  if (compiled) {
    failed++;
    console.error(`${what} was not refused: ${line}`);
  }
}
compiler.close();
console.log(`kernels by a second front end: ${sources.size} files, ${failed} problems`);
process.exitCode = failed === 0 ? 0 : 1;
