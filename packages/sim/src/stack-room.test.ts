import { WasmClang } from "@aiekit/wasm-clang";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { AieArrayOptions } from "./array-options.ts";
import { SimFault } from "./fault.ts";
import { instantiateKernels } from "./kernel-module.ts";
import { arrayOf, coreDesign, inAndOut } from "./lowered-design.test-support.ts";

import { moduleSections, sectionIds } from "./wasm-sections.ts";

let clang: WasmClang;
beforeAll(async () => {
  clang = await WasmClang.open();
});
afterAll(() => clang.close());

/** Sums as aie_api's mmul has them: eight times eight places of 16 bytes, read and written where they lie. */
const sums = `typedef int v4 __attribute__((vector_size(16)));
#define INLINE __attribute__((always_inline)) inline
struct sums {
  v4 at[8];
  INLINE void clear() { _Pragma("clang loop unroll(full)") for (int i = 0; i < 8; ++i) at[i] = v4{}; }
  INLINE void add(v4 x) {
    _Pragma("clang loop unroll(full)") for (int i = 0; i < 8; ++i) {
      volatile v4 &sum = at[i];
      sum = sum + x + i;
    }
  }
  INLINE int total() const {
    v4 all{};
    _Pragma("clang loop unroll(full)") for (int i = 0; i < 8; ++i) all += at[i];
    return all[0];
  }
};
INLINE void clear(int *out) { for (int i = 0; i < 16; ++i) out[i] = 0; }
INLINE int eight(const int *in, int n) {
  sums a, b, c, d, e, f, g, h;
  a.clear(), b.clear(), c.clear(), d.clear(), e.clear(), f.clear(), g.clear(), h.clear();
  for (int i = 0; i < n; ++i) {
    const v4 x = {in[i], 0, 0, 0};
    a.add(x), b.add(x + 1), c.add(x), d.add(x), e.add(x), f.add(x), g.add(x), h.add(x);
  }
  return a.total() + b.total() + c.total() + d.total() + e.total() + f.total() + g.total() + h.total();
}
`;
/** What `eight` gives of n numbers: each of 64 places has all of them and n times its number, b's one more. */
const eight = (numbers: readonly number[]): number => {
  const n = numbers.length;
  return 64 * numbers.reduce((sum, x) => sum + x, 0) + 8 * 28 * n + 8 * n;
};
const callsEight = `${sums}
extern "C" void k(const int *in, int *out, int n) { clear(out); out[0] = eight(in, n); }`;
const input = Int32Array.from({ length: 32 }, (_, i) => (i * 7) % 10);

interface Setup {
  readonly text: string;
  readonly stackBytes?: number;
  readonly dataBase?: number;
}

async function link({ text, stackBytes = 1024, dataBase = 8192 }: Setup): Promise<Uint8Array> {
  const source = { name: "kernels/demo/demo.cc", text };
  const args = ["--target=wasm32-unknown-unknown", "-std=c++20", "-O2", "-g", "-fno-exceptions", "-msimd128"];
  const { object } = await clang.compile({ source, headers: new Map(), args });
  const objects = [{ name: "demo.o", bytes: object }];
  const { module } = await clang.link({ objects, exports: ["k"], stackBytes, dataBase });
  return module;
}

async function run(module: Uint8Array, options: AieArrayOptions = {}, stackBytes = 1024) {
  const design = coreDesign({
    input: "memref<16xi32>",
    output: "memref<16xi32>",
    ...{ inputBytes: 64, outputBytes: 64, inputElements: 16, outputElements: 16 },
    stackBytes,
    declarations: 'func.func private @k(memref<16xi32>, memref<16xi32>, i32) attributes {link_with = "demo.o"}',
    work: `%_n = arith.constant 16 : i32
           func.call @k(%in, %out, %_n) : (memref<16xi32>, memref<16xi32>, i32) -> ()`,
  });
  const output = new Int32Array(32);
  const array = arrayOf(design, { "0,2": module }, { threadedFromUs: 0, takesCalls: false, ...options });
  const outcome = await array.run(inAndOut(input, output)).catch((error: unknown) => error);
  const fault = outcome instanceof SimFault ? outcome : undefined;
  if (outcome instanceof Error && !fault) throw outcome;
  const report = fault ? undefined : (outcome as Awaited<ReturnType<typeof array.run>>);
  return { fault, output, stack: report?.tiles.find(({ core }) => core)?.core?.stack };
}

/** Kinds of arrays that have to say the same. */
const arrays: readonly (readonly [string, AieArrayOptions])[] = [
  ["plain", {}],
  ["checked", { checked: true }],
  ["with two threads", { threads: 2 }],
];
const objects = [[...input.slice(0, 16)], [...input.slice(16)]];

test.each(arrays)(
  "eight sums of 128 bytes run with a stack of 1024 bytes that a local array has, %s",
  async (_, options) => {
    const module = await link({
      text: `${sums}
extern "C" void k(const int *in, int *out, int n) { clear(out);
  volatile int local[240];
  for (int i = 0; i < n; ++i) local[in[i] * 20] = i;
  out[0] = eight(in, n);
  out[1] = local[in[3] * 20];
}`,
    });

    const { fault, output, stack } = await run(module, options);

    expect(fault).toBeUndefined();
    // The numbers from 0 to 9 come again after ten.
    expect([output[0], output[1]]).toEqual([eight(objects[0]!), 13]);
    expect([output[16], output[17]]).toEqual([eight(objects[1]!), 13]);
    if (options.checked) expect(stack).toEqual({ bytes: 1024, usedBytes: 960, registerBytes: 1024 });
  },
);

test.each(arrays)(
  "locals of 2000 bytes beside eight sums are a stack overflow of 2000 bytes, %s",
  async (_, options) => {
    const module = await link({
      text: `${sums}
extern "C" void k(const int *in, int *out, int n) { clear(out);
  volatile int local[500];
  for (int i = 0; i < n; ++i) local[in[i] * 30] = i;
  out[0] = eight(in, n) + local[in[3] * 30];
}`,
    });

    const { fault } = await run(module, options);

    expect(fault?.fault.kind).toBe("stack-overflow");
    expect(fault?.message).toContain("the core has 1024 bytes of stack, the call needs at least 2000");
    expect(fault?.hint).toBe(
      "raise stack_size of the core, or keep large arrays out of local variables; up to 1024 bytes of sums of aie::mmul and of vectors, for which the device has registers, are not counted",
    );
    const { module: faulty, frames } = fault!.fault.kernel!;
    const [place] = await clang.symbolize(faulty, [frames[0]!.byteOffset]);
    expect(place).toMatchObject({ function: "k", file: "kernels/demo/demo.cc" });
  },
);

test.each(arrays)("a recursion that overflows its stack by itself is found beside sums, %s", async (_, options) => {
  const module = await link({
    text: `${sums}
int depth(volatile int *p, int n) { volatile int a[40] = {n}; return n == 0 ? 0 : depth(a, n - 1) + a[*p & 3]; }
extern "C" void k(const int *in, int *out, int n) { clear(out); volatile int x = 0; out[0] = eight(in, n) + depth(&x, n); }`,
  });

  const { fault } = await run(module, options);

  expect(fault?.fault.kind).toBe("stack-overflow");
  expect(fault?.message).toMatch(/the core has 1024 bytes of stack, the call needs at least 1[01]\d\d\n/);
});

test("a recursion that fits its stack by itself runs beside sums, although one level of it would leave them room", async () => {
  const stackBytes = 1280;
  const module = await link({
    text: `${sums}
int depth(volatile int *p, int n) { volatile int a[40] = {n}; return n == 0 ? 0 : depth(a, n - 1) + a[*p & 3]; }
extern "C" void k(const int *in, int *out, int n) { clear(out); volatile int x = 0; out[0] = eight(in, n); out[1] = depth(&x, 4); }`,
    stackBytes,
  });

  const { fault, output } = await run(module, {}, stackBytes);

  expect(fault).toBeUndefined();
  expect(output[0]).toBe(eight(objects[0]!));
});

test("a helper without sums has what its callers' sums leave: 32 bytes more than the stack are too many", async () => {
  const text = (words: number) => `${sums}
__attribute__((noinline)) int helper(const int *in, int n) {
  volatile int local[${words}];
  for (int i = 0; i < n; ++i) local[in[i]] = i;
  return local[in[3]];
}
extern "C" void k(const int *in, int *out, int n) { clear(out); out[0] = eight(in, n) + helper(in, n); }`;

  const right = await run(await link({ text: text(256) }));
  const wrong = await run(await link({ text: text(264) }));

  expect(right.fault).toBeUndefined();
  expect(right.output[0]).toBe(eight(objects[0]!) + 13);
  expect(wrong.fault?.message).toContain("the core has 1024 bytes of stack, the call needs at least 1056");
});

test("sums that fit the stack stay there, and are not counted", async () => {
  const module = await link({ text: callsEight, stackBytes: 2048 });

  const { fault, output, stack } = await run(module, { checked: true }, 2048);

  expect(fault).toBeUndefined();
  expect(output[0]).toBe(eight(objects[0]!));
  expect(stack).toEqual({ bytes: 2048, usedBytes: 0, registerBytes: 1024 });
});

test("an array that load and store take as a whole at fixed places, and a loop by elements, is no register", async () => {
  const module = await link({
    text: `${sums}
extern "C" void k(const int *in, int *out, int n) { clear(out);
  alignas(16) int local[280];
  for (int i = 0; i < 16; ++i) local[i * 17] = i;
  for (int i = 0; i < 4; ++i) *(volatile v4 *)(local + 16 + 4 * i) = v4{in[0], in[1], in[2], in[3]};
  out[0] = eight(in, n) + local[17 + in[2]] + local[in[3] * 17];
}`,
  });

  const { fault } = await run(module);

  expect(fault?.message).toContain("the core has 1024 bytes of stack, the call needs at least 1120");
});

test("where statics leave no room for stack and sums they lie in a page behind, and the end of the tile's memory is guarded", async () => {
  const full = `${sums}
static volatile int table[14000] = {1};
extern "C" void k(const int *in, int *out, int n) { clear(out); out[0] = eight(in, n) + table[in[0]]; }`;
  const stackBytes = 512;
  const beyond = full.replace("out[0] =", "*(volatile int *)(65536 + 4 * in[0]) = 7; out[0] =");

  for (const [, options] of arrays) {
    const { fault, output } = await run(await link({ text: full, stackBytes }), options, stackBytes);
    expect(fault).toBeUndefined();
    expect(output[0]).toBe(eight(objects[0]!) + 1);
  }
  const { fault } = await run(await link({ text: beyond, stackBytes }), {}, stackBytes);
  expect(fault?.fault.kind).toBe("kernel-overrun");
  expect(fault?.message).toContain("wrote behind the end of the data memory of tile (0,2)");
});

test("a core with a window on a neighbour has stack and sums in its own memory too, or behind all windows", async () => {
  const text = callsEight;
  const placed = async (dataBase: number) => {
    const module = await link({ text, stackBytes: 512, dataBase });
    const { find, memory, stack, budget } = instantiateKernels({ col: 0, row: 2 }, module, { neighbours: 1 });
    budget!.left.value = 1_000_000n;
    new Int32Array(memory.buffer).set(input.slice(0, 16), 1024 / 4);
    find("k")!(1024, 1088, 16);
    const result = new Int32Array(memory.buffer)[1088 / 4];
    return { result, pages: memory.buffer.byteLength / 65_536, end: stack!.end, guardPage: stack!.guardPage };
  };
  const result = eight(objects[0]!);

  expect(await placed(8192)).toEqual({ result, pages: 3, end: 65_536, guardPage: undefined });
  expect(await placed(65_000)).toEqual({ result, pages: 4, end: 4 * 65_536, guardPage: 3 });
});

test("an array whose length is an argument ends at the end of the stack, from which sums then take", async () => {
  const text = (times: number) => `${sums}
extern "C" void k(const int *in, int *out, int n) { clear(out);
  out[0] = eight(in, n);
  volatile int local[n * ${times}];
  for (int i = 0; i < n; ++i) local[in[i]] = i;
  out[1] = local[in[3]];
}`;
  const stackBytes = 2048;

  const right = await run(await link({ text: text(15), stackBytes }), {}, stackBytes);
  const wrong = await run(await link({ text: text(17), stackBytes }), {}, stackBytes);

  expect(right.fault).toBeUndefined();
  expect([right.output[0], right.output[1]]).toEqual([eight(objects[0]!), 13]);
  // A function that calls none does not move the pointer for such an array.
  expect(wrong.fault?.message).toContain("access outside the 65536 bytes of data memory");
  // Elsewhere nothing would trap below it.
  const large = await run(await link({ text: text(70), stackBytes: 992 }), {}, 992);
  expect(large.fault?.fault.kind).toBe("stack-overflow");
});

test("a module whose code is broken is refused as no module that a core can run", async () => {
  const module = (await link({ text: callsEight })).slice();
  const code = moduleSections(module).find(({ id }) => id === sectionIds.code)!;
  module.fill(0xff, code.content, code.content + 16);

  expect(() => instantiateKernels({ col: 0, row: 2 }, module, { neighbours: 0 })).toThrow(
    "kernels of tile (0,2): not a module that a core can run",
  );
});

test("an access outside of the tile's memory is none of a stack that is just full", async () => {
  const text = callsEight.replace("out[0] =", "*(volatile int *)(65536 + 4 * in[0]) = 7; out[0] =");

  const { fault } = await run(await link({ text }));

  expect(fault?.message).toContain("access outside the 65536 bytes of data memory");
});

test.each(arrays)("a trap leads to its line in a module that was given room, %s", async (_, options) => {
  const text = `${sums}
extern "C" void k(const int *in, int *out, int n) { clear(out);
  int total = eight(in, n);
  if (in[0] >= 0)
    __builtin_trap();
  out[0] = total;
}`;
  const { fault } = await run(await link({ text, stackBytes: 512 }), options, 512);

  const { module, frames } = fault!.fault.kernel!;
  const [place] = await clang.symbolize(module, [frames[0]!.byteOffset]);
  expect(fault?.fault.kind).toBe("kernel-trap");
  expect(place).toMatchObject({ function: "k", line: sums.split("\n").length + 4 });
});

test("a local variable that is never set is found beside sums", async () => {
  const text = `${sums}
extern "C" void k(const int *in, int *out, int n) { clear(out);
  volatile int local[20];
  out[0] = local[in[0]];
  out[0] += eight(in, n);
}`;

  const { fault } = await run(await link({ text }), { checked: true });

  expect(fault?.message).toContain("its result depends on a local variable that was never set");
});
