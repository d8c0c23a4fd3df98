import { expect, test } from "vitest";
import { compileLimitMs } from "./compile-limit.test-support.ts";
import { runInProcess } from "./run-cli.test-support.ts";

const validate = async (...argv: string[]) => {
  const { code, stdout } = await runInProcess(["validate", ...argv, "--clips", "2", "--json"]);
  return { code, pass: JSON.parse(stdout).pass, cases: JSON.parse(stdout).cases.length };
};

test.each(["gelu", "add", "softmax", "layernorm", "topk", "transpose"])(
  "%s passes the first two cases of its suite on the simulated array",
  async (kernel) => {
    expect(await validate(kernel)).toEqual({ code: 0, pass: true, cases: 2 });
  },
  2 * compileLimitMs,
);

test.each(["add", "topk", "matmul"])(
  "%s passes the first two cases of its suite on all eight columns of npu2",
  async (kernel) => {
    expect(await validate(kernel, "--npu", "npu2")).toEqual({ code: 0, pass: true, cases: 2 });
  },
  2 * compileLimitMs,
);

test("gelu with a rounding by floor fails its suite", async () => {
  expect(await validate("gelu", "--param", "rounding=floor")).toMatchObject({ code: 1, pass: false });
}, 240_000);

test("the first case that failed is told with element, expected, got, and BD by BD the way back to the core that wrote it", async () => {
  const { code, stdout } = await runInProcess(["validate", "gelu", "--param", "rounding=floor", "--clips", "1"]);

  expect(code).toBe(1);
  const at = /error: [\d.]+ of the tolerance at (\d+) \(row \d+, column \d+\): expected ([-\d.]+), got ([-\d.]+)/.exec(
    stdout,
  );
  const told = stdout.slice(stdout.indexOf("first case that failed"));
  expect(told).toMatch(
    new RegExp(`element ${at?.[1]} \\(row \\d+, column \\d+\\): expected ${at?.[2]}, got ${at?.[3]}, in output y`),
  );
  expect(told).toMatch(/ {2}written by S2MM \d of \(\d,0\), BD \d+: byte \d+ of host memory/);
  expect(told).toMatch(
    / {2}sent by MM2S 0 of \(\d,[2-5]\), BD \d+: element \d+ of y_\w*buff_\d, until cycle \d+ \(modelled\)\n {2}written by core \(\d,[2-5]\)\n/,
  );
}, 240_000);
