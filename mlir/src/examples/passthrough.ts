import { DesignBuilder } from "../builder/design-builder.ts";
import type { Operation } from "../ir/operation.ts";
import { i32, memref } from "../ir/types.ts";

/** 1,024 words from the host into a memtile and back, 256 at a time: no core, no kernel. */
export function passthrough(device: string): Operation {
  const d = new DesignBuilder(device);
  const object = memref([256], i32);
  const buffer = memref([1024], i32);

  const shim = d.tile(0, 0);
  const memtile = d.tile(0, 1);
  const input = d.objectFifo({ name: "in", producer: shim, consumers: [memtile], depth: 2, element: object });
  const output = d.objectFifo({ name: "out", producer: memtile, consumers: [shim], depth: 2, element: object });
  d.link({ inputs: [input], outputs: [output] });

  d.sequence({ name: "run", args: { in: buffer, out: buffer } }, (s, host) => {
    s.transfer({ fifo: input, buffer: host.in, id: 0 });
    s.transfer({ fifo: output, buffer: host.out, id: 1 });
    s.wait(output);
  });
  return d.build();
}
