import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** Where a compile job finds the headers: their path in this repository, so that a command in a message can be pasted. */
const includePath = "packages/aie-api/include";

/** Every header of the package: path for a compile job -> text. */
export function headers(): ReadonlyMap<string, string> {
  const folder = new URL("../include/", import.meta.url);
  const found = new Map<string, string>();
  for (const entry of readdirSync(folder, { recursive: true, encoding: "utf8" }).sort()) {
    const path = entry.replaceAll("\\", "/");
    if (/\.(hpp|h)$/.test(path)) {
      found.set(`${includePath}/${path}`, readFileSync(fileURLToPath(new URL(path, folder)), "utf8"));
    }
  }
  return found;
}

/**
 * Options of clang for a kernel of one architecture: 20 is AIE2 (npu1), 21 is AIE2P (npu2). Freestanding C++20 without
 * exceptions or the C++ library, as the kernels are compiled for the device, plus WebAssembly's 128-bit vectors.
 */
export function defaultCompileArgs({ arch }: { readonly arch: 20 | 21 }): readonly string[] {
  return [
    "--target=wasm32-unknown-unknown",
    "-std=c++20",
    "-O2",
    // Function names, lines and inlining for fault messages; types would double the compile time.
    "-gline-tables-only",
    "-msimd128",
    "-mbulk-memory",
    "-ffreestanding",
    "-nostdinc++",
    "-fno-exceptions",
    "-fno-rtti",
    // Control registers and counters are globals of WebAssembly and have no address that could be chosen at run time.
    "-mllvm",
    "-sink-common-insts=false",
    // Tables for switches would take tile memory that the kernel's author did not ask for.
    "-fno-jump-tables",
    "-DNDEBUG",
    // Peano defines both.
    `-D__AIE_ARCH__=${arch}`,
    `-D__AIEARCH__=${arch}`,
    arch === 20 ? "-D__AIE2__" : "-D__AIE2P__",
    `-I${includePath}`,
    "-Ikernels",
  ];
}
