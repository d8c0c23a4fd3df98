import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { parseManifest } from "@aiekit/core";
import { AieArray, type ArrayConfig, type ArrayReport, loadArrayConfig } from "@aiekit/host";
import { parseModule } from "@aiekit/mlir";
import { buildKernel } from "@aiekit/tools";
import { decodeSimImage, isSimImage, readXclbin } from "@aiekit/xclbin";
import { expect, test } from "vitest";
import { runInProcess } from "./run-cli.test-support.ts";

/** A build: the array's configuration, the cores' kernels, and the first sequence with its arguments. */
async function built(kernel: string, params: Readonly<Record<string, string | number>>) {
  const { manifestPath } = await buildKernel({ kernel, target: "sim", params });
  const read = async (path: string) => new Uint8Array(await readFile(join(dirname(manifestPath), path)));
  const manifest = parseManifest(await readFile(manifestPath, "utf8"), manifestPath);
  const xclbin = readXclbin(await read(manifest.xclbin.path), kernel);
  const pdi = xclbin.partition!.pdis.find(({ image }) => isSimImage(image))!;
  const image = decodeSimImage(pdi.image, kernel);
  const modules = image.cores.map(({ col, row, module }): [string, Uint8Array] => [
    `${col},${row}`,
    image.modules[module]!,
  ]);
  const [sequence] = manifest.sequences;
  return {
    config: (): ArrayConfig => loadArrayConfig(parseModule(image.loweredMlir, "lowered.mlir")),
    modules: new Map(modules),
    insts: await read(sequence!.insts.path),
    /** Small numbers; ones where words are multipliers and shifts. */
    buffers: () =>
      sequence!.args.map(({ dtype, bytes }) => {
        const words = new Uint16Array(2 * Math.ceil(bytes / 4));
        for (let i = 0; i < words.length; i++) {
          if (dtype === "i32") words[i] = i % 2 === 0 ? 1 : 0;
          else
            words[i] =
              dtype === "bf16"
                ? [0x3f80, 0xbf00, 0x4000, 0x3e80, 0][(Math.imul(i, 0x9e3779b1) >>> 8) % 5]!
                : (i * 37) & 0x0f07;
        }
        return new Uint8Array(words.buffer);
      }),
    /** Begins each argument of floats with infinity, at which kernels that look at data leave work out. */
    spoil: (buffers: readonly Uint8Array[]) =>
      sequence!.args.forEach(({ dtype }, i) => {
        if (dtype === "bf16") buffers[i]!.set([0x80, 0x7f]);
      }),
  };
}

/** Delays that depend on nothing but the number of an event. */
const delaysOf = (seed: number) => (serial: number) =>
  seed === 0 ? 0 : (Math.imul(serial + seed, 0x9e3779b1) >>> 23) % 200;

test.each([
  ["add", { shape: "64x384" }],
  ["gelu", { shape: "64x384" }],
  ["layernorm", { rows: "64" }],
  // Its counts depend on data: its calls stay on the array's own thread.
  ["softmax", { rows: "32", cols: "256" }],
  ["gemv", { shapes: "1x128x256" }],
  ["matmul", { dtype: "i8_i8", shapes: "64x128x128" }],
  ["matmul", { dtype: "bf16_bf16", shapes: "64x128x128" }],
] as const)(
  "%s %o: 1, 2 and 4 threads give equal bytes, cycles and reports in two schedules, over four runs",
  async (kernel, params) => {
    // Over several runs, since a call goes to another thread only when one with equal arguments has been.
    const { config, modules, insts, buffers, spoil } = await built(kernel, params);
    const run = async (threads: number, seed: number) => {
      const array = new AieArray(config(), modules, { threads, threadedFromUs: 0, delays: delaysOf(seed) });
      const all = buffers();
      const reports: ArrayReport[] = [];
      for (let i = 0; i < 4; i++) {
        if (i === 3) spoil(all);
        reports.push(await array.run({ insts, buffers: all }));
      }
      array.close();
      return { bytes: all.map((one) => Buffer.from(one)), reports };
    };
    for (const seed of [0, 1]) {
      const one = await run(1, seed);
      for (const threads of [2, 4]) {
        const got = await run(threads, seed);

        expect(got.reports, `${threads} threads, schedule ${seed}`).toEqual(one.reports);
        got.bytes.forEach((bytes, i) => {
          expect(bytes.equals(one.bytes[i]!), `argument ${i}, ${threads} threads, schedule ${seed}`).toBe(true);
        });
      }
    }
  },
  240_000,
);

test("add's whole suite says the same with 1 and 2 threads, to the last digit and cycle", async () => {
  const suite = async (simThreads: number) => {
    const environment = { color: false, ci: true, clang: undefined, simThreads, variables: {} };
    const { code, stdout } = await runInProcess(["validate", "add", "--json"], { environment });
    const { cases, pass } = JSON.parse(stdout);
    return { code, pass, cases };
  };

  const one = await suite(1);

  expect(one).toMatchObject({ code: 0, pass: true });
  expect(await suite(2)).toEqual(one);
}, 300_000);
