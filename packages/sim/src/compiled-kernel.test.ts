import { WasmClang } from "@aiekit/wasm-clang";
import { afterAll, beforeAll, expect, test } from "vitest";
import { SimFault } from "./fault.ts";
import { arrayOf, coreDesign, inAndOut } from "./lowered-design.test-support.ts";

const stackBytes = 512;
const args = ["--target=wasm32-unknown-unknown", "-std=c++20", "-O2", "-g", "-fno-exceptions"];
let clang: WasmClang;

beforeAll(async () => {
  clang = await WasmClang.open();
});
afterAll(() => clang.close());

async function runCompiled(text: string) {
  const source = { name: "kernels/demo/demo.cc", text };
  const { object } = await clang.compile({ source, headers: new Map(), args });
  const objects = [{ name: "demo.o", bytes: object }];
  const { module } = await clang.link({ objects, exports: ["k"], stackBytes, dataBase: 8192 });
  const design = coreDesign({
    input: "memref<16xi32>",
    output: "memref<16xi32>",
    ...{ inputBytes: 64, outputBytes: 64, inputElements: 16, outputElements: 16 },
    stackBytes,
    declarations: 'func.func private @k(memref<16xi32>, memref<16xi32>, i32) attributes {link_with = "demo.o"}',
    work: `%_n = arith.constant 16 : i32
           func.call @k(%in, %out, %_n) : (memref<16xi32>, memref<16xi32>, i32) -> ()`,
  });
  const input = Int32Array.from({ length: 32 }, (_, i) => i);
  const output = new Int32Array(32);
  const run = arrayOf(design, { "0,2": module }).run(inAndOut(input, output));
  return { failure: await run.then(() => undefined).catch((error: unknown) => error), output };
}

test("a kernel compiled from C++ finds its table and its counter behind the buffers", async () => {
  const { failure, output } = await runCompiled(`
    static const int table[4] = {1, 10, 100, 1000};
    static int calls = 0;
    extern "C" void k(const int *in, int *out, int n) {
      ++calls;
      for (int i = 0; i < n; ++i) out[i] = in[i] * table[i & 3] + calls;
    }`);

  expect(failure).toBeUndefined();
  expect([...output]).toEqual(Array.from({ length: 32 }, (_, i) => i * 10 ** (i & 3) + (i < 16 ? 1 : 2)));
});

test("locals of 2000 bytes on a stack of 512 are a stack overflow, and the trap leads to the line", async () => {
  const { failure } = await runCompiled(`extern "C" void k(const int *in, int *out, int n) {
      volatile int local[500];
      for (int i = 0; i < n; ++i)
        local[i * 30] = in[i];
      for (int i = 0; i < n; ++i) out[i] = local[i * 30];
    }`);

  expect(failure).toBeInstanceOf(SimFault);
  const { fault, message } = failure as SimFault;
  expect(fault.kind).toBe("stack-overflow");
  expect(message).toContain("the core has 512 bytes of stack, the call needs at least 20");
  const [place] = await clang.symbolize(fault.kernel!.module, [fault.kernel!.frames[0]!.byteOffset]);
  expect(place).toMatchObject({ function: "k", file: "kernels/demo/demo.cc", line: 4 });
});

test("endless recursion is a stack overflow", async () => {
  const { failure } = await runCompiled(`
    int depth(volatile int *p, int n) { volatile int a[4] = {n}; return n == 0 ? 0 : depth(a, n - *p + *p - 0) + a[0]; }
    extern "C" void k(const int *in, int *out, int n) { volatile int x = 0; out[0] = depth(&x, n); }`);

  expect((failure as SimFault).fault.kind).toBe("stack-overflow");
});
