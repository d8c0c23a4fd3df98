import { type ApiNames, whySimulatorOnly } from "./api-names.ts";
import type { CppToken } from "./cpp-tokens.ts";
import type { Finding } from "./finding.ts";
import type { KernelNames, KernelText } from "./kernel-text.ts";

/** Builtins of clang that are no call of a library and no instruction of one target. */
const builtins = new Set(
  ["bit_cast", "clz", "ctz", "clzll", "ctzll", "popcount", "expect", "unreachable", "constant_p", "assume", "trap"]
    .concat([
      "memcpy",
      "memset",
      "memmove",
      "huge_val",
      "huge_valf",
      "inf",
      "inff",
      "nan",
      "nanf",
      "is_constant_evaluated",
    ])
    .map((name) => `__builtin_${name}`),
);

interface Rule {
  readonly words: RegExp;
  readonly problem: string;
  readonly instead?: string;
  /** Scalar references are compiled for tests, never linked into a core. */
  readonly inReferences?: boolean;
}

const rules: readonly Rule[] = [
  {
    words:
      /^(v128_t|wasm_\w+|__wasm\w*|__i(8x16|16x8|32x4|64x2)|__f(32x4|64x2)|import_module|import_name|export_name|address_space)$/,
    problem: "only WebAssembly has it; Peano does not",
    instead: "aie::vector and the functions of aie_api",
  },
  {
    words: /^(ext_vector_type|vector_size|__builtin_(shufflevector|convertvector|elementwise_\w+|reduce_\w+))$/,
    problem: "vectors of clang are not the registers of the device",
    instead: "aie::vector",
  },
  {
    words: /^(new|delete|malloc|free|realloc|calloc)$/,
    problem: "a core has no heap",
    instead: "an array of constexpr size",
  },
  { words: /^(try|catch|throw)$/, problem: "both compile without exceptions" },
  {
    words: /^(dynamic_cast|typeid|virtual)$/,
    problem: "both compile without RTTI, and a core has no room for tables of it",
    instead: "a template",
  },
  { words: /^(thread_local|asm|__asm__|__asm)$/, problem: "the device and the simulator do not share it" },
  {
    words: /^(f?printf|puts|putchar|abort|exit|assert)$/,
    problem: "a core has no output and no exit",
    instead: "static_assert",
  },
  {
    words: /^long$/,
    problem: "32 bits for both targets, 64 in native builds: results depend on who compiles",
    instead: "int32_t, int64_t",
  },
  {
    words: /^(uintptr_t|intptr_t)$/,
    problem: "an address is 20 bits on the device and an offset into one page here",
    instead: "indices, and alignas where an address must be a multiple",
  },
  { words: /^wchar_t$/, problem: "its size is the compiler's choice", instead: "uint16_t, uint32_t" },
];

/** Source: llvm-aie, clang/lib/Headers, aiev2_defines.h and aiebase_chess.h. The last three take arguments. */
const peanoMacros =
  /^(INTRINSIC|rnd_(floor|ceil|sym_\w+|neg_inf|pos_inf|conv_\w+)|cr[A-Z]\w*|cmp_s\w+|ups_(shrt|long|nohi|dohi)|property|clobbers|clobbers_not)$/;

const libm =
  /^__builtin_(sqrt|exp|exp2|log|log2|log10|pow|sin|cos|tan|tanh|floor|ceil|round|trunc|rint|fmod|fma|fabs|fmin|fmax)f?$/;

/** Words of the language, of the compiler and of the simulator that the two sides do not share. */
export function checkLanguage(
  { path, tokens }: KernelText,
  { own, api }: { readonly own: KernelNames; readonly api: ApiNames },
): readonly Finding[] {
  const findings: Finding[] = [];
  const isReference = /_ref\.h$/.test(path);
  // The one file that asks, so that no kernel has to: its macros are hints that change no result.
  const isHints = /\/aie_kernel\.h$/.test(path);
  for (const [i, token] of tokens.entries()) {
    const found =
      token.kind === "directive"
        ? directive(token, own, isHints)
        : token.kind === "name"
          ? word(tokens, i, { own, api, isReference })
          : undefined;
    if (found !== undefined) findings.push({ path, line: token.line, ...found });
  }
  return findings;
}

type Found = Omit<Finding, "path" | "line">;

/** Conditions on who compiles: such a kernel is one kernel here and another one there. */
function directive({ text }: CppToken, own: KernelNames, isHints: boolean): Found | undefined {
  if (!/^(if|ifdef|ifndef|elif)\b/.test(text)) return undefined;
  const asked = isHints
    ? undefined
    : /\b(__PEANO__|__AIECC__|__chess__|__aie__|__AIENGINE__|__wasm\w*|__EMSCRIPTEN__|__clang__|__clang_major__|__GNUC__|__SIMD128__|__x86_64__)\b/.exec(
        text,
      )?.[1];
  if (asked !== undefined) {
    const problem = "a kernel that asks for its compiler is tested as one kernel and run as another";
    return { what: `#${text}`, problem, instead: "the same code for both, __AIE_ARCH__ for the generation" };
  }
  const macro = /\b(AIEKIT_\w+)\b/.exec(text)?.[1];
  // `#ifndef X`, then `#define X`: gives a macro of the simulator a meaning where there is no simulator.
  if (macro === undefined || own.macros.has(macro)) return undefined;
  return {
    what: `#${text}`,
    problem: `${macro} is not defined under Peano`,
    instead: "a default for it in aie_kernel.h",
  };
}

function word(
  tokens: readonly CppToken[],
  i: number,
  { own, api, isReference }: { readonly own: KernelNames; readonly api: ApiNames; readonly isReference: boolean },
): Found | undefined {
  const text = tokens[i]?.text ?? "";
  const [before, after] = [tokens[i - 1]?.text, tokens[i + 1]?.text];
  if (peanoMacros.test(text) && (after === "(" || !/^(property|clobbers)/.test(text)))
    return { what: text, problem: "a macro of the headers that Peano always includes", instead: "another name" };
  if (before === "." || before === "->") return undefined;
  if (text === "std" && after === "::") {
    const name = tokens[i + 2]?.text ?? "";
    return { what: `std::${name}`, problem: "the simulator compiles without a C++ library", ...standard(name) };
  }
  if (text === "aiekit" && after === "::")
    return { what: "aiekit::", problem: "the simulator's own; Peano does not have it" };
  if (text.startsWith("__builtin_")) return builtin(text, isReference);
  if (text === "char" && before !== "signed" && before !== "unsigned" && !isText(tokens, i))
    return { what: "char", problem: "whether it has a sign is the compiler's choice", instead: "int8_t, uint8_t" };
  if (text === "sizeof" && after === "(" && sizeOfPointer(tokens, i + 2))
    return {
      what: "sizeof of a pointer",
      problem: "pointers are 20 bits on the device, held in 4 bytes",
      instead: "no sizes of pointers",
    };
  if (own.declared.has(text) && !/^(new|delete)$/.test(text)) return undefined;
  const rule = rules.find(({ words }) => words.test(text));
  if (rule !== undefined) {
    if (text === "delete" && before === "=") return undefined;
    return { what: text, problem: rule.problem, ...(rule.instead && { instead: rule.instead }) };
  }
  return simulatorsOwn(text, { own, api });
}

function builtin(text: string, isReference: boolean): Found | undefined {
  if (builtins.has(text)) return undefined;
  if (/^__builtin_wasm_/.test(text))
    return { what: text, problem: "only WebAssembly has it; Peano does not", instead: "a function of aie_api" };
  if (libm.test(text)) {
    if (isReference) return undefined;
    return {
      what: text,
      problem: "a call of libm on the device, which for float is not there",
      instead: "the functions of kernels/math",
    };
  }
  const rule = rules.find(({ words }) => words.test(text));
  return {
    what: text,
    problem: rule?.problem ?? "not known to be in both compilers",
    ...(rule?.instead && { instead: rule.instead }),
  };
}

/** Global names of the simulator's headers: macros, functions, types. */
function simulatorsOwn(
  text: string,
  { own, api }: { readonly own: KernelNames; readonly api: ApiNames },
): Found | undefined {
  const here = api.simulator.get(text);
  if (/^AIEKIT_/.test(text) ? own.macros.has(text) : here === undefined || api.published.has(text)) return undefined;
  const why = whySimulatorOnly(text);
  const problem = `only the simulator's headers have it${why === undefined ? "" : ` (${why})`}; Peano does not`;
  const instead = text === "AIEKIT_INLINE" ? "AIE_INLINE of aie_kernel.h" : undefined;
  return { what: text, problem, ...(instead && { instead }) };
}

function standard(name: string): { readonly instead?: string } {
  const instead: Readonly<Record<string, string>> = {
    min: "aie::min, or a comparison",
    max: "aie::max, or a comparison",
    bit_cast: "__builtin_bit_cast",
    array: "a C array",
    size_t: "int32_t, or size_t of <stddef.h>",
    uint32_t: "uint32_t of <stdint.h>",
    int32_t: "int32_t of <stdint.h>",
    abs: "aie::abs, or a comparison",
    is_same_v: "__is_same",
  };
  const found = instead[name];
  return found === undefined ? {} : { instead: found };
}

/** `const char *name` is a text, whose sign no one asks for. */
function isText(tokens: readonly CppToken[], i: number): boolean {
  return tokens[i - 1]?.text === "const" && tokens[i + 1]?.text === "*";
}

function sizeOfPointer(tokens: readonly CppToken[], start: number): boolean {
  for (let i = start; i < tokens.length && tokens[i]?.text !== ")"; i++)
    if (tokens[i]?.text === "*" && tokens[i + 1]?.text === ")") return true;
  return false;
}
