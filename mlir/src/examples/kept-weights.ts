import { DesignBuilder } from "../builder/design-builder.ts";
import type { Operation } from "../ir/operation.ts";
import { i32, memref } from "../ir/types.ts";

/** out[r, i] = in[r, i] + weights[i] for 16 rows: the weights come once and the core keeps them for all rows. */
export function keptWeights(device: string): Operation {
  const d = new DesignBuilder(device);
  const row = memref([64], i32);
  const rows = memref([16, 64], i32);
  const add = d.kernel("add_i32", [row, row, row, i32], { object: "add.o" });

  const shim = d.tile(0, 0);
  const tile = d.tile(0, 2);
  const weights = d.objectFifo({ name: "weights", producer: shim, consumers: [tile], depth: 1, element: row });
  const input = d.objectFifo({ name: "in", producer: shim, consumers: [tile], depth: 2, element: row });
  const output = d.objectFifo({ name: "out", producer: tile, consumers: [shim], depth: 2, element: row });

  d.core(tile, { stackBytes: 2048 }, (core) => {
    core.forever(() => {
      const kept = core.acquire(weights, "Consume");
      core.repeat(16, () => {
        const from = core.acquire(input, "Consume");
        const to = core.acquire(output, "Produce");
        core.call(add, [from, kept, to, core.constant(64, i32)]);
        core.release(input, "Consume");
        core.release(output, "Produce");
      });
      core.release(weights, "Consume");
    });
  });

  d.sequence({ name: "run", args: { weights: row, in: rows, out: rows } }, (s, host) => {
    s.transfer({ fifo: weights, buffer: host.weights, id: 0 });
    s.transfer({ fifo: input, buffer: host.in, id: 1 });
    s.transfer({ fifo: output, buffer: host.out, id: 2 });
    s.wait(output);
  });
  return d.build();
}
