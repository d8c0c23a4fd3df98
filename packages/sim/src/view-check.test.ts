import { expect, test } from "vitest";
import { AieArray } from "./aie-array.ts";
import { coreDesign, inAndOut, words16 } from "./lowered-design.test-support.ts";
import { parseArrayConfig } from "./parse-array-config.ts";
import { addKernel, assemble } from "./wasm-assembler.test-support.ts";

const row = "memref<4xi32, strided<[1], offset: 8>>";
const rows = "memref<2x2xi32, strided<[4, 1], offset: 4>>";

/** Warnings of runs in which `@k` adds to `count` words from `%in` on into a view of `%out` of type `type`, made by `view`. */
async function warningsOf({ view, type, count, checked = true }: ViewRun): Promise<readonly string[]> {
  const work = `${view}
    %_n = arith.constant ${count} : i32
    %_k = arith.constant 1 : i32
    func.call @k(%in, %_v, %_n, %_k) : (memref<16xi32>, ${type}, i32, i32) -> ()`;
  const declarations = `func.func private @k(memref<16xi32>, ${type}, i32, i32)`;
  const config = parseArrayConfig(coreDesign({ ...words16, declarations, work }), "design.mlir");
  const modules = new Map([["0,2", assemble({ functions: [addKernel("k")] })]]);
  const array = new AieArray(config, modules, { checked });
  const ramp = Int32Array.from({ length: 64 }, (_, i) => i);
  const found: string[] = [];
  await array.run(inAndOut(ramp, new Int32Array(64))).then(
    ({ warnings }) => found.push(...warnings),
    // Words of the buffer that nobody writes are sent to the host: a fault of its own, behind the first call.
    (error: Error) => found.push(error.message.split("\n")[0]!),
  );
  return found;
}

interface ViewRun {
  readonly view: string;
  readonly type: string;
  readonly count: number;
  readonly checked?: boolean;
}

const fill = `scf.for %_i = %c0 to %_m step %c1 { memref.store %_z, %out[%_i] : memref<16xi32> }`;
const filled = `%_m = arith.constant 16 : index\n%_z = arith.constant 7 : i32\n${fill}\n`;
const rowView = `${filled}%_v = memref.subview %out[8] [4] [1] : memref<16xi32> to ${row}`;
const rowsView = `${filled}%_v = memref.reinterpret_cast %out to offset: [4], sizes: [2, 2], strides: [4, 1] : memref<16xi32> to ${rows}`;

test("a kernel that writes a word more than its view has is told with view, buffer, element and call", async () => {
  const [found, other, ...more] = await warningsOf({ view: rowView, type: row, count: 5 });

  // The two buffers of the fifo have a call each here.
  expect(more).toEqual([]);
  expect(other).toContain("buffer out_buff_1");
  expect(found).toMatch(
    /^kernel k on core \(0,2\) \(design\.mlir:\d+:\d+\): writes beyond the view that it is given, 16 bytes from address 0x\w+, into address 0x\w+: element 12, byte 48 of buffer out_buff_0 \(64 bytes\)/,
  );
  expect(found).toContain("hint: compare the kernel's loop with the sizes of the view");
});

test("a kernel that keeps to its view is not told of, nor is one in a run that is not checked", async () => {
  expect(await warningsOf({ view: rowView, type: row, count: 4 })).toEqual([]);
  expect(await warningsOf({ view: rowView, type: row, count: 5, checked: false })).toEqual([]);
});

test("a view with strides has what lies between its rows: 6 words of 2 x 2 rows that are 4 apart", async () => {
  expect(await warningsOf({ view: rowsView, type: rows, count: 6 })).toEqual([]);
  expect(await warningsOf({ view: rowsView, type: rows, count: 7 })).toContainEqual(
    expect.stringContaining("element 10,"),
  );
});
