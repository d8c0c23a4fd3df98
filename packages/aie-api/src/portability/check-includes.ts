import { posix } from "node:path";
import type { Finding } from "./finding.ts";
import type { KernelText } from "./kernel-text.ts";

/** Headers that both compilers bring: the freestanding ones of C, and those of aie_api that both interfaces have. */
const permitted = new Set([
  "stdint.h",
  "stddef.h",
  "limits.h",
  "float.h",
  "aie_api/aie.hpp",
  "aie_api/operators.hpp",
  "aie_api/utils.hpp",
]);

const nearest: Readonly<Record<string, string>> = {
  cstdint: "<stdint.h>",
  cstddef: "<stddef.h>",
  climits: "<limits.h>",
  cfloat: "<float.h>",
  bit: "__builtin_bit_cast, __builtin_clz",
  algorithm: "aie::min, aie::max, or a comparison",
  cmath: "the functions of kernels/math, or constexpr arithmetic",
  "math.h": "the functions of kernels/math, or constexpr arithmetic",
  array: "a C array",
  type_traits: "__is_same and the other traits of the compiler",
  "string.h": "__builtin_memcpy, __builtin_memset",
  cstring: "__builtin_memcpy, __builtin_memset",
  "aie_api/aie_adf.hpp": "<aie_api/aie.hpp>",
  "wasm_simd128.h": "<aie_api/aie.hpp>",
};

export function checkIncludes(
  { path, tokens }: KernelText,
  { root, paths }: { readonly root: string; readonly paths: ReadonlyMap<string, string> },
): readonly Finding[] {
  const findings: Finding[] = [];
  for (const { kind, text, line } of tokens) {
    const include = kind === "directive" ? /^include\s*(?:<([^>]+)>|"([^"]+)")/.exec(text) : null;
    if (include === null) continue;
    const [, angled, quoted] = include;
    const name = angled ?? quoted ?? "";
    if (permitted.has(name) || (quoted !== undefined && isOwn(quoted, { path, root, paths }))) continue;
    const instead = nearest[name];
    findings.push({
      path,
      line,
      what: `#include ${angled ? `<${name}>` : `"${name}"`}`,
      problem: problemOf(name, angled),
      ...(instead && { instead }),
    });
  }
  return findings;
}

function isOwn(
  name: string,
  { path, root, paths }: { path: string; root: string; paths: ReadonlyMap<string, string> },
): boolean {
  return [posix.dirname(path), root].some((folder) => paths.has(posix.join(folder, name)));
}

function problemOf(name: string, angled: string | undefined): string {
  if (/wasm|emscripten/.test(name)) return "only WebAssembly has it; Peano does not";
  if (/^aie_api\//.test(name)) return "the published aie_api has it, the simulator's headers do not";
  if (/adf|aiev2|aie2p?intrin/.test(name)) return "only AMD's compilers have it; the simulator does not";
  if (angled !== undefined && /^[a-z_]+$/.test(name))
    return "the C++ library: Peano brings one, the simulator compiles without";
  if (angled !== undefined) return "not a freestanding header: not both compilers bring it";
  return "there is no such file beside the kernel or in the folder of kernels";
}
