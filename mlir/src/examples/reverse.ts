import { DesignBuilder } from "../builder/design-builder.ts";
import { Operation } from "../ir/operation.ts";
import { i32, index, memref } from "../ir/types.ts";

/** Each object of 64 words comes back with its last word first. The core's program is written here, without C++. */
export function reverse(device: string): Operation {
  const d = new DesignBuilder(device);
  const object = memref([64], i32);
  const buffer = memref([1024], i32);

  const shim = d.tile(0, 0);
  const tile = d.tile(0, 2);
  const input = d.objectFifo({ name: "in", producer: shim, consumers: [tile], depth: 2, element: object });
  const output = d.objectFifo({ name: "out", producer: tile, consumers: [shim], depth: 2, element: object });

  d.core(tile, { stackBytes: 2048 }, (core) => {
    const last = core.constant(63, index);
    core.forever(() => {
      const from = core.acquire(input, "Consume");
      const to = core.acquire(output, "Produce");
      core.repeat(64, (i) => {
        const mirrored = core.emit(new Operation("arith.subi", { operands: [last, i], results: [index] })).result;
        core.store(core.load(from, [i]), to, [mirrored]);
      });
      core.release(input, "Consume");
      core.release(output, "Produce");
    });
  });

  d.sequence({ name: "run", args: { in: buffer, out: buffer } }, (s, host) => {
    s.transfer({ fifo: input, buffer: host.in, id: 0 });
    s.transfer({ fifo: output, buffer: host.out, id: 1 });
    s.wait(output);
  });
  return d.build();
}
