import { expect, test } from "vitest";
import { arrayOf, callK, coreDesign, inAndOut, words16 } from "./lowered-design.test-support.ts";
import { assemble, op } from "./wasm-assembler.test-support.ts";
import { wasmTrap } from "./wasm-trap.ts";
import { wasm } from "./webassembly.ts";

const i32 = { const: (value: number) => [0x41, ...(value === 0 ? [0] : [0x7f])], divS: 0x6d, divU: 0x6e, remS: 0x6f };
const leastInteger = [0x41, 0x80, 0x80, 0x80, 0x80, 0x78];
const float1e20 = [0x43, ...new Uint8Array(Float32Array.of(1e20).buffer)];
const nan = [0x43, ...new Uint8Array(Float32Array.of(Number.NaN).buffer)];
const drop = 0x1a;

/** Each by instructions that trap so, and what must be said of it. */
const traps: Readonly<Record<string, readonly [code: readonly number[], what: RegExp, hint: RegExp]>> = {
  "a quotient by zero": [[...i32.const(-1), ...i32.const(0), i32.divS, drop], /divides an integer by zero/, /divisor/],
  "an unsigned quotient": [
    [...i32.const(-1), ...i32.const(0), i32.divU, drop],
    /divides an integer by zero/,
    /--check/,
  ],
  "a remainder by zero": [[...i32.const(-1), ...i32.const(0), i32.remS, drop], /the remainder .* by zero/, /divisor/],
  "the least integer by -1": [[...leastInteger, ...i32.const(-1), i32.divS, drop], /by -1, whose quotient/, /wider/],
  "a float beyond i32": [[...float1e20, 0xa8, drop], /converts a float .* does not hold/, /std::min/],
  "NaN as an integer": [[...nan, 0xa8, drop], /converts a float .* does not hold/, /NaN apart/],
  "an unreachable place": [[0x00], /a place that the compiler was told is never reached/, /__builtin_trap/],
  "a call through null": [[...i32.const(0), 0x11, 0, 0], /through a pointer that is null/, /virtual call/],
  "a call beyond the table": [[...i32.const(-1), 0x11, 0, 0], /that leads to no function/, /virtual call/],
};

test.each(Object.entries(traps))("%s: what this engine says of it is known", (_, [code, what, hint]) => {
  const trap = wasmTrap(messageOf(code));

  expect(trap?.what).toMatch(what);
  expect(trap?.hint).toMatch(hint);
});

test("an access outside of memory is told by its address, not here", () => {
  expect(wasmTrap("memory access out of bounds")).toBeUndefined();
});

test("a kernel that divides by an element that is 0 names kernel, tile and call, what an NPU does, and a cure", async () => {
  // in[0] / (in[1] - in[1])
  const zero = [...op.get(0), ...op.load, ...op.get(0), ...op.load, ...op.sub];
  const code = [...op.get(1), ...op.get(0), ...op.load, ...zero, i32.divS, ...op.store];
  const module = assemble({ functions: [{ name: "k", params: 4, code }] });
  const array = arrayOf(coreDesign({ ...words16, work: callK(1, 1) }), { "0,2": module });

  await expect(array.run(inAndOut(new Int32Array(64), new Int32Array(64)))).rejects.toMatchObject({
    message: expect.stringMatching(
      /^kernel k on core \(0,2\): divides an integer by zero; an NPU divides in software.*\n {2}called \(design\.mlir:\d+:\d+\) with in_cons_buff_0/,
    ),
    hint: expect.stringContaining("where the divisor comes from"),
    fault: { kind: "division-by-zero", tile: { col: 0, row: 2 }, kernel: { name: "k" } },
  });
});

const divisions = ["divsi", "divui", "remsi", "remui", "ceildivsi", "ceildivui", "floordivsi"];
const ofCore: readonly (readonly [name: string, lines: string])[] = [
  ...divisions.map((name) => [`${name} : i32`, `%_q = arith.${name} %_x, %_y : i32`] as const),
  ...["divsi", "remui"].map(
    (name) =>
      [
        `${name} : i64`,
        `%_wx = arith.extsi %_x : i32 to i64\n%_wy = arith.extsi %_y : i32 to i64\n%_q = arith.${name} %_wx, %_wy : i64`,
      ] as const,
  ),
  [
    "remsi : index",
    "%_ix = arith.index_cast %_x : i32 to index\n%_iy = arith.index_cast %_y : i32 to index\n%_q = arith.remsi %_ix, %_iy : index",
  ],
  [
    "divsi : vector<4xi32>",
    "%_vx = vector.broadcast %_x : i32 to vector<4xi32>\n%_vy = vector.broadcast %_y : i32 to vector<4xi32>\n%_q = arith.divsi %_vx, %_vy : vector<4xi32>",
  ],
];

test.each(ofCore)("a core's own arith.%s by a value that is 0 is a fault with its place", async (name, lines) => {
  const run = (divisor: number) => {
    const load = `%_x = memref.load %in[%c0] : memref<16xi32>\n%_y = memref.load %in[%c1] : memref<16xi32>`;
    const work = `${load}\n${lines}\nmemref.store %_x, %out[%c0] : memref<16xi32>`;
    const input = Int32Array.from({ length: 64 }, () => divisor);
    return arrayOf(coreDesign({ ...words16, work })).run(inAndOut(input, new Int32Array(64)));
  };

  await expect(run(3)).resolves.toMatchObject({ warnings: [] });
  await expect(run(0)).rejects.toMatchObject({
    message: expect.stringMatching(
      new RegExp(
        `^core \\(0,2\\), arith\\.${name!.split(" ")[0]} \\(design\\.mlir:\\d+:\\d+\\): divides by %u\\w+, which is 0`,
      ),
    ),
    hint: expect.stringContaining("where the divisor comes from"),
    fault: { kind: "division-by-zero", tile: { col: 0, row: 2 } },
  });
});

/** What the engine says when a function of type () -> () of this code is called, in a module with a table of one null. */
function messageOf(code: readonly number[]): string {
  const body = [0, ...code, 0x0b];
  const bytes = Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...[1, 4, 1, 0x60, 0, 0],
    ...[3, 2, 1, 0],
    ...[4, 4, 1, 0x70, 0, 1],
    ...[7, 5, 1, 1, 0x66, 0, 0],
    ...[10, body.length + 2, 1, body.length, ...body],
  ]);
  const { f } = new wasm.Instance(new wasm.Module(bytes), {}).exports as { f: () => void };
  try {
    f();
  } catch (error) {
    return (error as Error).message;
  }
  return "it returned";
}
