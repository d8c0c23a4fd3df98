import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DesignError, FormatError } from "@aiekit/core";
import { deviceModel, parseModule } from "@aiekit/mlir";
import { WasmClang } from "@aiekit/wasm-clang";
import { afterAll, beforeAll, expect, test } from "vitest";
import { buildOwnKernels, type OwnKernels } from "./build-own-kernels.ts";

let compiler: WasmClang;
let cwd: string;
beforeAll(async () => {
  compiler = await WasmClang.open();
  cwd = await mkdtemp(join(tmpdir(), "aiekit-own-"));
});
afterAll(async () => {
  compiler.close();
  await rm(cwd, { recursive: true });
});

const limits = { timeout: 60_000 };
const callK = "func.call @k(%b, %n) : (memref<16xi32>, i32) -> ()";

interface Case {
  /** Inside the core, with %b, %n, %f and %l in sight. */
  readonly call: string;
  readonly declaration?: string;
  /** C++ by file name. */
  readonly files: Readonly<Record<string, string>>;
  /** Object names, where they are not the files' own. */
  readonly objects?: Readonly<Record<string, string>>;
}

async function build({ call, declaration, files, objects = {} }: Case): Promise<OwnKernels> {
  const text = `module {
  aie.device(npu1_1col) {
    %t = aie.tile(0, 2)
    %b = aie.buffer(%t) {address = 1024 : i32, sym_name = "b"} : memref<16xi32>
    func.func private ${declaration ?? "@k(memref<16xi32>, i32)"}
    %core = aie.core(%t) {
      %n = arith.constant 7 : i32
      %f = arith.constant 1.5 : f32
      %l = arith.constant 9 : i64
      ${call}
      aie.end
    }
  }
}`;
  for (const [name, source] of Object.entries(files)) await writeFile(join(cwd, name), source);
  const kernels = Object.keys(files).map((file) => ({ file, object: objects[file] ?? file.replace(/cc$/, "o") }));
  return buildOwnKernels(
    {
      lowered: parseModule(text, "d.mlir"),
      device: deviceModel("npu1_1col"),
      kernels,
      includeFolders: [],
      defines: {},
      cwd,
    },
    { compiler, signal: new AbortController().signal },
  );
}

test("a core that calls C++ gets one module, an idle file is a warning", limits, async () => {
  const files = { "k.cc": 'extern "C" void k(int *b, int n) { b[0] = n; }', "idle.cc": 'extern "C" void idle() {}' };

  const { modules, warnings } = await build({ call: callK, files });

  expect([...modules.keys()]).toEqual(["0,2"]);
  expect(warnings).toEqual(["--kernel idle.cc: no core calls any of its functions"]);
});

test("without files, a call is refused with core, line and the option to give", limits, async () => {
  const refusal = build({ call: callK, files: {} });

  await expect(refusal).rejects.toThrow(
    "core (0,2): calls @k at d.mlir:10:7, which no kernel file defines: no kernel file was given",
  );
  await expect(refusal).rejects.toMatchObject({ hint: "give the file that defines it: --kernel FILE.cc" });
});

test("a call of what no file defines lists what the files do define", limits, async () => {
  const files = {
    "other.cc": 'extern "C" void other() {}\nextern "C" void more() {}\nstatic int hidden() { return 1; }',
  };

  await expect(build({ call: callK, files })).rejects.toThrow(
    "which no kernel file defines: other.cc defines other, more",
  );
});

test("a C++ function of the right name without extern C is recognised", limits, async () => {
  const refusal = build({ call: callK, files: { "k.cc": "void k(int *, int) {}" } });

  await expect(refusal).rejects.toMatchObject({ hint: 'k.cc defines k as a C++ function: put extern "C" before it' });
});

test("a function that two files define is refused, unless link_with says which", limits, async () => {
  const files = {
    "one.cc": 'extern "C" void k(int *b, int n) { b[0] = n; }',
    "two.cc": 'extern "C" void k(int *b, int n) { b[1] = n; }',
  };
  const declaration = '@k(memref<16xi32>, i32) attributes {link_with = "two.o"}';

  await expect(build({ call: callK, files })).rejects.toThrow(
    "calls @k at d.mlir:10:7, which one.cc and two.cc define",
  );
  const { warnings } = await build({ call: callK, files, declaration });
  expect(warnings).toEqual(["--kernel one.cc: no core calls any of its functions"]);
});

test(
  "link_with's object is the only place looked at when it is given; where it is not, any file will do",
  limits,
  async () => {
    const declaration = '@k(memref<16xi32>, i32) attributes {link_with = "build/named.o"}';
    const k = 'extern "C" void k(int *b, int n) { b[0] = n; }';

    const refusal = build({ call: callK, declaration, files: { "named.cc": 'extern "C" void x() {}', "k.cc": k } });
    await expect(refusal).rejects.toThrow("link_with says build/named.o, and named.cc defines x");
    await expect(refusal).rejects.toMatchObject({ hint: expect.stringContaining("k.cc defines it") });
    await expect(build({ call: callK, declaration, files: { "k.cc": k } })).resolves.toBeDefined();
    const objects = { "k.cc": "named.o" };
    await expect(build({ call: callK, declaration, files: { "k.cc": k }, objects })).resolves.toBeDefined();
  },
);

test.each([
  ["one argument more", "int *, int, int", "with 2 arguments, the function of k.cc takes 3"],
  ["one argument less", "int *", "with 2 arguments, the function of k.cc takes 1"],
  ["a float for an i32", "int *, float", "with i32 as argument 1, the function of k.cc takes f32"],
  ["64 bits for an i32", "int *, long long", "with i32 as argument 1, the function of k.cc takes i64"],
  ["a double for a pointer", "double, int", "with i32 as argument 0, the function of k.cc takes f64"],
])("a C++ function that takes %s is refused", limits, async (_, params, message) => {
  const refusal = build({ call: callK, files: { "k.cc": `extern "C" void k(${params}) {}` } });

  await expect(refusal).rejects.toThrow(DesignError);
  await expect(refusal).rejects.toThrow(message);
});

test(
  "f32, i64 and a result that both sides name alike are accepted, a result of another type is not",
  limits,
  async () => {
    const declaration = "@k(memref<16xi32>, f32, i64) -> i32";
    const call = "%r = func.call @k(%b, %f, %l) : (memref<16xi32>, f32, i64) -> i32";
    const source = (result: string): string => `extern "C" ${result} k(int *, float, long long) { return 4; }`;

    await expect(build({ call, declaration, files: { "k.cc": source("short") } })).resolves.toBeDefined();
    await expect(build({ call, declaration, files: { "k.cc": source("float") } })).rejects.toThrow(
      "for a result i32, the function of k.cc returns f32",
    );
  },
);

test(
  "headers of the C library that kernels include out of habit are there, and hold what a core can do",
  limits,
  async () => {
    const text = `#include <cstdint>
#include <cstring>
#include <stdio.h>
#include <stdlib.h>
#include <type_traits>
template <class T> std::enable_if_t<std::is_integral_v<T>, T> twice(T x) { return 2 * x; }
static_assert(std::is_same_v<std::conditional_t<sizeof(int) == 4, std::remove_cv_t<const float>, int>, float>);
static_assert(!std::is_floating_point<std::remove_reference_t<int &>>::value && std::is_signed_v<std::int8_t>);
extern "C" void k(int *b, int n) { std::memset(b, abs(-n), n); memcpy(b, b + 1, twice(2)); }
`;

    await expect(build({ call: callK, files: { "k.cc": text } })).resolves.toMatchObject({ warnings: [] });
  },
);

test(
  "a file that is not there, and two files of one object name, are refused before anything is compiled",
  limits,
  async () => {
    const files = { "k.cc": 'extern "C" void k(int *, int) {}' };
    const module = { lowered: parseModule("module {\n}", "d.mlir"), device: deviceModel("npu1_1col") };
    const rest = { ...module, includeFolders: [], defines: {}, cwd };
    const options = { compiler, signal: new AbortController().signal };

    const missing = buildOwnKernels({ ...rest, kernels: [{ object: "gone.o", file: "gone.cc" }] }, options);
    await expect(missing).rejects.toThrow(FormatError);
    await expect(missing).rejects.toThrow("--kernel gone.cc: there is no such file");
    const same = { ...files, "sub.cc": "" };
    await expect(build({ call: callK, files: same, objects: { "sub.cc": "k.o" } })).rejects.toThrow(
      "--kernel: k.cc and sub.cc are both k.o",
    );
  },
);
