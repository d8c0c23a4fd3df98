import { SimFault } from "@aiekit/host";
import { WasmClang } from "@aiekit/wasm-clang";
import { afterAll, beforeAll, expect, test } from "vitest";
import { withSourceLine } from "./fault-source.ts";
import { errorRecord } from "./print-error.ts";

const environment = { color: false, ci: true, clang: undefined, variables: {} };
const source = `static int at(const int *p, int i) {
  return p[i];
}
extern "C" int sum_i32(int n) { return at((const int *)(long)65536, n); }
`;

// The types of Node have no WebAssembly; this is the part of it that a test needs.
interface WasmNamespace {
  readonly Memory: new (limits: { initial: number; maximum: number }) => object;
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (
    module: object,
    imports: object,
  ) => { readonly exports: Record<string, (n: number) => number> };
}
const wasm = (globalThis as unknown as { WebAssembly: WasmNamespace }).WebAssembly;

let clang: WasmClang;
let fault: SimFault;

beforeAll(async () => {
  clang = await WasmClang.open();
  const args = ["--target=wasm32-unknown-unknown", "-g", "-O1"];
  const { object } = await clang.compile({
    source: { name: "kernels/sum/sum.cc", text: source },
    headers: new Map(),
    args,
  });
  const objects = [{ name: "sum.o", bytes: object }];
  const { module } = await clang.link({ objects, exports: ["sum_i32"], stackBytes: 1024, dataBase: 1024 });
  const memory = new wasm.Memory({ initial: 1, maximum: 1 });
  const { exports } = new wasm.Instance(new wasm.Module(module), { env: { memory } });
  let stack = "";
  try {
    exports.sum_i32!(0);
  } catch (trap) {
    stack = (trap as Error).stack ?? "";
  }
  const byteOffset = Number(/wasm-function\[\d+\]:(0x[0-9a-f]+)/.exec(stack)?.[1]);
  const frames = [{ functionName: "sum_i32", byteOffset }];
  fault = new SimFault("kernel sum_i32 on core (0,2): access outside", {
    kind: "kernel-trap",
    cycle: 7,
    tile: { col: 0, row: 2 },
    kernel: { name: "sum_i32", frames, module, callLoc: undefined },
  });
}, 180_000);

afterAll(() => clang.close());

test("a trap names the function and line that trapped and where it was inlined into, and keeps the fault's record", async () => {
  const error = (await withSourceLine(fault, environment)) as Error;

  expect(error.message.split("\n")).toEqual([
    "kernel sum_i32 on core (0,2): access outside",
    "    at at(int const*, int) (kernels/sum/sum.cc:2)",
    "    at sum_i32 (kernels/sum/sum.cc:4)",
  ]);
  expect(errorRecord(error).error).toMatchObject({ code: "device", fault: { kind: "kernel-trap", cycle: 7 } });
});

test("the function around what was inlined has the name of the stack trace; a fault without frames stays as it is", async () => {
  const kernel = fault.fault.kernel!;
  const named = (frames: typeof kernel.frames) =>
    new SimFault(fault.message, { ...fault.fault, kernel: { ...kernel, frames } });
  const [frame] = kernel.frames;
  const other = named([{ ...frame!, functionName: "core.wasm.other_i32" }]);
  const without = named([]);

  expect(((await withSourceLine(other, environment)) as Error).message).toContain(
    "at other_i32 (kernels/sum/sum.cc:4)",
  );
  expect(await withSourceLine(without, environment)).toBe(without);
});

test("a fault without a kernel and an error that is no fault come back as they are", async () => {
  const deadlock = new SimFault("deadlock", { kind: "deadlock", cycle: 1 });
  const other = new RangeError("x");

  expect(await withSourceLine(deadlock, environment)).toBe(deadlock);
  expect(await withSourceLine(other, environment)).toBe(other);
});

test("where the symbolizer cannot be started the fault is still what is reported", async () => {
  expect(await withSourceLine(fault, { ...environment, clang: "/nonexistent/clang" })).toBe(fault);
});
