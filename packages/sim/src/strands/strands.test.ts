import { DesignBuilder, i32, lowerDesign, memref, type TileHandle } from "@aiekit/mlir";
import { decodeTxn, type TxnOp } from "@aiekit/xclbin";
import { expect, test } from "vitest";
import { AieArray } from "../aie-array.ts";
import { loadArrayConfig } from "../load-array-config.ts";
import {
  arrayOf,
  bytesOf,
  callK,
  coreDesign,
  insts,
  sync,
  transfer,
  wholeStream,
  words16,
} from "../lowered-design.test-support.ts";
import { addKernel, assemble, type HandFunction, op, scalarCyclesIn, trapAt } from "../wasm-assembler.test-support.ts";
import { runChains, strandWays } from "./strand-ways.test-support.ts";

/** Behind all buffers, as they are linked. */
const staticsAt = 0xf000;
const sum = [...op.constant(staticsAt), ...op.load];
/**
 * `k` that adds its term, the sum of all first words and the number of calls up to now, and the word that was there before. It
 * takes as many cycles as the first word of its input says.
 */
const remembers: HandFunction = {
  ...addKernel("k"),
  code: [
    ...[...op.constant(staticsAt), ...sum, ...op.get(0), ...op.load, ...op.add, ...op.store],
    ...[...op.getGlobal(3), ...op.constant(1), ...op.add, ...op.setGlobal(3)],
    ...[
      ...sum,
      ...op.getGlobal(3),
      ...op.add,
      ...op.get(3),
      ...op.add,
      ...op.get(1),
      ...op.load,
      ...op.add,
      ...op.set(3),
    ],
    ...[...op.get(0), ...op.load, ...op.setGlobal(2)],
    ...addKernel("k").code,
  ],
};

test.each([
  [0, 0],
  [1, 16],
  [1, 48],
])(
  "kernels with statics and registers of their own go on right where one of chain %i takes longer from word %i on",
  async (chain, at) => {
    const fill = (launch: number, here: number, i: number) =>
      here === chain && i >= at && (launch === 6 || launch === 9) ? 5000 + launch : 70;
    const [worked, ...inStrands] = await runChains([remembers, scalarCyclesIn(2)], { launches: 13, fill, staticsAt });

    for (const one of inStrands) {
      expect({ ran: one.ran, memory: one.memory }).toEqual({ ran: worked!.ran, memory: worked!.memory });
    }
    expect(inStrands.map(({ launchesInStrands }) => launchesInStrands)).toEqual([9, 9, 9]);
  },
);

test.each([
  ["the first", [0], 0],
  ["the second", [1], 32],
  ["both", [0, 1], 16],
])(
  "a kernel that fails in %s of two strands fails as it would otherwise, and nothing is done twice",
  async (_, chains, at) => {
    const fails: HandFunction = {
      ...addKernel("k"),
      code: [...trapAt(999), ...addKernel("k").code],
    };
    const fill = (launch: number, chain: number, i: number) =>
      launch === 6 && chains.includes(chain) && i === at ? 999 : i;
    const [worked, ...inStrands] = await runChains([fails], { launches: 8, fill });

    expect(worked!.failed).toMatchObject({ message: expect.stringMatching(/^kernel k on core \([01],2\)/) });
    for (const one of inStrands) expect(one.ran).toEqual(worked!.ran);
    expect(inStrands.map(({ launchesInStrands }) => launchesInStrands)).toEqual([4, 4, 4]);
  },
);

test("zeros that a memtile puts around an image come to the core in strands too", async () => {
  const d = new DesignBuilder("npu1_1col");
  const [shim, memtile, tile] = [0, 1, 2].map((row) => d.tile(0, row));
  // Of the 35 words that come, a memtile sends 3 rows of 4, with zeros around them: 35 again.
  const element = memref([35], i32);
  const fifo = (name: string, producer: TileHandle, consumer: TileHandle, more = {}) =>
    d.objectFifo({ name, producer, consumers: [consumer], depth: 2, element, ...more });
  const from = fifo("image", shim!, memtile!);
  const to = fifo("padded", memtile!, tile!, {
    toStream: [
      { size: 3, stride: 4 },
      { size: 4, stride: 1 },
    ],
    padding: [
      { before: 1, after: 1 },
      { before: 2, after: 1 },
    ],
  });
  const out = fifo("out", tile!, shim!);
  d.link({ inputs: [from], outputs: [to] });
  const k = d.kernel("k", [element, element, i32, i32], { object: "k.o" });
  d.core(tile!, { stackBytes: 1024 }, (body) => {
    body.forever(() => {
      const [input, output] = [body.acquire(to, "Consume"), body.acquire(out, "Produce")];
      body.call(k, [input, output, body.constant(35, i32), body.constant(1000, i32)]);
      body.release(to, "Consume");
      body.release(out, "Produce");
    });
  });
  const config = loadArrayConfig(lowerDesign(d.build()).module);
  const stream = decodeTxn(
    insts(
      transfer({ direction: "S2MM", bd: 1, argIndex: 1, lengthWords: 70 }),
      transfer({ direction: "MM2S", bd: 0, argIndex: 0, lengthWords: 70 }),
      sync("S2MM"),
    ),
  );
  const module = assemble({ functions: [addKernel("k")], memory: { minimum: 1, maximum: 1 } });
  for (const options of strandWays) {
    const array = new AieArray({ ...config }, new Map([["0,2", module]]), options);
    for (let launch = 0; launch < 5; launch++) {
      const input = Int32Array.from({ length: 70 }, (_, i) => 100 * launch + i + 1);
      const output = new Int32Array(70);
      await array.run({ insts: stream, buffers: [input, output].map(bytesOf) });

      const expected = Array.from({ length: 70 }, (_, i) => {
        const [object, row, column] = [Math.floor(i / 35), (Math.floor(i / 7) % 5) - 1, (i % 7) - 2];
        const isInside = row >= 0 && row < 3 && column >= 0 && column < 4;
        return 1000 + (isInside ? input[35 * object + 4 * row + column]! : 0);
      });
      expect([...output]).toEqual(expected);
    }
    if (options.strands) expect(array.launchesInStrands).toBe(3);
    array.close();
  }
});

test("what a kernel returns is compared, and steers its core where it is another", async () => {
  const design = coreDesign({
    ...words16,
    declarations: `${words16.declarations}
    func.func private @first(memref<16xi32>) -> i32`,
    work: callK(16, 0).replace("%_k = arith.constant 0 : i32", "%_k = func.call @first(%in) : (memref<16xi32>) -> i32"),
  });
  const first: HandFunction = { name: "first", params: 1, returns: true, code: [...op.get(0), ...op.load] };
  const module = assemble({ functions: [addKernel("k"), first], memory: { minimum: 1, maximum: 1 } });
  const stream = wholeStream(4);
  for (const options of strandWays) {
    const array = arrayOf(design, { "0,2": module }, options);
    for (let launch = 0; launch < 10; launch++) {
      const input = new Int32Array(64).fill(7);
      if (launch === 5 || launch === 8) input[32] = 100 * launch;
      const output = new Int32Array(64);
      await array.run({ insts: stream, buffers: [input, output].map(bytesOf) });

      expect(output).toEqual(input.map((word, i) => word + input[i - (i % 16)]!));
    }
    if (options.strands) expect(array.launchesInStrands).toBe(6);
    array.close();
  }
});

test("what a kernel has changed where it came in goes on from there, and not as it came", async () => {
  const design = coreDesign({ ...words16, work: callK(16, 1000).replace("%in, %out", "%in, %in") }).replaceAll(
    /dma_bd\(%out_buff_(\d)/g,
    "dma_bd(%in_cons_buff_$1",
  );
  const module = assemble({ functions: [addKernel("k")], memory: { minimum: 1, maximum: 1 } });
  const stream = wholeStream(2);
  for (const options of strandWays) {
    const array = arrayOf(design, { "0,2": module }, options);
    for (let launch = 0; launch < 6; launch++) {
      const input = Int32Array.from({ length: 32 }, (_, i) => 100 * launch + i);
      const output = new Int32Array(32);
      await array.run({ insts: stream, buffers: [input, output].map(bytesOf) });

      expect(output).toEqual(input.map((x) => x + 1000));
    }
    if (options.strands) expect(array.launchesInStrands).toBe(4);
    array.close();
  }
});

test("words that a stream writes for kernels to read come before the calls that are behind them, and after those before", async () => {
  const settingAt = 0x4000;
  const design = coreDesign({
    ...words16,
    declarations: `${words16.declarations}
    %setting = aie.buffer(%tile) {address = ${settingAt} : i32, sym_name = "setting"} : memref<16xi32>`,
    work: callK(16, 0).replace("%in, %out", "%setting, %out"),
  });
  const module = assemble({ functions: [addKernel("k")], memory: { minimum: 1, maximum: 1 } });
  const half = (index: number): TxnOp[] => {
    const at = { offsetBytes: 128 * index, lengthWords: 32 };
    return [
      { op: "write32", address: (2 << 20) + settingAt + 4 * index, value: 70 + index },
      { op: "write32", address: (2 << 20) + settingAt + 60, value: index },
      ...transfer({ direction: "S2MM", bd: 1, argIndex: 1, ...at }),
      ...transfer({ direction: "MM2S", bd: 0, argIndex: 0, ...at }),
      sync("S2MM"),
    ];
  };
  const stream = decodeTxn(insts(half(0), half(1)));
  for (const options of strandWays) {
    const array = arrayOf(design, { "0,2": module }, options);
    for (let launch = 0; launch < 6; launch++) {
      const output = new Int32Array(64);
      await array.run({ insts: stream, buffers: [new Int32Array(64), output].map(bytesOf) });
      const written = [0, 16, 32, 48].map((first) => [output[first], output[first + 1], output[first + 15]]);

      // The second word was written in the launch before, but for the first.
      const second = launch === 0 ? 0 : 71;
      expect(written).toEqual([
        [70, second, 0],
        [70, second, 0],
        [70, 71, 1],
        [70, 71, 1],
      ]);
    }
    if (options.strands) expect(array.launchesInStrands).toBe(4);
    array.close();
  }
});

test("an argument that a launch reads where it has written it is played step by step", async () => {
  const objects = 12;
  const at = { argIndex: 0, lengthWords: 16 * objects };
  const stream = decodeTxn(
    insts(
      transfer({ direction: "S2MM", bd: 1, offsetBytes: 6 * 64, ...at }),
      transfer({ direction: "MM2S", bd: 0, ...at }),
      sync("S2MM"),
    ),
  );
  const module = assemble({ functions: [addKernel("k")], memory: { minimum: 1, maximum: 1 } });
  for (const options of strandWays) {
    const array = arrayOf(coreDesign({ ...words16, work: callK(16, 1000) }), { "0,2": module }, options);
    for (let launch = 0; launch < 5; launch++) {
      const memory = Int32Array.from({ length: 18 * 16 }, (_, i) => i);
      await array.run({ insts: stream, buffers: [bytesOf(memory)] });

      // Object 11 was read when object 5 had been written over it.
      expect([memory[16 * 6], memory[16 * 17]]).toEqual([1000, 16 * 5 + 2000]);
    }
    expect(array.launchesInStrands).toBe(0);
    if (options.strands) expect(array.playedLaunches).toBe(3);
    array.close();
  }
});

test("a launch whose output lies over its input reads what it has written, as it does when it is worked out anew", async () => {
  const objects = 12;
  const stream = wholeStream(objects);
  const module = assemble({ functions: [addKernel("k")], memory: { minimum: 1, maximum: 1 } });
  const seen = [];
  for (const options of strandWays) {
    const array = arrayOf(coreDesign({ ...words16, work: callK(16, 1000) }), { "0,2": module }, options);
    const results = [];
    // Apart, over each other, and apart again.
    for (const shift of [-1, -1, -1, -1, 6, 6, 6, 7, -1, -1]) {
      const memory = Int32Array.from({ length: 40 * 16 }, (_, i) => i);
      const input = memory.subarray(0, 16 * objects);
      const first = shift < 0 ? 16 * objects : 16 * shift;
      const output = memory.subarray(first, first + 16 * objects);
      await array.run({ insts: stream, buffers: [input, output].map(bytesOf) });
      results.push(memory);
    }
    seen.push(results);
    if (options.strands) expect(array.playedLaunches).toBeGreaterThanOrEqual(4);
    array.close();
  }

  // Object 11 was read when object 5 had been written over it.
  expect(seen[0]![4]![16 * (6 + 11)]).toBe(16 * 5 + 2000);
  for (const one of seen.slice(1)) expect(one).toEqual(seen[0]);
});
