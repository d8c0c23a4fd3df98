import { DesignBuilder } from "../builder/design-builder.ts";
import type { Operation } from "../ir/operation.ts";
import { i32, memref } from "../ir/types.ts";

/** out[i] = 3 in[i] or 7 in[i]: each sequence writes its factor into the tile's memory before it sends data. */
export function runTimeParameter(device: string): Operation {
  const d = new DesignBuilder(device);
  const object = memref([64], i32);
  const buffer = memref([1024], i32);
  const word = memref([1], i32);
  const scaleBy = d.kernel("scale_by_i32", [object, object, word, i32], { object: "scale_by.o" });

  const shim = d.tile(0, 0);
  const tile = d.tile(0, 2);
  const factor = d.buffer({ tile, name: "factor", type: word, initialValues: 0 });
  const input = d.objectFifo({ name: "in", producer: shim, consumers: [tile], depth: 2, element: object });
  const output = d.objectFifo({ name: "out", producer: tile, consumers: [shim], depth: 2, element: object });

  d.core(tile, { stackBytes: 2048 }, (core) => {
    core.forever(() => {
      const from = core.acquire(input, "Consume");
      const to = core.acquire(output, "Produce");
      core.call(scaleBy, [from, to, factor.value, core.constant(64, i32)]);
      core.release(input, "Consume");
      core.release(output, "Produce");
    });
  });

  for (const by of [3, 7]) {
    d.sequence({ name: `by_${by}`, args: { in: buffer, out: buffer } }, (s, host) => {
      s.writeParameter(factor, 0, by);
      s.transfer({ fifo: input, buffer: host.in, id: 0 });
      s.transfer({ fifo: output, buffer: host.out, id: 1 });
      s.wait(output);
    });
  }
  return d.build();
}
