import { DesignBuilder } from "../builder/design-builder.ts";
import type { Operation } from "../ir/operation.ts";
import { i32, memref } from "../ir/types.ts";

/** out[i] = 3 in[i] for 1,024 words: a C++ kernel works on 64 at a time. */
export function scale(device: string): Operation {
  const d = new DesignBuilder(device);
  const object = memref([64], i32);
  const buffer = memref([1024], i32);
  const scaleObject = d.kernel("scale_i32", [object, object, i32, i32], { object: "scale.o" });

  const shim = d.tile(0, 0);
  const tile = d.tile(0, 2);
  const input = d.objectFifo({ name: "in", producer: shim, consumers: [tile], depth: 2, element: object });
  const output = d.objectFifo({ name: "out", producer: tile, consumers: [shim], depth: 2, element: object });

  d.core(tile, { stackBytes: 2048 }, (core) => {
    core.forever(() => {
      const from = core.acquire(input, "Consume");
      const to = core.acquire(output, "Produce");
      core.call(scaleObject, [from, to, core.constant(3, i32), core.constant(64, i32)]);
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
