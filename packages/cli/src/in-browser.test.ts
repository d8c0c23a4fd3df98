import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { floatToBf16, parseManifest, tensor, tensorBytes } from "@aiekit/core";
import { loadKernel, openDevice } from "@aiekit/host";
import { buildKernel } from "@aiekit/tools";
import { beforeAll, expect, test } from "vitest";
import { bundleForBrowser } from "./browser-bundle.test-support.ts";
import type { PageJob, PageReport } from "./browser-page.test-support.ts";
import { findChromium, type Served, type ServedFile, visit } from "./chromium.test-support.ts";

const chromium = findChromium();

const limitMs = 60_000;
let bundle = "";
beforeAll(async () => {
  bundle = await bundleForBrowser(join(import.meta.dirname, "browser-page.test-support.ts"));
}, limitMs);

test("the simulator, the readers of xclbin and design and all they import name no module of Node", () => {
  expect(bundle.length).toBeGreaterThan(100_000);
  expect(bundle.match(/(from|import|require)\s*\(?\s*["']node:[^"']*["']/g)).toBeNull();
});

const add = {
  kernel: "add",
  params: { shape: "64x64", columns: 1 },
  inputs: () => ({
    a: tensor(
      "bf16",
      [64, 64],
      Uint16Array.from({ length: 4096 }, (_, i) => floatToBf16(i % 97)),
    ),
    b: tensor(
      "bf16",
      [64, 64],
      Uint16Array.from({ length: 4096 }, (_, i) => floatToBf16((i % 31) - 200)),
    ),
  }),
  // Whole numbers below 256 are exact in bfloat16.
  expected: () => Uint16Array.from({ length: 4096 }, (_, i) => floatToBf16((i % 97) + (i % 31) - 200)),
};

const [left, right] = [(i: number) => ((i * 37) % 251) - 125, (i: number) => ((i * 53) % 241) - 120];
const matmul = {
  kernel: "matmul",
  params: { dtype: "i8_i32", array: "column", shapes: "64x64x64" },
  inputs: () => ({
    a: tensor(
      "i8",
      [64, 64],
      Int8Array.from({ length: 4096 }, (_, i) => left(i)),
    ),
    b: tensor(
      "i8",
      [64, 64],
      Int8Array.from({ length: 4096 }, (_, i) => right(i)),
    ),
  }),
  expected: () =>
    Int32Array.from({ length: 4096 }, (_, i) => {
      const [row, col] = [i >> 6, i & 63];
      return Array.from({ length: 64 }, (_, k) => left(64 * row + k) * right(64 * k + col)).reduce((x, y) => x + y, 0);
    }),
};

for (const [where, one] of [
  ["a page", add],
  ["a worker of a page", matmul],
] as const) {
  test(
    `${one.kernel} as built for Node gives the same bytes and cycles in ${where} of Chromium`,
    async ({ skip }) => {
      if (chromium === undefined) return skip("no Chromium on PATH (Debian: apt-get install chromium)");
      const { manifestPath } = await buildKernel({
        kernel: one.kernel,
        target: "sim",
        device: "npu1",
        params: one.params,
      });
      const here = await runInNode(manifestPath, one.inputs());

      const served = await servedFiles(manifestPath, one.inputs());
      const posted = await visit({
        chromium,
        page: where === "a page" ? "/page.html" : "/worker.html",
        served,
        ...{ endsAt: "/report", failsAt: "/failure", limitMs },
      });

      const report = JSON.parse(new TextDecoder().decode(posted.get("/report"))) as PageReport;
      const there = posted.get(`/buffers/${here.outputIndex}`)!;
      expect(report.nodeGlobals).toEqual([]);
      expect(report.userAgent).toMatch(/Chrom/);
      expect(Buffer.compare(there, here.output)).toBe(0);
      expect(Buffer.compare(there, new Uint8Array(one.expected().buffer))).toBe(0);
      expect({ cycles: report.cycles, warnings: report.warnings }).toEqual({
        cycles: here.cycles,
        warnings: here.warnings,
      });
    },
    2 * limitMs,
  );
}

type Inputs = ReturnType<typeof add.inputs> | ReturnType<typeof matmul.inputs>;

async function runInNode(manifestPath: string, inputs: Inputs) {
  const device = await openDevice("sim", { generation: "npu1" });
  try {
    const loaded = await loadKernel(device, manifestPath);
    const [sequence] = loaded.manifest.sequences;
    const outputIndex = sequence!.args.findIndex(({ direction }) => direction === "out");
    const { outputs, report } = await loaded.launch(sequence!.name, inputs);
    const output = tensorBytes(outputs[sequence!.args[outputIndex]!.name]!);
    return { output, outputIndex, cycles: report.run.modelled!.cycles, warnings: report.run.warnings };
  } finally {
    await device.close();
  }
}

async function servedFiles(manifestPath: string, inputs: Inputs): Promise<Served> {
  const folder = dirname(manifestPath);
  const manifest = parseManifest(await readFile(manifestPath, "utf8"), manifestPath);
  const { args, insts } = manifest.sequences[0]!;
  const binary = (body: Uint8Array) => ({ type: "application/octet-stream", body });
  const html = (script: string) => ({ type: "text/html", body: `<!doctype html>${script}` });
  const buffers = args.map(({ name, bytes }, i) => {
    const given = Object.entries(inputs).find(([input]) => input === name)?.[1];
    const body = given ? tensorBytes(given) : new Uint8Array(bytes);
    expect(body.length, `${name} has no padding`).toBe(bytes);
    return [`/buffers/${i}`, binary(body)] as const;
  });
  // The page's script tells its own failures; this tells that it did not load.
  const failed = `fetch("/failure", { method: "POST", body: event.message ?? "the script did not load" })`;
  const job: PageJob = { xclbin: "/xclbin", insts: "/insts", buffers: buffers.map(([address]) => address) };
  return new Map<string, ServedFile>([
    ["/page.html", html(`<script type="module" src="/page.js" onerror='${failed}'></script>`)],
    [
      "/worker.html",
      html(`<script>new Worker("/page.js", { type: "module" }).onerror = (event) => ${failed};</script>`),
    ],
    ["/page.js", { type: "text/javascript", body: bundle }],
    ["/job", { type: "application/json", body: JSON.stringify(job) }],
    ["/xclbin", binary(await readFile(join(folder, manifest.xclbin.path)))],
    ["/insts", binary(await readFile(join(folder, insts.path)))],
    ...buffers,
  ]);
}
