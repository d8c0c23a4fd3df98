import { DesignBuilder } from "../builder/design-builder.ts";
import type { Operation } from "../ir/operation.ts";
import { i32, memref } from "../ir/types.ts";

/** out[i] = 3 in[i] + 3 in[i] on two cores. The second reads what the first wrote where it lies: no DMA in between. */
export function neighbours(device: string): Operation {
  const d = new DesignBuilder(device);
  const object = memref([64], i32);
  const buffer = memref([1024], i32);
  const scale = d.kernel("scale_i32", [object, object, i32, i32], { object: "scale.o" });
  const add = d.kernel("add_i32", [object, object, object, i32], { object: "add.o" });

  const shim = d.tile(0, 0);
  const [first, second] = [d.tile(0, 2), d.tile(0, 3)];
  const input = d.objectFifo({ name: "in", producer: shim, consumers: [first], depth: 2, element: object });
  const between = d.objectFifo({ name: "between", producer: first, consumers: [second], depth: 2, element: object });
  const output = d.objectFifo({ name: "out", producer: second, consumers: [shim], depth: 2, element: object });

  d.core(first, { stackBytes: 2048 }, (core) => {
    core.forever(() => {
      const from = core.acquire(input, "Consume");
      const to = core.acquire(between, "Produce");
      core.call(scale, [from, to, core.constant(3, i32), core.constant(64, i32)]);
      core.release(input, "Consume");
      core.release(between, "Produce");
    });
  });
  d.core(second, { stackBytes: 2048 }, (core) => {
    core.forever(() => {
      const from = core.acquire(between, "Consume");
      const to = core.acquire(output, "Produce");
      core.call(add, [from, from, to, core.constant(64, i32)]);
      core.release(between, "Consume");
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
