import { DesignBuilder } from "../builder/design-builder.ts";
import type { Operation } from "../ir/operation.ts";
import { i32, memref } from "../ir/types.ts";

/** out[i] = a[i] + b[i] for 1,024 words: two inputs take the two input channels of a tile. */
export function add(device: string): Operation {
  const d = new DesignBuilder(device);
  const object = memref([64], i32);
  const buffer = memref([1024], i32);
  const addObjects = d.kernel("add_i32", [object, object, object, i32], { object: "add.o" });

  const shim = d.tile(0, 0);
  const tile = d.tile(0, 2);
  const a = d.objectFifo({ name: "a", producer: shim, consumers: [tile], depth: 2, element: object });
  const b = d.objectFifo({ name: "b", producer: shim, consumers: [tile], depth: 2, element: object });
  const sum = d.objectFifo({ name: "sum", producer: tile, consumers: [shim], depth: 2, element: object });

  d.core(tile, { stackBytes: 2048 }, (core) => {
    core.forever(() => {
      const left = core.acquire(a, "Consume");
      const right = core.acquire(b, "Consume");
      const to = core.acquire(sum, "Produce");
      core.call(addObjects, [left, right, to, core.constant(64, i32)]);
      core.release(a, "Consume");
      core.release(b, "Consume");
      core.release(sum, "Produce");
    });
  });

  d.sequence({ name: "run", args: { a: buffer, b: buffer, sum: buffer } }, (s, host) => {
    s.transfer({ fifo: a, buffer: host.a, id: 0 });
    s.transfer({ fifo: b, buffer: host.b, id: 1 });
    s.transfer({ fifo: sum, buffer: host.sum, id: 2 });
    s.wait(sum);
  });
  return d.build();
}
