import { FormatError } from "@aiekit/core";
import { WasmClang } from "@aiekit/wasm-clang";
import { afterAll, beforeAll, expect, test } from "vitest";
import { readObjectSymbols } from "./wasm-object.ts";

const source = `
extern "C" int elsewhere(int);
static int table[4];
static __attribute__((noinline)) int local(int x) { return x * table[x & 3]; }
extern "C" int first(const short *in, float f, long long n, double d) { return local(in[0]) + elsewhere(int(f + n + d)); }
extern "C" void second() { table[0] = 1; }
float overloaded(float x) { return x; }
`;
let object: Uint8Array;
let compiler: WasmClang;

beforeAll(async () => {
  compiler = await WasmClang.open();
  const args = ["--target=wasm32-unknown-unknown", "-O1", "-g"];
  object = (await compiler.compile({ source: { name: "f.cc", text: source }, headers: new Map(), args })).object;
}, 60_000);
afterAll(() => compiler.close());

test("functions that others may call have the types that the ABI of clang for wasm32 gives them", () => {
  const { defined } = readObjectSymbols(object);

  expect(Object.fromEntries(defined)).toEqual({
    first: { params: ["i32", "f32", "i64", "f64"], results: ["i32"] },
    second: { params: [], results: [] },
    _Z10overloadedf: { params: ["f32"], results: ["f32"] },
  });
});

test("functions that others must define are listed", () => {
  expect([...readObjectSymbols(object).undefined]).toEqual(["elsewhere"]);
});

test("an object that is cut off at any byte is an error or has fewer symbols, and never hangs", () => {
  const whole = readObjectSymbols(object).defined.size;
  let refused = 0;
  for (let length = 8; length < object.length; length += 7) {
    try {
      expect(readObjectSymbols(object.subarray(0, length)).defined.size).toBeLessThanOrEqual(whole);
    } catch (error) {
      expect(error).toBeInstanceOf(FormatError);
      refused++;
    }
  }
  expect(refused).toBeGreaterThan(10);
});
