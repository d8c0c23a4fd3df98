import { afterAll, beforeAll, expect, test } from "vitest";
import { oneCoreDesign, type SimFolder, sendAndAwait, simFolder } from "./sim.test-support.ts";

let folder: SimFolder;
beforeAll(async () => {
  folder = await simFolder();
  await folder.write(
    "call.mlir",
    oneCoreDesign({
      declarations: "func.func private @k(memref<16xi32>, memref<16xi32>)",
      work: "func.call @k(%ei, %eo) : (memref<16xi32>, memref<16xi32>) -> ()",
      sequence: sendAndAwait,
    }),
  );
});
afterAll(() => folder.remove());

const kernel = (body: string): string =>
  `extern "C" void k(const int *in, int *out) {\n  ${body.replaceAll("; ", ";\n  ")}\n}\n`;

async function checked(body: string) {
  await folder.write("k.cc", kernel(body));
  return folder.sim("call.mlir", "--kernel", "k.cc", "--in", "zeros", "--out", "b.npy", "--check");
}

test("--check: a right kernel runs, and the report says how much of the stack it used", {
  timeout: 60_000,
}, async () => {
  const right = await checked(
    "volatile int copy[16]; for (int i = 0; i < 16; ++i) copy[i] = in[i]; for (int i = 0; i < 16; ++i) out[i] = copy[i] + 1;",
  );

  expect(right).toMatchObject({ code: 0 });
  expect(right.stdout).toMatch(/core \(0,2\): kernels used (6[4-9]|[7-9]\d|1\d\d) of 1024 bytes of stack here/);
});

test("--check: what hardware does in silence is named with kernel, buffer, element and the line of the call", {
  timeout: 60_000,
}, async () => {
  const overrun = await checked("for (int i = 0; i <= 16; ++i) out[i] = in[0];");
  const unset = await checked("for (int i = 0; i < 16; ++i) out[i] += in[i] + 1;");

  expect([overrun, unset].map(({ code }) => code)).toEqual([5, 5]);
  expect(overrun.stderr).toMatch(/kernel k on core \(0,2\): writes 4 bytes behind its argument out_buff_0, at address/);
  expect(unset.stderr).toMatch(
    /kernel k on core \(0,2\): reads memory of tile \(0,2\) that was never written: .*element \d+, .*out_buff_0.* of objectFifo out/,
  );
  for (const { stderr } of [overrun, unset]) expect(stderr).toMatch(/called \(call\.mlir:\d+:\d+\) with/);
});
