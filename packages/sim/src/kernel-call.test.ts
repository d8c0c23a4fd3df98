import { expect, test } from "vitest";
import { SimFault } from "./fault.ts";
import {
  arrayOf,
  bytesOf,
  type CoreDesign,
  callK,
  coreDesign,
  inAndOut,
  insts,
  sync,
  transfer,
  words16,
} from "./lowered-design.test-support.ts";
import {
  addKernel,
  assemble,
  countedScalarCyclesIn,
  type HandFunction,
  op,
  scalarCyclesIn,
} from "./wasm-assembler.test-support.ts";

const ramp = Int32Array.from({ length: 64 }, (_, i) => i);

/** Runs 4 objects through a core that calls the only function of `module`. */
async function throughKernel(kernel: HandFunction, work: string, design: Partial<CoreDesign> = {}) {
  const text = coreDesign({ ...words16, ...design, work });
  const array = arrayOf(text, { "0,2": assemble({ functions: [kernel], stackBytes: design.stackBytes ?? 1024 }) });
  const output = new Int32Array(ramp.length);
  const report = await array.run(inAndOut(ramp, output));
  return { output, report };
}

async function faultOf(run: Promise<unknown>): Promise<SimFault> {
  const failed = await run.catch((error: unknown) => error);
  if (!(failed instanceof SimFault)) throw new Error(`expected a SimFault, got ${String(failed)}`);
  return failed;
}

test("a kernel works on the tile's memory, once for each object", async () => {
  const { output, report } = await throughKernel(addKernel("k"), callK(16, 1000));

  expect(output).toEqual(ramp.map((x) => x + 1000));
  const core = report.tiles.find((tile) => tile.core)?.core;
  expect(core?.kernels).toMatchObject([{ name: "k", calls: 4, lowerBound: true }]);
});

test("calls that take other cycles than the one before are told apart, also by kernels that can say whether they did the same", async () => {
  const byData = { ...addKernel("k"), code: [...op.get(0), ...op.load, ...op.setGlobal(2), ...addKernel("k").code] };
  const cyclesOf = async (objects: readonly number[], more: readonly HandFunction[]) => {
    const module = assemble({ functions: [byData, scalarCyclesIn(2), ...more], globals: 1 });
    const array = arrayOf(coreDesign({ ...words16, work: callK(16, 0) }), { "0,2": module });
    const input = Int32Array.from(ramp, (_, i) => objects[i >> 4]!);
    const { tiles } = await array.run(inAndOut(input, new Int32Array(64)));
    return tiles.find((tile) => tile.core)!.core!.kernels[0]!.cycles;
  };

  const calls = await cyclesOf([0, 0, 0, 0], []);
  for (const objects of [
    [7, 7, 7, 7],
    [7, 900, 900, 7],
    [0, 7, 0, 900],
  ]) {
    const sum = calls + objects.reduce((a, b) => a + b);
    expect(await cyclesOf(objects, [])).toBe(sum);
    expect(await cyclesOf(objects, [countedScalarCyclesIn(2)])).toBe(sum);
  }
});

test("statics of a kernel last from run to run", async () => {
  // out[0] = ++count, with count in the statics at 0x2000 that start at 41.
  const count: HandFunction = {
    name: "k",
    params: 4,
    code: [
      ...[...op.constant(0x2000), ...op.constant(0x2000), ...op.load, ...op.constant(1), ...op.add, ...op.store],
      ...[...op.get(1), ...op.constant(0x2000), ...op.load, ...op.store],
    ],
  };
  const module = assemble({ functions: [count], data: { address: 0x2000, bytes: [41, 0, 0, 0] } });
  const array = arrayOf(coreDesign({ ...words16, work: callK(16, 0) }), { "0,2": module });

  const firsts = [];
  for (let run = 0; run < 2; run++) {
    const output = new Int32Array(64);
    await array.run(inAndOut(ramp, output));
    firsts.push([0, 16, 32, 48].map((i) => output[i]));
  }

  expect(firsts).toEqual([
    [42, 43, 44, 45],
    [46, 47, 48, 49],
  ]);
});

test("an access behind the 64 KiB names tile, kernel, call and buffers, and keeps module and offset", async () => {
  const failed = await faultOf(throughKernel(addKernel("k"), callK(16384, 1)));

  expect(failed.fault).toMatchObject({ kind: "kernel-trap", tile: { col: 0, row: 2 }, kernel: { name: "k" } });
  expect(failed.message).toMatch(/kernel k on core \(0,2\): access outside the 65536 bytes of data memory/);
  expect(failed.message).toMatch(/called \(design\.mlir:\d+:\d+\) with in_cons_buff_0 \(0x400, 64 bytes\), out_buff_0/);
  const [frame] = failed.fault.kernel!.frames;
  // The offset is inside the module, at the store or load of the loop.
  expect([0x28, 0x36]).toContain(failed.fault.kernel!.module[frame!.byteOffset]);
});

test("code 1 of aiekit_trap names the buffer of the misaligned address", async () => {
  const trap = {
    name: "k",
    params: 4,
    code: [...op.constant(1), ...op.constant(0x442), ...op.constant(32), ...op.call(0)],
  };

  const failed = await faultOf(throughKernel(trap, callK(1, 1)));

  expect(failed.fault).toMatchObject({
    kind: "kernel-misaligned",
    address: 0x442,
    buffer: "in_cons_buff_1",
    kernel: { trapCode: 1 },
  });
  expect(failed.message).toContain(
    "not aligned to 32 bytes, address 0x442: element 0, byte 2 of buffer in_cons_buff_1 (64 bytes)",
  );
});

test("code 2 of aiekit_trap shows the text of the assertion", async () => {
  const text = [..."n is a multiple of 16", "\0"].map((c) => c.charCodeAt(0));
  const trap = {
    name: "k",
    params: 4,
    code: [...op.constant(2), ...op.constant(0x3000), ...op.constant(0), ...op.call(0)],
  };
  const module = assemble({ functions: [trap], data: { address: 0x3000, bytes: text } });
  const array = arrayOf(coreDesign({ ...words16, work: callK(1, 1) }), { "0,2": module });

  const failed = await faultOf(array.run(inAndOut(ramp, new Int32Array(64))));

  expect(failed.message).toContain("assertion failed: n is a multiple of 16");
});

test("a stack pointer below 0 is a stack overflow with size and cure", async () => {
  // What clang writes at the start of a function with 2000 bytes of locals, and the first store to them.
  const frame: HandFunction = {
    name: "k",
    params: 4,
    locals: 1,
    code: [
      ...[...op.getGlobal(0), ...op.constant(2000), ...op.sub, ...op.set(4), ...op.get(4), ...op.setGlobal(0)],
      ...[...op.get(4), ...op.constant(7), ...op.store],
    ],
  };

  const failed = await faultOf(throughKernel(frame, callK(1, 1)));

  expect(failed.fault.kind).toBe("stack-overflow");
  expect(failed.message).toContain("the core has 1024 bytes of stack, the call needs at least 2000");
  expect(failed.hint).toContain("stack_size");
});

test("a kernel that the module does not export, or that takes other arguments, is refused with names", async () => {
  await expect(throughKernel({ ...addKernel("other") }, callK(1, 1))).rejects.toThrow(
    "core (0,2) calls k, its module exports other",
  );
  await expect(throughKernel({ name: "k", params: 3, code: [] }, callK(1, 1))).rejects.toThrow(
    "kernel k takes 3 arguments, the design passes 4",
  );
});

test("modelled cycles follow what the kernel counts: the busiest unit, plus what is scalar", async () => {
  const opsOf: HandFunction = {
    // 6400 bytes loaded = 100 cycles, 640 stored = 20, 150 MAC issues, 3 vector issues, 7 scalar cycles.
    name: "aiekit_ops",
    params: 1,
    returns: true,
    code: [6400, 640, 150, 3, 7].flatMap((count, kind) => [
      ...[...op.get(0), ...op.constant(kind), ...op.sub, ...op.eqz, 0x04, 0x40, ...op.constant(count), 0x0f, ...op.end],
      ...(kind === 4 ? op.constant(0) : []),
    ]),
  };
  const array = arrayOf(coreDesign({ ...words16, work: callK(16, 0) }), {
    "0,2": assemble({ functions: [addKernel("k"), opsOf] }),
  });

  const report = await array.run(inAndOut(ramp, new Int32Array(64)));

  const core = report.tiles.find((tile) => tile.core)?.core;
  const cycles = 4 * (40 + 150 + 7);
  const ops = {
    loadBytes: 4 * 6400,
    storeBytes: 4 * 640,
    macIssues: 4 * 150,
    vectorIssues: 4 * 3,
    scalarCycles: 4 * 7,
  };
  expect(core?.kernels).toEqual([{ name: "k", calls: 4, cycles, lowerBound: false, ops }]);
  expect(core?.busyCycles).toBeGreaterThanOrEqual(cycles);
  expect(report.cycles).toBeGreaterThan(cycles);
});

const twoCores = (count: number): string => `module {
  aie.device(npu1_1col) {
    %shim = aie.tile(0, 0)
    %a = aie.tile(0, 2)
    %b = aie.tile(0, 3)
    %free = aie.lock(%a, 0) {init = 1 : i32, sym_name = "mid_prod_lock_0"}
    %filled = aie.lock(%a, 1) {init = 0 : i32, sym_name = "mid_cons_lock_0"}
    %done = aie.lock(%b, 0) {init = 0 : i32, sym_name = "out_cons_lock_0"}
    %mid = aie.buffer(%a) {address = 4096 : i32, sym_name = "mid_buff_0"} : memref<16xi32> = dense<5>
    %after = aie.buffer(%a) {address = 4160 : i32, sym_name = "after"} : memref<16xi32> = dense<77>
    %out = aie.buffer(%b) {address = 1024 : i32, sym_name = "out_buff_0"} : memref<16xi32>
    aie.flow(%b, DMA : 0, %shim, DMA : 0)
    aie.flow(%a, DMA : 0, %shim, DMA : 1)
    func.func private @k(memref<16xi32>, memref<16xi32>, i32, i32)
    aie.core(%b) {
      %n = arith.constant ${count} : i32
      %one = arith.constant 1 : i32
      %two = arith.constant 2 : i32
      func.call @k(%mid, %mid, %n, %one) : (memref<16xi32>, memref<16xi32>, i32, i32) -> ()
      %sixteen = arith.constant 16 : i32
      func.call @k(%mid, %out, %sixteen, %two) : (memref<16xi32>, memref<16xi32>, i32, i32) -> ()
      aie.use_lock(%done, Release, 1)
      aie.use_lock(%filled, Release, 1)
      aie.end
    }
    aie.mem(%b) {
      %0 = aie.dma_start(MM2S, 0, ^bd, ^end)
    ^bd:
      aie.use_lock(%done, AcquireGreaterEqual, 1)
      aie.dma_bd(%out : memref<16xi32>, 0, 16)
      aie.next_bd ^end
    ^end:
      aie.end
    }
    aie.mem(%a) {
      %0 = aie.dma_start(MM2S, 0, ^bd, ^end)
    ^bd:
      aie.use_lock(%filled, AcquireGreaterEqual, 1)
      aie.dma_bd(%mid : memref<16xi32>, 0, 16)
      aie.next_bd ^bd1
    ^bd1:
      aie.dma_bd(%after : memref<16xi32>, 0, 16)
      aie.next_bd ^end
    ^end:
      aie.end
    }
  }
}`;

async function neighbourRun(count: number) {
  // Linked for exactly one page, as for a core without neighbours.
  const module = assemble({ functions: [addKernel("k")], memory: { minimum: 1, maximum: 1 } });
  const array = arrayOf(twoCores(count), { "0,3": module });
  const [fromB, fromA] = [new Int32Array(16), new Int32Array(32)];
  await array.run({
    insts: insts(
      transfer({ direction: "S2MM", bd: 0, argIndex: 0, lengthWords: 16 }),
      transfer({ direction: "S2MM", channel: 1, bd: 1, argIndex: 1, lengthWords: 32 }),
      sync("S2MM"),
      sync("S2MM", 1),
    ),
    buffers: [bytesOf(fromB), bytesOf(fromA)],
  });
  return { fromB, fromA };
}

test("a kernel reads and writes a buffer in its southern neighbour's memory", async () => {
  const { fromB, fromA } = await neighbourRun(16);

  expect([...fromA]).toEqual([...new Array(16).fill(6), ...new Array(16).fill(77)]);
  expect([...fromB]).toEqual(new Array(16).fill(8));
});

test("a kernel that runs over a neighbour's buffer changes the one behind it, as on hardware", async () => {
  const { fromA } = await neighbourRun(18);

  expect([...fromA.subarray(16)]).toEqual([78, 78, ...new Array(14).fill(77)]);
});

test("a kernel of a core with windows that runs over the end of its memory is found out by the guard", async () => {
  const store: HandFunction = { name: "k", params: 4, code: [...op.constant(65536), ...op.constant(1), ...op.store] };
  const array = arrayOf(twoCores(16), { "0,3": assemble({ functions: [store] }) });
  const stream = insts(transfer({ direction: "S2MM", bd: 0, argIndex: 0, lengthWords: 16 }), sync("S2MM"));

  const failed = await faultOf(array.run({ insts: stream, buffers: [bytesOf(new Int32Array(16))] }));

  expect(failed.fault.kind).toBe("kernel-overrun");
  expect(failed.message).toContain("kernel k on core (0,3): wrote behind the end of the data memory of tile (0,3)");
});
