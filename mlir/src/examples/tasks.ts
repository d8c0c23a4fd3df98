import { DesignBuilder } from "../builder/design-builder.ts";
import type { Operation } from "../ir/operation.ts";
import { i32, memref } from "../ir/types.ts";

/** The passthrough again, with tasks in place of transfers: the lowering gives out the BD numbers. */
export function tasks(device: string): Operation {
  const d = new DesignBuilder(device);
  const object = memref([256], i32);
  const buffer = memref([1024], i32);

  const shim = d.tile(0, 0);
  const memtile = d.tile(0, 1);
  const input = d.objectFifo({ name: "in", producer: shim, consumers: [memtile], depth: 2, element: object });
  const output = d.objectFifo({ name: "out", producer: memtile, consumers: [shim], depth: 2, element: object });
  d.link({ inputs: [input], outputs: [output] });

  d.sequence({ name: "run", args: { in: buffer, out: buffer } }, (s, host) => {
    const send = s.configure({ fifo: input, buffer: host.in });
    const fetch = s.configure({ fifo: output, buffer: host.out, issueToken: true });
    s.start(send);
    s.start(fetch);
    s.await(fetch);
    s.free(send);
  });
  return d.build();
}
