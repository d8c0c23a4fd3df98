import { DesignBuilder, i32, lowerDesign, memref, type TileHandle } from "@aiekit/mlir";
import { decodeTxn } from "@aiekit/xclbin";
import { expect, test } from "vitest";
import { AieArray } from "../aie-array.ts";
import { loadArrayConfig } from "../load-array-config.ts";
import { bytesOf, insts, sync, transfer } from "../lowered-design.test-support.ts";
import { addKernel, assemble } from "../wasm-assembler.test-support.ts";

/** With 3 rows of 15 steps each: every one of them comes at a look once in 960. */
const objects = 80;

/** Objects of which a memtile sends `rows` rows of 4 words with zeros around them: neither zeros nor rows go straight to their place. */
function paddedDesign(rows: number) {
  const words = 7 * (rows + 2);
  const d = new DesignBuilder("npu1_1col");
  const [shim, memtile, tile] = [0, 1, 2].map((row) => d.tile(0, row));
  const element = memref([words], i32);
  const fifo = (name: string, producer: TileHandle, consumer: TileHandle, more = {}) =>
    d.objectFifo({ name, producer, consumers: [consumer], depth: 2, element, ...more });
  const toStream = [
    { size: rows, stride: 4 },
    { size: 4, stride: 1 },
  ];
  const padding = [
    { before: 1, after: 1 },
    { before: 2, after: 1 },
  ];
  const from = fifo("image", shim!, memtile!);
  const to = fifo("padded", memtile!, tile!, { toStream, padding });
  const out = fifo("out", tile!, shim!);
  d.link({ inputs: [from], outputs: [to] });
  const k = d.kernel("k", [element, element, i32, i32], { object: "k.o" });
  d.core(tile!, { stackBytes: 1024 }, (body) => {
    body.forever(() => {
      const [input, output] = [body.acquire(to, "Consume"), body.acquire(out, "Produce")];
      body.call(k, [input, output, body.constant(words, i32), body.constant(1000, i32)]);
      body.release(to, "Consume");
      body.release(out, "Produce");
    });
  });
  return loadArrayConfig(lowerDesign(d.build()).module);
}

const cases = [1, 2].flatMap((threads) => [2, 3].map((rows) => ({ threads, rows })));
const title = "launches that pause between each other's steps keep their words apart, $threads threads, $rows rows";

test.each(cases)(title, async ({ threads, rows }) => {
  const config = paddedDesign(rows);
  const words = 7 * (rows + 2);
  const kernels = new Map([["0,2", assemble({ functions: [addKernel("k")], memory: { minimum: 1, maximum: 1 } })]]);
  const lengthWords = words * objects;
  const stream = decodeTxn(
    insts(
      transfer({ direction: "S2MM", bd: 1, argIndex: 1, lengthWords }),
      transfer({ direction: "MM2S", bd: 0, argIndex: 0, lengthWords }),
      sync("S2MM"),
    ),
  );
  let now = 0;
  // Each look at the clock finds that the turn has taken too long.
  const options = { strands: "never", wallClock: () => (now += 1000), threads, threadedFromUs: 0 } as const;
  const arrays = [0, 1].map(() => new AieArray(config, kernels, options));
  for (let launch = 0; launch < 5; launch++) {
    const ran = await Promise.all(
      arrays.map(async (array, i) => {
        const input = Int32Array.from({ length: lengthWords }, (_, at) => 1_000_000 * (i + 1) + 10_000 * launch + at);
        const output = new Int32Array(lengthWords);
        await array.run({ insts: stream, buffers: [input, output].map(bytesOf) });
        return { input, output };
      }),
    );
    for (const { input, output } of ran) {
      const expected = input.map((_, at) => {
        const [object, row, column] = [Math.floor(at / words), (Math.floor(at / 7) % (rows + 2)) - 1, (at % 7) - 2];
        const isInside = row >= 0 && row < rows && column >= 0 && column < 4;
        return 1000 + (isInside ? input[words * object + 4 * row + column]! : 0);
      });
      expect(output).toEqual(expected);
    }
  }
  expect(Math.min(...arrays.map((array) => array.playedLaunches))).toBeGreaterThanOrEqual(3);
  for (const array of arrays) array.close();
});
