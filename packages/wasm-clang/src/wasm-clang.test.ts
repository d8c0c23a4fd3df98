import { createHook } from "node:async_hooks";
import { AbortedError, BudgetError, ToolError, ToolMissingError } from "@aiekit/core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type CompileJob, WasmClang } from "./index.ts";

const args = ["--target=wasm32-unknown-unknown", "-std=c++20", "-O2", "-g", "-msimd128", "-Iheaders"];
const headers = new Map([["headers/lanes/lanes.h", "#pragma once\nconstexpr int kLanes = 16;\n"]]);
const job = (text: string): CompileJob => ({ source: { name: "kernels/demo/demo.cc", text }, headers, args });
/** Minutes of work for the compiler, which no limit of its own ends: a recursion would end at its stack, in 0.1 s on some machines. */
const endless: CompileJob = {
  ...job("constexpr unsigned f() { unsigned n = 0; while (++n != 0xffffffffu); return n; } static_assert(f() != 0);"),
  args: [...args, "-fconstexpr-steps=4294967295"],
};
const layout = { stackBytes: 1024, dataBase: 4096 };
let clang: WasmClang;

beforeAll(async () => {
  clang = await WasmClang.open();
});
afterAll(() => clang.close());

async function build(text: string, exports: readonly string[]): Promise<Uint8Array> {
  const { object } = await clang.compile(job(text));
  return (await clang.link({ objects: [{ name: "demo.o", bytes: object }], exports, ...layout })).module;
}

test("a kernel runs in one page: stack below stackBytes, statics from dataBase", async () => {
  const module = await build(
    `#include <lanes/lanes.h>
     static const int table[4] = {10, 20, 30, 40};
     extern "C" int look(int i) { volatile int on_stack = table[i & 3] + kLanes; return on_stack; }
     extern "C" int where_table(int) { return (int)(long)table; }`,
    ["look", "where_table"],
  );
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 1 });
  const exported = instantiate(module, { memory });

  expect(exported.look?.(2)).toBe(46);
  expect(exported.where_table?.(0)).toBe(layout.dataBase);
  expect((exported.__stack_pointer as unknown as WebAssembly.Global).value).toBe(layout.stackBytes);
});

test("a mistake in a kernel is reported with file, line and a command", async () => {
  const failed = await failure(clang.compile(job("int a;\nint f() { return b; }\n")));

  expect(failed).toBeInstanceOf(ToolError);
  const { failure: tool } = failed as ToolError;
  expect(tool.stderr).toContain("kernels/demo/demo.cc:2:18: error: use of undeclared identifier 'b'");
  expect(tool.exitCode).toBe(1);
  expect(tool.command).toMatch(/^clang\+\+ .*-Iheaders .*-c kernels\/demo\/demo\.cc -o kernel\.o$/);
});

test("a warning does not fail the compile and is handed back, apart from the object", async () => {
  const { log, object } = await clang.compile({
    ...job("int f() { int unused = 1; return 0; }"),
    args: [...args, "-Wall"],
  });

  expect(log).toContain("kernels/demo/demo.cc:1:15: warning: unused variable 'unused'");
  expect([...object.subarray(0, 4)]).toEqual([0, 0x61, 0x73, 0x6d]);
});

test("a function that no object defines fails the link by its name", async () => {
  const failed = await failure(
    build('extern "C" float expf(float); extern "C" float f(float x) { return expf(x); }', ["f"]),
  );

  expect((failed as ToolError).failure.stderr).toContain("undefined symbol: expf");
});

test("statics that end beyond the tile are a BudgetError that names the largest", async () => {
  const text = `char big[70000]; char small[100]; extern "C" int f(int i) { return big[i] + small[i]; }`;
  const failed = await failure(build(text, ["f"]));

  expect(failed).toBeInstanceOf(BudgetError);
  expect(failed.message).toMatch(/need 70\d\d\d B .* expected at most 61440 B .*largest: big 70000 B, small 100 B/);
});

test("a window on a neighbour's memory does not make room for statics", async () => {
  const { object } = await clang.compile(job(`char big[70000]; extern "C" int f(int i) { return big[i]; }`));
  const link = { objects: [{ name: "demo.o", bytes: object }], exports: ["f"], memoryPages: 8, ...layout };

  expect(await failure(clang.link(link))).toBeInstanceOf(BudgetError);
});

test("a trap's offset becomes function, file and line, with the functions it was inlined into", async () => {
  const module = await build(
    `static inline int read(int at) {
       return *(volatile int *)at;
     }
     extern "C" int f(int i) {
       return read(i * 65536);
     }`,
    ["f"],
  );
  const exported = instantiate(module, { memory: new WebAssembly.Memory({ initial: 1, maximum: 1 }) });

  const trap = (await failure(Promise.resolve().then(() => exported.f?.(1)))) as Error;
  const offset = Number(/wasm-function\[\d+\]:(0x[0-9a-f]+)/.exec(trap.stack ?? "")?.[1]);
  const [location] = await clang.symbolize(module, [offset]);

  expect(location).toEqual({
    function: "read(int)",
    file: "kernels/demo/demo.cc",
    line: 2,
    inlinedInto: [{ function: "f", file: "kernels/demo/demo.cc", line: 5 }],
  });
});

test("an idle compiler does not keep the process alive", async () => {
  const own = await WasmClang.open();
  const before = process.getActiveResourcesInfo().length;
  const busy = own.compile(job("int f;"));
  await new Promise((resolve) => setImmediate(resolve));
  expect(process.getActiveResourcesInfo().length).toBeGreaterThan(before);
  await busy;

  expect(process.getActiveResourcesInfo().length).toBeLessThanOrEqual(before);
  own.close();
});

test("an abort stops a running compile, and the service works afterwards", async () => {
  const own = await WasmClang.open();
  const controller = new AbortController();
  const slow = own.compile({ ...endless, signal: controller.signal });
  setTimeout(() => controller.abort(), 100);

  expect(await failure(slow)).toBeInstanceOf(AbortedError);
  expect((await own.compile(job("int f;"))).object.length).toBeGreaterThan(0);
  own.close();
});

test("a compiler that crashes is a ToolError, and the next compile works", async () => {
  const own = await WasmClang.open();
  const deep = "template <int N> struct F { static constexpr int v = F<N - 1>::v; }; int x = F<100000>::v;";
  const failed = await failure(own.compile({ ...job(deep), args: [...args, "-ftemplate-depth=1000000000"] }));

  expect((failed as ToolError).failure.exitCode).toBe(134);
  expect((await own.compile(job("int f;"))).object.length).toBeGreaterThan(0);
  own.close();
});

test("a service takes over the process of one that was closed, unless that was at work", async () => {
  let started = 0;
  const count = (_id: number, type: string): void => {
    if (type === "PROCESSWRAP") started++;
  };
  const processes = createHook({ init: count }).enable();
  const [first, second, third] = [await WasmClang.open(), await WasmClang.open(), await WasmClang.open()];
  await first.compile(job("int f;"));
  first.close();
  started = 0;

  await second.compile(job("int f;"));
  expect(started).toBe(0);
  const stopped = failure(second.compile(endless));
  await new Promise((resolve) => setImmediate(resolve));
  second.close();
  expect(await stopped).toBeInstanceOf(ToolError);
  await third.compile(job("int f;"));
  expect(started).toBe(1);
  third.close();
  processes.disable();
});

test("a compile that takes longer than its limit is stopped and says so", async () => {
  const own = await WasmClang.open({ jobTimeoutMs: 50 });
  const failed = await failure(own.compile(endless));

  expect(failed.message).toContain("no answer within 0.05 s");
  own.close();
});

test("a system clang that cannot be run is a ToolMissingError", async () => {
  expect(await failure(WasmClang.open({ clang: "/nowhere/clang" }))).toBeInstanceOf(ToolMissingError);
});

type Exports = Record<string, (...args: number[]) => number>;

const instantiate = (module: Uint8Array, env: Record<string, WebAssembly.ImportValue>): Exports =>
  new WebAssembly.Instance(new WebAssembly.Module(module as BufferSource), { env }).exports as unknown as Exports;

const failure = (promise: Promise<unknown>): Promise<Error> =>
  promise.then(
    () => new Error("expected a failure, got none"),
    (error: Error) => error,
  );
