import { afterAll, beforeAll, expect, test } from "vitest";
import { fixture, oneCoreDesign, type SimFolder, sendAndAwait, simFolder } from "./sim.test-support.ts";

let folder: SimFolder;
beforeAll(async () => {
  folder = await simFolder();
  await folder.writeArray("a.npy", "i32", ramp(32));
});
afterAll(() => folder.remove());

const ramp = (length: number) => Int32Array.from({ length }, (_, i) => i * 7 - 300);
const files = ["--in", "a.npy", "--out", "b.npy"];
const scaleDesign = fixture("link-with-on-core-deprecated.mlir");
const scale = `extern "C" void scale_i32(const int *in, int *out, int k) { for (int i = 0; i < 64; ++i) out[i] = in[i] * k; }`;

/** A design whose core calls `declaration` once an object with `args` of `types`. */
async function writeCallDesign(call: {
  readonly declaration: string;
  readonly call: string;
  readonly types: string;
  readonly objects?: string;
}): Promise<void> {
  const text = oneCoreDesign({
    declarations: `func.func private ${call.declaration}`,
    work: `%k = arith.constant 2.5 : f32
        func.call ${call.call} : ${call.types}`,
    sequence: sendAndAwait,
  });
  await folder.write("call.mlir", text);
}

const callK = {
  declaration: "@k(memref<16xi32>, memref<16xi32>)",
  call: "@k(%ei, %eo)",
  types: "(memref<16xi32>, memref<16xi32>) -> ()",
};

test("a kernel in C++ is compiled, linked into the core that calls it, and run: 256 values times 3", {
  timeout: 60_000,
}, async () => {
  await folder.write("scale.cc", scale);
  await folder.writeArray("long.npy", "i32", ramp(256));

  for (const [design, ...options] of [
    [scaleDesign],
    [fixture("link-with-on-core-deprecated.physical.mlir"), "--lowered"],
  ] as const) {
    const run = await folder.sim(design, ...options, "--kernel", "scale.cc", "--in", "long.npy", "--out", "b.npy");

    expect(run).toMatchObject({ code: 0, stdout: expect.stringContaining("scale_i32 x 4") });
    expect([...(await folder.read("b.npy"))]).toEqual([...ramp(256)].map((x) => x * 3));
  }
});

test("a matrix product on 16 cores, from one file for link_with, equals the triple loop", {
  timeout: 60_000,
}, async () => {
  await folder.write(
    "mm.cc",
    `extern "C" void zero(int *c) { for (int i = 0; i < 1024; ++i) c[i] = 0; }
     extern "C" void matmul(const short *a, const short *b, int *c) {
       for (int mb = 0; mb < 8; ++mb) for (int nb = 0; nb < 8; ++nb) for (int kb = 0; kb < 8; ++kb)
         for (int m = 0; m < 4; ++m) for (int n = 0; n < 4; ++n) {
           int sum = 0;
           for (int k = 0; k < 8; ++k)
             sum += a[(mb * 8 + kb) * 32 + m * 8 + k] * b[(kb * 8 + nb) * 32 + k * 4 + n];
           c[(mb * 8 + nb) * 16 + m * 4 + n] += sum;
         }
     }`,
  );
  const [rows, inner, columns] = [256, 128, 256];
  const a = Int16Array.from({ length: rows * inner }, (_, i) => ((i * 37) % 101) - 50);
  const b = Int16Array.from({ length: inner * columns }, (_, i) => ((i * 53) % 89) - 44);
  await folder.writeArray("ma.npy", "i16", a);
  await folder.writeArray("mb.npy", "i16", b);

  const run = await folder.sim(
    fixture("matmul-16-cores-i16-npu1.mlir"),
    ...["--kernel", "mm_i16_i32.o=mm.cc", "--in", "ma.npy", "--in", "mb.npy", "--out", "mc.npy"],
  );

  expect(run.code).toBe(0);
  const expected = new Int32Array(rows * columns);
  for (let m = 0; m < rows; m++)
    for (let n = 0; n < columns; n++)
      for (let k = 0; k < inner; k++) expected[m * columns + n]! += a[m * inner + k]! * b[k * columns + n]!;
  expect(await folder.read("mc.npy")).toEqual(expected);
});

test("headers come from --include, macros from --define, and a second file may hold what the first one calls", {
  timeout: 60_000,
}, async () => {
  await writeCallDesign(callK);
  await folder.write(
    "k.cc",
    '#include "offset.h"\nextern "C" int twice(int);\nextern "C" void k(const int *in, int *out) { for (int i = 0; i < COUNT; ++i) out[i] = twice(in[i]) + offset; }',
  );
  await folder.write("twice.cc", 'extern "C" int twice(int x) { return 2 * x; }');
  const { mkdir } = await import("node:fs/promises");
  await mkdir(`${folder.path}/headers`);
  await folder.write("headers/offset.h", "constexpr int offset = 11;");

  const run = await folder.sim(
    "call.mlir",
    ...["--kernel", "k.cc", "--kernel", "twice.cc", "-I", "headers", "-D", "COUNT=16", ...files],
  );

  expect(run.code).toBe(0);
  expect([...(await folder.read("b.npy"))]).toEqual([...ramp(32)].map((x) => 2 * x + 11));
});

test("a static counter in a kernel goes on over runs", { timeout: 60_000 }, async () => {
  await writeCallDesign(callK);
  await folder.write(
    "k.cc",
    'extern "C" void k(const int *, int *out) { static int n = 0; for (int i = 0; i < 16; ++i) out[i] = n; ++n; }',
  );

  const run = await folder.sim("call.mlir", "--kernel", "k.cc", "--in", "zeros", "--out", "b.npy", "--runs", "4");

  expect(run.code).toBe(0);
  // Two objects a run; the last of four runs has the calls 6 and 7.
  expect([...(await folder.read("b.npy"))]).toEqual([...new Array(16).fill(6), ...new Array(16).fill(7)]);
});

test("a mistake in a kernel is the compiler's message with file and line; one at run time names tile, kernel and line", {
  timeout: 60_000,
}, async () => {
  await writeCallDesign(callK);
  await folder.write("k.cc", 'extern "C" void k(const int *in, int *out) {\n  out[0] = inn[0];\n}');
  const compile = await folder.sim("call.mlir", "--kernel", "k.cc", ...files);
  await folder.write(
    "k.cc",
    'extern "C" void k(const int *in, int *out) {\n  out[0] = in[0];\n  in[4] ? __builtin_trap() : (void)0;\n}',
  );
  const trap = await folder.sim("call.mlir", "--kernel", "k.cc", ...files);

  expect(compile).toMatchObject({
    code: 4,
    stderr: expect.stringContaining("k.cc:2:12: error: use of undeclared identifier 'inn'"),
  });
  expect(trap.code).toBe(5);
  expect(trap.stderr).toContain("kernel k on core (0,2)");
  expect(trap.stderr).toMatch(/called \(call\.mlir:\d+:\d+\)/);
  expect(trap.stderr).toContain("at k (k.cc:3)");
});

test("a kernel that divides by zero is told with its line, what an NPU does and where to look", {
  timeout: 60_000,
}, async () => {
  await writeCallDesign(callK);
  await folder.write(
    "k.cc",
    `extern "C" void k(const int *in, int *out) {
  for (int i = 0; i < 16; ++i)
    out[i] = 1000 / (in[i] - in[0]);
}`,
  );

  const { code, stderr } = await folder.sim("call.mlir", "--kernel", "k.cc", ...files);

  expect(code).toBe(5);
  expect(stderr).toMatch(
    /^error: kernel k on core \(0,2\): divides an integer by zero; an NPU divides in software.*\n {2}called \(call\.mlir:.*\n {4}at k \(k\.cc:3\)\nhint: test for it before/m,
  );
});
