import { lowerDesign, parseModule } from "@aiekit/mlir";
import { expect, test } from "vitest";
import { AieArray } from "./aie-array.ts";
import { SimFault } from "./fault.ts";
import { loadArrayConfig } from "./load-array-config.ts";
import { type CoreDesign, coreDesign, inAndOut } from "./lowered-design.test-support.ts";
import { parseArrayConfig } from "./parse-array-config.ts";
import { addKernel, assemble, type HandFunction, op, scalarCyclesIn } from "./wasm-assembler.test-support.ts";

const words16: Omit<CoreDesign, "work"> = {
  input: "memref<16xi32>",
  output: "memref<16xi32>",
  inputBytes: 64,
  outputBytes: 64,
  inputElements: 16,
  outputElements: 16,
  declarations: "func.func private @k(memref<16xi32>, memref<16xi32>, i32, i32)",
};
const callK = (count: number, add = 1): string => `
  %_n = arith.constant ${count} : i32
  %_k = arith.constant ${add} : i32
  func.call @k(%in, %out, %_n, %_k) : (memref<16xi32>, memref<16xi32>, i32, i32) -> ()`;
const copy = `
  %_m = arith.constant 16 : index
  scf.for %_i = %c0 to %_m step %c1 {
    %_x = memref.load %in[%_i] : memref<16xi32>
    memref.store %_x, %out[%_i] : memref<16xi32>
  }`;
const ramp = Int32Array.from({ length: 64 }, (_, i) => i);

async function checkedRun(work: string, kernel: HandFunction = addKernel("k"), text = (lowered: string) => lowered) {
  const config = parseArrayConfig(text(coreDesign({ ...words16, work })), "design.mlir");
  const modules = work.includes("@k") ? [["0,2", assemble({ functions: [kernel] })] as const] : [];
  const array = new AieArray(config, new Map(modules), { checked: true });
  const output = new Int32Array(64);
  const report = await array.run(inAndOut(ramp, output));
  return { output, report };
}

async function faultOf(run: Promise<unknown>): Promise<SimFault> {
  const failed = await run.catch((error: unknown) => error);
  if (!(failed instanceof SimFault)) throw new Error(`expected a SimFault, got ${String(failed)}`);
  return failed;
}

test("a checked array gives the results and the cycles of one that is not checked, and says how much stack was used", async () => {
  const frame: HandFunction = {
    ...addKernel("k"),
    locals: 1,
    code: [
      ...[...op.getGlobal(0), ...op.constant(96), ...op.sub, ...op.set(4)],
      ...[...op.get(4), ...op.constant(7), ...op.store],
      ...addKernel("k").code,
    ],
  };
  const plain = new AieArray(
    parseArrayConfig(coreDesign({ ...words16, work: callK(16) }), "design.mlir"),
    new Map([["0,2", assemble({ functions: [frame] })]]),
  );
  const expected = new Int32Array(64);
  const unchecked = await plain.run(inAndOut(ramp, expected));

  const { output, report } = await checkedRun(callK(16), frame);

  expect(output).toEqual(ramp.map((x) => x + 1));
  expect(output).toEqual(expected);
  expect(report.cycles).toBe(unchecked.cycles);
  expect(report.tiles.find((tile) => tile.core)?.core?.stack).toEqual({ bytes: 1024, usedBytes: 96 });
});

test("what a kernel counts and keeps in registers is that of one run of each call, though a checked array runs it twice", async () => {
  // The term of a call is the number of calls before it; 500 cycles each.
  const k: HandFunction = {
    ...addKernel("k"),
    code: [
      ...[...op.getGlobal(2), ...op.constant(500), ...op.add, ...op.setGlobal(2), ...op.getGlobal(3), ...op.set(3)],
      ...[...op.getGlobal(3), ...op.constant(1), ...op.add, ...op.setGlobal(3), ...addKernel("k").code],
    ],
  };
  const modules = new Map([["0,2", assemble({ functions: [k, scalarCyclesIn(2)], globals: 2 })]]);
  const config = parseArrayConfig(coreDesign({ ...words16, work: callK(16) }), "design.mlir");
  const seen = [];
  for (const checked of [false, true]) {
    const output = new Int32Array(64);
    const { cycles } = await new AieArray(config, modules, { checked }).run(inAndOut(ramp, output));
    seen.push({ output, cycles });
  }

  expect(seen[0]!.output).toEqual(ramp.map((x, i) => x + Math.floor(i / 16)));
  expect(seen[1]).toEqual(seen[0]);
});

test("a kernel that writes one word behind its argument names the buffer it hits, the element and the call", async () => {
  const failed = await faultOf(checkedRun(callK(17)));

  expect(failed.fault).toMatchObject({
    kind: "kernel-overrun",
    tile: { col: 0, row: 2 },
    kernel: { name: "k" },
    buffer: "out_buff_1",
    objectFifo: "out",
    element: 0,
    address: 1024 + 3 * 64,
  });
  expect(failed.message).toMatch(
    /^kernel k on core \(0,2\): writes 4 bytes behind its argument out_buff_0, at address 0x4c0: element 0, byte 0 of buffer out_buff_1 \(64 bytes\)\n {2}called \(design\.mlir:\d+:\d+\) with in_cons_buff_0/,
  );
  expect(failed.fault.loc).toMatchObject({ file: "design.mlir" });
});

test("a write of the value that was there is found as well", async () => {
  const zeroBehind: HandFunction = {
    name: "k",
    params: 4,
    code: [...addKernel("k").code, ...op.get(0), ...op.constant(0), ...op.store],
  };

  const failed = await faultOf(checkedRun(callK(16), zeroBehind));

  expect(failed.fault).toMatchObject({ kind: "kernel-overrun", buffer: "in_cons_buff_1", element: 0 });
});

test("a kernel whose result depends on a word behind its argument is found by the byte", async () => {
  // out[0] = in[19]
  const code = [...op.get(1), ...op.get(0), ...op.constant(76), ...op.add, ...op.load, ...op.store];

  const failed = await faultOf(checkedRun(callK(16), { name: "k", params: 4, code }));

  expect(failed.fault).toMatchObject({ kind: "kernel-overread", buffer: "in_cons_buff_1", element: 3 });
  expect(failed.message).toContain("its result depends on memory behind its argument in_cons_buff_0");
});

test("a byte of a buffer far from the arguments is told as none of them, with a kept pointer as what may lead there", async () => {
  // out[0] = far[2], by an address that no argument gives.
  const code = [...op.get(1), ...op.constant(16384 + 8), ...op.load, ...op.store];
  const far =
    '%far = aie.buffer(%tile) {address = 16384 : i32, sym_name = "far", initial_value = dense<7> : tensor<16xi32>} : memref<16xi32>';
  const withFar = (text: string): string => text.replace("%core =", `${far}\n    %core =`);

  const failed = await faultOf(checkedRun(callK(16), { name: "k", params: 4, code }, withFar));

  expect(failed.fault).toMatchObject({ kind: "kernel-overread", buffer: "far", element: 2 });
  expect(failed.message).toContain("depends on memory that is none of its arguments");
  expect(failed.hint).toContain("a pointer that the kernel keeps from one call to the next");
});

test("a load behind the argument whose value is dropped is no fault", async () => {
  const code = [...op.get(0), ...op.constant(64), ...op.add, ...op.load, 0x1a, ...addKernel("k").code];

  const { output } = await checkedRun(callK(16), { name: "k", params: 4, code });

  expect(output).toEqual(ramp.map((x) => x + 1));
});

test("an accumulator in an output that is never cleared is a read of never-written memory", async () => {
  // out[5] = out[5] + 1
  const at = [...op.get(1), ...op.constant(20), ...op.add];
  const code = [
    ...addKernel("k").code.slice(0, 0),
    ...at,
    ...at,
    ...op.load,
    ...op.constant(1),
    ...op.add,
    ...op.store,
  ];

  const failed = await faultOf(checkedRun(callK(16), { name: "k", params: 4, code }));

  expect(failed.fault).toMatchObject({
    kind: "uninitialised-read",
    buffer: "out_buff_0",
    element: 5,
    kernel: { name: "k" },
  });
});

test("a local variable that is never set is found on the stack", async () => {
  const code = [...op.get(1), ...op.getGlobal(0), ...op.constant(16), ...op.sub, ...op.load, ...op.store];

  const failed = await faultOf(checkedRun(callK(16), { name: "k", params: 4, code }));

  expect(failed.fault.kind).toBe("uninitialised-read");
  expect(failed.message).toContain("depends on a local variable that was never set");
});

test("an output of which a part is never written is found when the DMA sends it", async () => {
  const failed = await faultOf(checkedRun(callK(12)));

  expect(failed.fault).toMatchObject({
    kind: "uninitialised-read",
    buffer: "out_buff_0",
    element: 12,
    objectFifo: "out",
    bd: "BD 2 (out_buff_0)",
  });
  expect(failed.message).toContain("DMA MM2S 0 of tile (0,2), BD 2 (out_buff_0): reads memory of tile (0,2)");
});

test("a core body that loads what was never written is named by operation, element and line", async () => {
  const work = `${copy}
    %_two = arith.constant 2 : index
    %_y = memref.load %spare[%_two] : memref<4xi32>
    memref.store %_y, %out[%c0] : memref<16xi32>`;
  const spare = '%spare = aie.buffer(%tile) {address = 8192 : i32, sym_name = "spare"} : memref<4xi32>\n    %core =';

  const failed = await faultOf(checkedRun(work, undefined, (text) => text.replace("%core =", spare)));

  expect(failed.fault).toMatchObject({ kind: "uninitialised-read", buffer: "spare", element: 2 });
  expect(failed.message).toMatch(/^core \(0,2\), memref\.load \(design\.mlir:\d+:\d+\): reads memory/);
});

test("a buffer with an initial value is written from the start", async () => {
  const work = `${copy}
    %_y = memref.load %spare[%c1] : memref<4xi32>
    memref.store %_y, %out[%c0] : memref<16xi32>`;
  const spare =
    '%spare = aie.buffer(%tile) {address = 8192 : i32, sym_name = "spare"} : memref<4xi32> = dense<9>\n    %core =';

  const { output } = await checkedRun(work, undefined, (text) => text.replace("%core =", spare));

  expect([...output.subarray(0, 3)]).toEqual([9, 1, 2]);
});

test("a store after the release names fifo, buffer, element and lock; so does a kernel that is given the object", async () => {
  const late = (work: string) => (text: string) =>
    text.replace(/(aie\.use_lock\(%out_cons_lock_0, Release, 1\))\n {6}\}/, `$1\n${work}\n      }`);
  const store =
    "%late = arith.constant 3 : index\n%x = arith.constant 3 : i32\nmemref.store %x, %out_buff_1[%late] : memref<16xi32>";
  const call =
    "%n = arith.constant 16 : i32\nfunc.call @k(%in_cons_buff_0, %out_buff_1, %n, %n) : (memref<16xi32>, memref<16xi32>, i32, i32) -> ()";

  const stored = await faultOf(checkedRun(copy, undefined, late(store)));
  const called = await faultOf(checkedRun(callK(16), undefined, late(call)));

  expect(stored.fault).toMatchObject({
    kind: "use-after-release",
    buffer: "out_buff_1",
    objectFifo: "out",
    element: 3,
    lock: "out_prod_lock_0",
  });
  expect(stored.message).toContain("after it has released the object");
  expect(called.fault).toMatchObject({ kind: "use-after-release", buffer: "in_cons_buff_0", objectFifo: "in" });
});

test("an object that was not acquired yet is told apart from one that was released", async () => {
  const early = (text: string) =>
    text.replace("scf.for %pass", "%x = memref.load %in_cons_buff_0[%c0] : memref<16xi32>\n      scf.for %pass");

  const failed = await faultOf(checkedRun(copy, undefined, early));

  expect(failed.fault).toMatchObject({ kind: "use-after-release", buffer: "in_cons_buff_0", element: 0 });
  expect(failed.message).toContain("without having acquired the object");
});

test("an object that was acquired and released untouched has been released, not never acquired", async () => {
  const { lock, early } = { lock: "%out_cons_lock_0", early: "aie.use_lock(%out_cons_lock_0, Release, 1)" };
  const swapped = (text: string): string => {
    const without = text.replace(`${early}\n`, "\n");
    return without.replace(
      /(aie\.use_lock\(%out_prod_lock_0, AcquireGreaterEqual, 1\))/,
      `$1\naie.use_lock(${lock}, Release, 1)`,
    );
  };

  const failed = await faultOf(checkedRun(copy, undefined, swapped));

  expect(failed.fault).toMatchObject({ kind: "use-after-release", buffer: "out_buff_0", objectFifo: "out" });
  expect(failed.message).toContain("after it has released the object");
});

test("an acquire of more objects than the fifo has is named with depth and cure", async () => {
  const failed = await faultOf(checkedRun(`aie.use_lock(%in_cons_cons_lock_0, AcquireGreaterEqual, 3)${copy}`));

  expect(failed.fault).toMatchObject({
    kind: "acquire-beyond-depth",
    objectFifo: "in",
    lock: "in_cons_cons_lock_0",
    tile: { col: 0, row: 2 },
  });
  expect(failed.message).toContain("acquires 3 objects of objectFifo in, whose depth is 2");
  expect(failed.hint).toContain("a depth of at least 3");
});

test("a BD that reaches beyond its buffer names the buffer that it would hit", () => {
  const longer = (text: string) =>
    text.replace("%in_cons_buff_0 : memref<16xi32>, 0, 16)", "%in_cons_buff_0 : memref<16xi32>, 0, 18)");
  const run = () => checkedRun(copy, undefined, longer);

  return expect(run()).rejects.toMatchObject({
    message: expect.stringContaining("reaches 8 bytes beyond its buffer of 64 bytes, into in_cons_buff_1"),
    fault: { kind: "bd-overrun", buffer: "in_cons_buff_0", tile: { col: 0, row: 2 } },
  });
});

test("a fifo's pattern that its BDs cannot hold is told with fifo, BD, field, value, limit, line and cure", () => {
  const text = `module {
  aie.device(npu1_1col) {
    %s = aie.tile(0, 0)
    %t = aie.tile(0, 2)
    aie.objectfifo @in(%s, {%t dimensionsFromStream [<size = 2, stride = 1>, <size = 300, stride = 2>]}, 1 : i32) : !aie.objectfifo<memref<600xi32>>
  }
}`;
  const config = loadArrayConfig(lowerDesign(parseModule(text, "wide.mlir")).module);
  const modules = new Map<string, Uint8Array>();

  expect(new AieArray(config, modules)).toBeInstanceOf(AieArray);
  expect(config.warnings.join()).toContain("size of dimension 0 in words is 300");
  expect(() => new AieArray(config, modules, { checked: true })).toThrow(
    expect.objectContaining({
      message: expect.stringMatching(
        /^BD 0 \(in_cons_buff_0\) of tile \(0,2\): size of dimension 0 in words is 300: its field in the BDs of a compute tile holds at most 255 \(wide\.mlir:5:\d+\)$/,
      ),
      hint: "write it as two dimensions: <size = 2, stride = 300>, <size = 150, stride = 2>",
      fault: expect.objectContaining({ kind: "bd-field", objectFifo: "in", bd: "BD 0", tile: { col: 0, row: 2 } }),
    }),
  );
});
