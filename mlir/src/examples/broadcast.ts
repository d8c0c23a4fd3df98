import { DesignBuilder } from "../builder/design-builder.ts";
import type { Operation } from "../ir/operation.ts";
import { i32, memref } from "../ir/types.ts";

/** One input, read once from the host, goes to two cores: twice[i] = 2 in[i], tenfold[i] = 10 in[i]. */
export function broadcast(device: string): Operation {
  const d = new DesignBuilder(device);
  const object = memref([64], i32);
  const buffer = memref([1024], i32);
  const scale = d.kernel("scale_i32", [object, object, i32, i32], { object: "scale.o" });

  const shim = d.tile(0, 0);
  const [left, right] = [d.tile(0, 2), d.tile(0, 3)];
  const input = d.objectFifo({ name: "in", producer: shim, consumers: [left, right], depth: 2, element: object });
  const twice = d.objectFifo({ name: "twice", producer: left, consumers: [shim], depth: 2, element: object });
  const tenfold = d.objectFifo({ name: "tenfold", producer: right, consumers: [shim], depth: 2, element: object });

  for (const { output, factor } of [
    { output: twice, factor: 2 },
    { output: tenfold, factor: 10 },
  ]) {
    d.core(output.producer, { stackBytes: 2048 }, (core) => {
      core.forever(() => {
        const from = core.acquire(input, "Consume");
        const to = core.acquire(output, "Produce");
        core.call(scale, [from, to, core.constant(factor, i32), core.constant(64, i32)]);
        core.release(input, "Consume");
        core.release(output, "Produce");
      });
    });
  }

  d.sequence({ name: "run", args: { in: buffer, twice: buffer, tenfold: buffer } }, (s, host) => {
    s.transfer({ fifo: input, buffer: host.in, id: 0 });
    s.transfer({ fifo: twice, buffer: host.twice, id: 1 });
    s.transfer({ fifo: tenfold, buffer: host.tenfold, id: 2 });
    s.wait(twice);
    s.wait(tenfold);
  });
  return d.build();
}
