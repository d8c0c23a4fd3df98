import type { WasmClang } from "@aiekit/wasm-clang";
import { defaultCompileArgs, headers } from "./index.ts";

/** A kernel's exports and its memory; inputs and outputs of a test go to `inputs` and `outputs`. */
export interface TestKernel {
  readonly memory: WebAssembly.Memory;
  call(name: string, ...args: number[]): number;
  /** Calls of event0 and event1 so far. */
  readonly events: readonly number[];
}

/** A kernel and its scalar meaning: the compiler itself ends a compile after 120 s, and names it. */
export const startTimeoutMs = 240_000;

/** Free for tests: below are stack and statics. Multiples of 64. */
export const inputs = 49_152;
export const inputs2 = 53_248;
export const inputs3 = 57_344;
export const outputs = 61_440;

/** Thrown where a kernel traps; codes as in aie_api/detail/machine.hpp. */
class KernelTrap extends Error {
  readonly args: readonly [code: number, a: number, b: number];

  constructor(args: readonly [number, number, number]) {
    super(`kernel trap ${args.join(" ")}`);
    this.args = args;
  }
}

/** Compiles `body` after the aie_api include, links it and instantiates it in a page of its own. */
export async function buildKernel(clang: WasmClang, body: string, options: BuildOptions = {}): Promise<TestKernel> {
  const text = `#include <aie_api/aie.hpp>\n#include <aie_api/operators.hpp>\n${body}`;
  const { object } = await clang.compile({
    source: { name: "kernels/test/test.cc", text },
    headers: new Map([...headers(), ...(options.headers ?? [])]),
    args: [...defaultCompileArgs({ arch: options.arch ?? 20 }), "-Wall", "-Wextra", "-Werror"],
  });
  const exports = [...text.matchAll(/\bEXPORT\s+\S+\s+(\w+)\s*\(|^extern "C" [\w ]+?\b(\w+)\(/gm)].map(
    (m) => m[1] ?? m[2] ?? "",
  );
  const { module } = await clang.link({
    objects: [{ name: "test.o", bytes: object }],
    exports: [...new Set([...exports, ...(options.exports ?? [])])],
    stackBytes: 16_384,
    dataBase: 16_384,
  });
  return instantiate(module, 1);
}

interface BuildOptions {
  readonly arch?: 20 | 21;
  readonly headers?: ReadonlyMap<string, string>;
  /** Entry points that a macro makes. */
  readonly exports?: readonly string[];
}

export function instantiate(module: Uint8Array, pages: number): TestKernel {
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages });
  const events: number[] = [];
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(module as BufferSource), {
    env: {
      memory,
      aiekit_trap: (code: number, a: number, b: number) => {
        throw new KernelTrap([code, a, b]);
      },
      aiekit_event: (n: number) => events.push(n),
    },
  });
  return {
    memory,
    events,
    call: (name, ...args) => {
      const entry = exports[name];
      if (typeof entry !== "function") throw new Error(`test kernel: expected an export ${name}, got none`);
      return (entry as (...a: number[]) => number)(...args);
    },
  };
}

/** The exception of a call that must trap. */
export function trapOf(call: () => unknown): KernelTrap {
  try {
    call();
  } catch (error) {
    if (error instanceof KernelTrap) return error;
    throw error;
  }
  throw new Error("expected a trap, got none");
}
