import { WasmClang } from "@aiekit/wasm-clang";
import { afterAll, beforeAll, expect, test } from "vitest";
import { outlineModule } from "./wasm-module.ts";
import { fixedTiming, globalsOf } from "./wasm-timing.ts";

let clang: WasmClang;
beforeAll(async () => {
  clang = await WasmClang.open();
});
afterAll(() => clang.close());

const prelude = `
  __attribute__((weak, address_space(1))) unsigned counter = 0;
  __attribute__((weak, address_space(1))) int mode = 0;
  extern "C" __attribute__((used, noinline, optnone)) int aiekit_ops(int) { unsigned c = counter; counter = 0; return c; }
  extern "C" [[noreturn]] __attribute__((import_module("env"), import_name("aiekit_trap"))) void aiekit_trap(int, int, int);
  static int twice(int x) { counter += 3; return 2 * x; }
`;

/** Whether `k(const int *in, int *out, int n)` with this body is found to count alike whatever memory holds. */
async function isFixed(body: string, level = "-O2"): Promise<boolean> {
  const text = `${prelude}\nextern "C" void k(const int *__restrict in, int *__restrict out, int n) {\n${body}\n}`;
  const args = ["--target=wasm32-unknown-unknown", "-std=c++20", level, "-msimd128", "-fno-exceptions"];
  const { object } = await clang.compile({ source: { name: "k.cc", text }, headers: new Map(), args });
  const objects = [{ name: "k.o", bytes: object }];
  const { module } = await clang.link({ objects, exports: ["k"], stackBytes: 1024, dataBase: 8192 });
  const outline = outlineModule(module);
  const counters = globalsOf(outline, outline.exportedFunctions.get("aiekit_ops")!);
  counters.delete(outline.exportedGlobals.get("__stack_pointer")!);
  return fixedTiming(outline, counters).isFixed(outline.exportedFunctions.get("k")!);
}

test.each([
  ["loops of a length that is an argument", "for (int i = 0; i < n; ++i) { out[i] = in[i] * 3; counter += 2; }"],
  ["a value chosen by memory", "for (int i = 0; i < n; ++i) { out[i] = in[i] > 5 ? in[i] : -in[i]; counter += 1; }"],
  [
    "a trap by memory",
    "for (int i = 0; i < n; ++i) { if (in[i] > 100) aiekit_trap(3, in[i], 0); out[i] = in[i]; ++counter; }",
  ],
  [
    "a register that decides",
    "if (mode == 1) counter += 7; else counter += 2; for (int i = 0; i < n; ++i) out[i] = in[i];",
  ],
  ["a function called", "for (int i = 0; i < n; ++i) { volatile int x = in[i]; out[i] = twice(x); }"],
  [
    "a branch table by an argument",
    "switch (n) { case 1: twice(1); out[1] = 2; break; case 2: counter += 5; break; case 3: out[2] = in[2]; counter += 9; break; case 4: twice(in[1]); out[3] = 7; break; default: counter += 2; } out[0] = in[0];",
  ],
])("%s: counts are fixed", async (_, body) => {
  expect(await isFixed(body)).toBe(true);
});

test.each([
  ["a loop as long as memory says", "for (int i = 0; i < in[0]; ++i) { out[i] = in[i]; counter += 2; }"],
  [
    "a count under a branch by memory",
    "for (int i = 0; i < n; ++i) { if (in[i] > 5) { out[i] = 1; counter += 9; } else out[i + 1] = 2; }",
  ],
  ["an amount from memory", "counter += in[0] & 15; out[0] = n;"],
  ["an amount chosen by memory", "counter += in[0] > 3 ? 5 : 9; out[0] = n;"],
  [
    "a loop as long as a sum of memory",
    "int s = 0; for (int i = 0; i < n; ++i) s += in[i]; for (int i = 0; i < s; ++i) { out[i] = 3 * i * i; counter += 1; }",
  ],
  ["a loop that a value of memory ends", "int i = 0; while (in[i] > 3) { ++i; counter += 1; } out[0] = i;"],
  [
    "a register set from memory, which decides",
    "mode = in[0]; if (mode == 3) { out[0] = 1; counter += 5; } else counter += 1;",
  ],
  [
    "a branch table by memory",
    "switch (in[0]) { case 1: counter += 1; break; case 2: counter += 5; break; case 3: counter += 9; break; case 7: counter += 4; break; default: counter += 2; } out[0] = n;",
  ],
])("%s: counts are not fixed", async (_, body) => {
  expect(await isFixed(body)).toBe(false);
});

test("code that is not optimised keeps its loop counters in memory, and is not found to be fixed", async () => {
  expect(await isFixed("for (int i = 0; i < n; ++i) { out[i] = in[i]; counter += 2; }", "-O0")).toBe(false);
});
