import { DesignBuilder } from "../builder/design-builder.ts";
import type { Operation } from "../ir/operation.ts";
import { i32, memref } from "../ir/types.ts";

/** out[r, i] = in[r, i] + weights[i] for 16 rows: the memtile sends the weights 16 times, the host only once. */
export function repeatedWeights(device: string): Operation {
  const d = new DesignBuilder(device);
  const row = memref([64], i32);
  const rows = memref([16, 64], i32);
  const add = d.kernel("add_i32", [row, row, row, i32], { object: "add.o" });

  const shim = d.tile(0, 0);
  const memtile = d.tile(0, 1);
  const tile = d.tile(0, 2);
  const once = d.objectFifo({ name: "weights", producer: shim, consumers: [memtile], depth: 1, element: row });
  const weights = d.objectFifo({
    name: "repeated",
    producer: memtile,
    consumers: [tile],
    depth: 1,
    element: row,
    repeatCount: 16,
  });
  const input = d.objectFifo({ name: "in", producer: shim, consumers: [tile], depth: 2, element: row });
  const output = d.objectFifo({ name: "out", producer: tile, consumers: [shim], depth: 2, element: row });
  d.link({ inputs: [once], outputs: [weights] });

  d.core(tile, { stackBytes: 2048 }, (core) => {
    core.forever(() => {
      const from = core.acquire(input, "Consume");
      const weight = core.acquire(weights, "Consume");
      const to = core.acquire(output, "Produce");
      core.call(add, [from, weight, to, core.constant(64, i32)]);
      core.release(input, "Consume");
      core.release(weights, "Consume");
      core.release(output, "Produce");
    });
  });

  d.sequence({ name: "run", args: { weights: row, in: rows, out: rows } }, (s, host) => {
    s.transfer({ fifo: once, buffer: host.weights, id: 0 });
    s.transfer({ fifo: input, buffer: host.in, id: 1 });
    s.transfer({ fifo: output, buffer: host.out, id: 2 });
    s.wait(output);
  });
  return d.build();
}
