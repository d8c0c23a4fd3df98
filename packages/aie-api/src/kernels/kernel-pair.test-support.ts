import { existsSync, readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { type CompiledObject, WasmClang } from "@aiekit/wasm-clang";
import { defaultCompileArgs, headers } from "../index.ts";
import { instantiate, type TestKernel } from "../kernel.test-support.ts";

export const repositoryRoot = fileURLToPath(new URL("../../../../", import.meta.url));

/** Sources below kernels/: path from the repository root -> text. */
export function kernelFiles(): ReadonlyMap<string, string> {
  const paths = readdirSync(`${repositoryRoot}kernels`, { recursive: true, encoding: "utf8" }).filter((p) =>
    /\.(cc|h)$/.test(p),
  );
  return new Map(paths.map((p) => [`kernels/${p}`, readFileSync(`${repositoryRoot}kernels/${p}`, "utf8")]));
}

/** A kernel and its scalar meaning, each compiled by itself and linked to one module. */
export interface KernelPair {
  readonly kernel: TestKernel;
  /** Bytes of tables and work buffers: what the kernel takes of the tile besides its arguments. */
  readonly dataBytes: number;
}

export async function buildPair(options: {
  /** Path of the kernel's source from the repository root. */
  readonly file: string;
  readonly exports: readonly string[];
  /** Wrappers that give the functions of `_ref.h` C names. */
  readonly reference: string;
  readonly referenceExports: readonly string[];
  /** Less where the statics of kernel and reference need the room. */
  readonly stackBytes?: number;
  /** `NAME=VALUE` for both of them. */
  readonly defines?: readonly string[];
  readonly arch?: 20 | 21;
}): Promise<KernelPair> {
  const clang = await WasmClang.open();
  const files = kernelFiles();
  const compile = (name: string, text: string): Promise<CompiledObject> =>
    clang.compile({
      source: { name, text },
      headers: new Map([...headers(), ...files]),
      args: [
        ...defaultCompileArgs({ arch: options.arch ?? 20 }),
        ...["-Wall", "-Wextra", "-Werror"],
        ...(options.defines ?? []).map((define) => `-D${define}`),
      ],
    });
  try {
    const kernel = { name: "kernel.o", bytes: (await compile(options.file, files.get(options.file) ?? "")).object };
    const reference = { name: "reference.o", bytes: (await compile("kernels/reference.cc", options.reference)).object };
    const { stackBytes = 16_384 } = options;
    const layout = { stackBytes, dataBase: stackBytes };
    const alone = await clang.link({ objects: [kernel], exports: options.exports, ...layout });
    const both = await clang.link({
      objects: [kernel, reference],
      exports: [...options.exports, ...options.referenceExports],
      memoryPages: 2,
      ...layout,
    });
    return { kernel: instantiate(both.module, 2), dataBytes: alone.dataBytes };
  } finally {
    clang.close();
  }
}

/** Where a test puts arguments: the second page, which kernel and reference leave alone. */
export const argumentsBase = 65_536;

/** Numbers in [0, 1) that are the same in every run (a linear congruential generator, Numerical Recipes 7.1). */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

export const clampInt16 = (x: number): number => Math.max(-32_768, Math.min(32_767, Math.round(x)));

/** Frames that go to the edges: silence, one count, full scale, alternation at the highest frequency, clipping, impulses. */
export function edgeFrames(samples: number): ReadonlyMap<string, Int16Array> {
  const make = (f: (n: number) => number): Int16Array =>
    Int16Array.from({ length: samples }, (_, n) => clampInt16(f(n)));
  return new Map([
    ["silence", make(() => 0)],
    ["one count", make((n) => (n === 200 ? 1 : 0))],
    ["least constant", make(() => -32_768)],
    ["greatest constant", make(() => 32_767)],
    ["alternating full scale", make((n) => (n % 2 === 0 ? -32_768 : 32_767))],
    ["clipped tone", make((n) => 200_000 * Math.sin(n * 0.11))],
    ["impulse", make((n) => (n === 17 ? -32_768 : 0))],
    ["faint tone on an offset", make((n) => 20_000 + 2 * Math.sin(n * 0.7))],
  ]);
}

/** Frames of noise and tones over the whole range of levels. */
export function randomFrames(count: number, samples: number, seed: number): Int16Array[] {
  const random = seededRandom(seed);
  return Array.from({ length: count }, () => {
    const [noise, tone, step] = [2 ** (16 * random()), 2 ** (16 * random()), 3.1 * random()];
    return Int16Array.from({ length: samples }, (_, n) =>
      clampInt16(noise * (random() - 0.5) + tone * Math.sin(n * step)),
    );
  });
}

/** The optional recording of speech, 16 kHz mono int16, or undefined where this checkout has none. */
export function optionalSpeech(): Int16Array | undefined {
  const path = `${repositoryRoot}../shared/data/jfk.wav`;
  if (!existsSync(path)) return undefined;
  const bytes = readFileSync(path);
  const data = bytes.indexOf("data") + 8;
  return new Int16Array(bytes.buffer.slice(bytes.byteOffset + data, bytes.byteOffset + data + 2 * 16_000 * 5));
}
