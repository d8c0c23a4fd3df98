import { afterAll, beforeAll, expect, test } from "vitest";
import { oneCoreDesign, type SimFolder, sendAndAwait, simFolder } from "./sim.test-support.ts";

let folder: SimFolder;
const input = Int8Array.from({ length: 128 }, (_, i) => ((i * 37) % 23) - 11);

beforeAll(async () => {
  folder = await simFolder();
  // The core has no stack_size: its stack is the default of 1,024 bytes.
  await folder.write(
    "call.mlir",
    oneCoreDesign({
      declarations: "func.func private @k(memref<16xi32>, memref<16xi32>)",
      work: "func.call @k(%ei, %eo) : (memref<16xi32>, memref<16xi32>) -> ()",
      sequence: sendAndAwait,
    }),
  );
  await folder.writeArray("a.npy", "i32", new Int32Array(input.buffer));
});
afterAll(() => folder.remove());

const eight = [0, 1, 2, 3, 4, 5, 6, 7];
/** A kernel that adds up in eight accumulators of 1,024 bits in a loop, with `local` before and `more` behind. */
const kernel = (block: string, from: string, parts: { readonly local?: string; readonly more?: string } = {}): string =>
  `#include <aie_api/aie.hpp>
using block = aie::mmul<${block}>;
extern "C" void k(const int32 *in, int32 *out) {
  for (int i = 0; i < 16; ++i) out[i] = 0;
  ${parts.local ?? ""}
  const auto zero = aie::zeros<block::tag, block::size_C>();
  block ${eight.map((i) => `c${i}(zero)`).join(", ")};
  for (int i = 0; i < 3; ++i) {
    const auto a = aie::load_v<block::size_A>((const ${from} *)in);
    const auto b = aie::load_v<block::size_B>((const ${from} *)in);
    ${eight.map((i) => `c${i}.mac(a, b);${i < 4 ? ` c${i}.mac(a, b);` : ""}`).join(" ")}
  }
  ${eight.map((i) => `out[${i}] = (int32)c${i}.to_accum().to_vector<${from === "int8" ? "int32" : "float"}>().get(${i});`).join("\n  ")}
  ${parts.more ?? ""}
}
`;
const int8 = (parts = {}): string => kernel("4, 8, 8, int8, int8", "int8", parts);
/** The first row of a times column i of b, of the first object; six times in the first four, then three times. */
const products = eight.map((column) => {
  const sum = eight.reduce((total, i) => total + input[i]! * input[8 * i + column]!, 0);
  return (column < 4 ? 6 : 3) * sum;
});

async function run(text: string, ...options: readonly string[]) {
  await folder.write("k.cc", text);
  return folder.sim("call.mlir", "--kernel", "k.cc", "--in", "a.npy", "--out", "b.npy", ...options);
}

const ways = [[], ["--check"]] as const;

test("eight accumulators of 4x8x8 int8 run with the default stack, and the report has them apart", {
  timeout: 120_000,
}, async () => {
  for (const way of ways) {
    const { code, stderr, stdout } = await run(int8(), ...way);

    expect(code, stderr).toBe(0);
    expect([...(await folder.read("b.npy"))].slice(0, 8)).toEqual(products);
    if (way[0] === "--check") {
      expect(stdout).toContain(
        "core (0,2): kernels used 0 of 1024 bytes of stack here, beside up to 1024 bytes for which the device has registers",
      );
    }
  }
});

test("eight accumulators of 4x8x4 bfloat16 and a local array of 512 bytes run with the default stack", {
  timeout: 120_000,
}, async () => {
  const text = kernel("4, 8, 4, bfloat16, bfloat16", "bfloat16", {
    local: "volatile int local[128]; for (int i = 0; i < 16; ++i) local[(in[i] & 7) * 16] = 5;",
    more: "out[15] = local[(in[3] & 7) * 16];",
  });
  for (const way of ways) {
    const { code, stderr, stdout } = await run(text, ...way);

    expect(code, stderr).toBe(0);
    expect((await folder.read("b.npy"))[15]).toBe(5);
    if (way[0] === "--check")
      expect(stdout).toMatch(/kernels used 5(1[2-9]|[2-6]\d) of 1024 bytes of stack here, beside/);
  }
});

test("an array of 2,000 bytes beside eight accumulators is a stack overflow, whose hint says what is not counted", {
  timeout: 120_000,
}, async () => {
  const text = int8({
    local: "volatile int local[500]; for (int i = 0; i < 16; ++i) local[(in[i] & 7) * 60] = 5;",
    more: "out[15] = local[(in[3] & 7) * 60];",
  });
  for (const way of ways) {
    const { code, stderr } = await run(text, ...way);

    expect(code).toBe(5);
    expect(stderr).toMatch(/stack overflow: the core has 1024 bytes of stack, the call needs at least 20[0-4]\d\n/);
    expect(stderr).toMatch(
      /up to \d+ bytes of sums of aie::mmul and of vectors, for which the device has registers, are/,
    );
  }
});
