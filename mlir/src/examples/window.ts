import { DesignBuilder } from "../builder/design-builder.ts";
import type { Operation } from "../ir/operation.ts";
import { i32, memref } from "../ir/types.ts";

/** Sums of three rows of 64 words, 10 rows in, 8 out: the core holds two rows, takes a third and gives the oldest back. */
export function window(device: string): Operation {
  const d = new DesignBuilder(device);
  const row = memref([64], i32);
  const sum3 = d.kernel("sum3_i32", [row, row, row, row, i32], { object: "sum3.o" });

  const shim = d.tile(0, 0);
  const tile = d.tile(0, 2);
  const input = d.objectFifo({ name: "in", producer: shim, consumers: [tile], depth: 4, element: row });
  const output = d.objectFifo({ name: "out", producer: tile, consumers: [shim], depth: 2, element: row });

  d.core(tile, { stackBytes: 2048 }, (core) => {
    core.forever(() => {
      core.acquireMany(input, "Consume", 2);
      core.repeat(8, () => {
        const rows = core.acquireMany(input, "Consume", 3);
        const to = core.acquire(output, "Produce");
        core.call(sum3, [...rows, to, core.constant(64, i32)]);
        core.release(input, "Consume", 1);
        core.release(output, "Produce");
      });
      core.release(input, "Consume", 2);
    });
  });

  d.sequence({ name: "run", args: { in: memref([10, 64], i32), out: memref([8, 64], i32) } }, (s, host) => {
    s.transfer({ fifo: input, buffer: host.in, id: 0 });
    s.transfer({ fifo: output, buffer: host.out, id: 1 });
    s.wait(output);
  });
  return d.build();
}
