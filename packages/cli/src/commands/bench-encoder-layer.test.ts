import { expect, test } from "vitest";
import { compileLimitMs } from "../compile-limit.test-support.ts";
import { runInProcess } from "../run-cli.test-support.ts";

const bench = (...params: string[]) =>
  runInProcess(["bench", "encoder-layer", ...params.flatMap((param) => ["--param", param]), "--json"]);
const small = ["positions=40", "width=128", "heads=2", "ffn=256"] as const;
/** Three builds; from samples on, those of five sources more. */
const buildsMs = 8 * compileLimitMs;

test(
  "a small layer is right on the simulated array: seven launches, six runlists, three contexts",
  async () => {
    const { code, stdout } = await bench(...small);
    const { correctness, report } = JSON.parse(stdout);

    expect(code).toBe(0);
    expect(correctness.checks.map((check: { pass: boolean }) => check.pass)).toEqual([true, true, true, true]);
    expect(report.totals).toMatchObject({ launches: 7, runlists: 6, contexts: 3, contextSwitches: 6 });
    expect(report.runlists.at(-1)).toEqual({ kernel: "matmul", steps: ["fc1", "fc2"] });
    // The product reads a and b once at least, and writes every element of c.
    const qkv = report.steps.find(({ name }: { name: string }) => name === "qkv");
    expect(qkv.bytesToArray).toBeGreaterThanOrEqual(2 * (40 * 128 + 128 * 384));
    expect(qkv.bytesFromArray).toBeGreaterThanOrEqual(2 * 40 * 384);
    expect(report.totals.modelled.seconds).toBeGreaterThan(report.totals.modelled.launchSeconds);
  },
  buildsMs,
);

test(
  "a layer whose kernels round by floor is wrong, says by how much, and is not timed",
  async () => {
    const { code, stdout, stderr } = await bench(...small, "rounding=floor");

    expect(code).toBe(1);
    expect(stdout).toBe("");
    expect(stderr).toMatch(/relative L2: \d\.\d+e-3/);
    expect(stderr).toContain("encoder-layer is wrong, so it is not timed");
  },
  buildsMs,
);

test(
  "from a second of speech on: features, two convolutions with positions, and the layer, nothing back on the host",
  async () => {
    const { code, stdout, stderr } = await bench("samples=16000", ...small.slice(1));
    expect(stderr).not.toContain("wrong");
    const { correctness, report, sizes } = JSON.parse(stdout);

    expect(code).toBe(0);
    expect(sizes.positions).toBe(50);
    expect(correctness.checks.map((check: { pass: boolean }) => check.pass)).toEqual([true, true, true, true]);
    expect(report.totals).toMatchObject({ launches: 11, contexts: 6 });
    expect(report.runlists[2]).toEqual({ kernel: "conv1d", steps: ["conv1", "conv2"] });
  },
  buildsMs,
);

test("sizes that do not chain and unknown parameters are refused before anything is built", async () => {
  const wide = await bench("width=100");
  const unknown = await bench("depth=4");
  const odd = await bench("samples=16160");
  const both = await bench("samples=16000", "positions=50");

  expect([wide, unknown, odd, both].map(({ code }) => code)).toEqual([2, 2, 2, 2]);
  expect(odd.stderr).toMatch(/samples 16160: expected an even number of frames/);
  expect(both.stderr).toMatch(/positions follow from the samples/);
  expect(wide.stderr).toMatch(/width 100: expected a multiple of 64[\s\S]*nearest: 128/);
  expect(unknown.stderr).toMatch(/no parameter depth[\s\S]*positions, width, heads, ffn, samples, mels, rounding/);
});
