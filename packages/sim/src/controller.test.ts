import { AbortedError } from "@aiekit/core";
import type { TxnOp } from "@aiekit/xclbin";
import { expect, test } from "vitest";
import { arrayOf, bytesOf, coreDesign, inAndOut, insts, sync, transfer } from "./lowered-design.test-support.ts";

const addParameter = `
  %_n = arith.constant 16 : index
  %_k = memref.load %rtp[%c1] : memref<4xi32>
  scf.for %_i = %c0 to %_n step %c1 {
    %_x = memref.load %in[%_i] : memref<16xi32>
    %_y = arith.addi %_x, %_k : i32
    memref.store %_y, %out[%_i] : memref<16xi32>
  }`;
const rtpAddress = (2 << 20) + 0x4000;
const object = { inputBytes: 64, outputBytes: 64, inputElements: 16, outputElements: 16 };
const rtpDesign = coreDesign({
  input: "memref<16xi32>",
  output: "memref<16xi32>",
  ...object,
  declarations:
    '%rtp = aie.buffer(%tile) {address = 16384 : i32, sym_name = "rtp"} : memref<4xi32> = dense<[1, 10, 3, 4]>',
  work: addParameter,
});
const ramp = Int32Array.from({ length: 16 }, (_, i) => i);

test("a parameter keeps its initial value, then what the stream writes, from run to run", async () => {
  const array = arrayOf(rtpDesign);
  const results: number[] = [];
  const runOnce = async (...writes: readonly TxnOp[]) => {
    const output = new Int32Array(16);
    const stream = insts(
      ...writes,
      transfer({ direction: "S2MM", bd: 1, argIndex: 1, lengthWords: 16 }),
      transfer({ direction: "MM2S", bd: 0, argIndex: 0, lengthWords: 16 }),
      sync("S2MM"),
    );
    await array.run({ insts: stream, buffers: [bytesOf(ramp), bytesOf(output)] });
    results.push(output[5]!);
  };

  await runOnce();
  await runOnce({ op: "write32", address: rtpAddress + 4, value: 0xffff_fff6 });
  await runOnce();
  await runOnce({ op: "blockwrite", address: rtpAddress, words: [7, 20] });
  await runOnce({ op: "maskwrite32", address: rtpAddress + 4, value: 0x00ff, mask: 0x000f });

  // 20 = 0x14; its low four bits replaced by those of 0xff: 0x1f = 31.
  expect(results).toEqual([15, -5, -5, 25, 36]);
});

test("tokens are counted: two tasks, then two waits", async () => {
  const output = new Int32Array(32);
  const stream = insts(
    transfer({ direction: "S2MM", bd: 1, argIndex: 1, lengthWords: 16 }),
    transfer({ direction: "S2MM", bd: 2, argIndex: 1, offsetBytes: 64, lengthWords: 16 }),
    transfer({ direction: "MM2S", bd: 0, argIndex: 0, lengthWords: 16, repeat: { count: 2, strideWords: 1 } }),
    sync("S2MM"),
    sync("S2MM"),
  );
  const input = Int32Array.from({ length: 17 }, (_, i) => i);

  await arrayOf(rtpDesign).run({ insts: stream, buffers: [bytesOf(input), bytesOf(output)] });

  // The second execution of the input starts one word further on.
  expect([...output]).toEqual([...input.subarray(0, 16), ...input.subarray(1, 17)].map((x) => x + 10));
});

test("an iteration of two places begins again after the second execution", async () => {
  const [write, patch] = transfer({
    ...{ direction: "MM2S", bd: 0, argIndex: 0, lengthWords: 8 },
    repeat: { count: 2, strideWords: 8 },
  });
  const output = new Int32Array(32);
  const stream = insts(
    transfer({ direction: "S2MM", bd: 1, argIndex: 1, lengthWords: 32 }),
    write!,
    patch!,
    { op: "write32", address: 0x1d214, value: 3 << 16 },
    sync("S2MM"),
  );

  await arrayOf(rtpDesign).run({ insts: stream, buffers: [bytesOf(ramp), bytesOf(output)] });

  expect([...output]).toEqual([...ramp, ...ramp].map((x) => x + 10));
});

test("a lock written by the stream opens a gate", async () => {
  const gated = coreDesign({
    input: "memref<16xi32>",
    output: "memref<16xi32>",
    ...object,
    declarations: '%gate = aie.lock(%tile, 7) {init = 0 : i32, sym_name = "gate"}',
    work: "aie.use_lock(%gate, Acquire, 2)",
  });
  const run = (value: number) => {
    const { insts: rest, buffers } = inAndOut(ramp, new Int32Array(16));
    const array = arrayOf(gated);
    const open = insts({ op: "write32", address: (2 << 20) + 0x1f070, value });
    return array.run({ insts: open, buffers: [] }).then(() => array.run({ insts: rest, buffers }));
  };

  await expect(run(2)).resolves.toMatchObject({ warnings: [] });
  await expect(run(1)).rejects.toThrow("core (0,2) waits for lock gate (needs = 2, is 1)");
});

test("a long run gives way to the event loop, tells its progress, and stops on an AbortSignal", async () => {
  const abort = new AbortController();
  let wall = 0;
  const array = arrayOf(rtpDesign, {}, { wallClock: () => (wall += 30) });
  const input = new Int32Array(16 * 2000);
  const progress: number[] = [];

  const run = array.run({
    ...inAndOut(input, new Int32Array(16 * 2000)),
    signal: abort.signal,
    onProgress: ({ wordsMoved }) => {
      progress.push(wordsMoved);
      if (progress.length === 3) abort.abort();
    },
  });

  await expect(run).rejects.toBeInstanceOf(AbortedError);
  expect(progress).toHaveLength(3);
  expect(progress[0]).toBeLessThan(progress[2]!);
});

test("a core that spins without a lock does not hold up the controller", async () => {
  const array = arrayOf(`module {
  aie.device(npu1_1col) {
    %tile = aie.tile(0, 2)
    aie.core(%tile) {
      cf.br ^spin
    ^spin:
      cf.br ^spin
    }
  }
}`);

  const report = await array.run({ insts: insts({ op: "noop" }, { op: "noop" }), buffers: [] });

  expect(report.instructions).toBe(2);
});
