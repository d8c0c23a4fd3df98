import { expect, test } from "vitest";
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
  60_000,
);

test.each(["add", "topk", "matmul"])(
  "%s passes the first two cases of its suite on all eight columns of npu2",
  async (kernel) => {
    expect(await validate(kernel, "--npu", "npu2")).toEqual({ code: 0, pass: true, cases: 2 });
  },
  120_000,
);

test("gelu with a rounding by floor fails its suite", async () => {
  expect(await validate("gelu", "--param", "rounding=floor")).toMatchObject({ code: 1, pass: false });
}, 60_000);
