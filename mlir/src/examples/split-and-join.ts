import { DesignBuilder } from "../builder/design-builder.ts";
import type { Operation } from "../ir/operation.ts";
import { i32, memref } from "../ir/types.ts";

/** A memtile cuts each object of 128 words in two, two cores scale the halves, and it joins them again. */
export function splitAndJoin(device: string): Operation {
  const d = new DesignBuilder(device);
  const whole = memref([128], i32);
  const half = memref([64], i32);
  const buffer = memref([1024], i32);
  const scale = d.kernel("scale_i32", [half, half, i32, i32], { object: "scale.o" });

  const shim = d.tile(0, 0);
  const memtile = d.tile(0, 1);
  const input = d.objectFifo({ name: "in", producer: shim, consumers: [memtile], depth: 2, element: whole });
  const output = d.objectFifo({ name: "out", producer: memtile, consumers: [shim], depth: 2, element: whole });
  const branches = [2, 3].map((row) => {
    const tile = d.tile(0, row);
    const part = d.objectFifo({ name: `in_${row}`, producer: memtile, consumers: [tile], depth: 2, element: half });
    const result = d.objectFifo({ name: `out_${row}`, producer: tile, consumers: [memtile], depth: 2, element: half });
    return { tile, part, result, factor: row };
  });
  d.link({ inputs: [input], outputs: branches.map((b) => b.part), destOffsets: [0, 64] });
  d.link({ inputs: branches.map((b) => b.result), outputs: [output], sourceOffsets: [0, 64] });

  for (const { tile, part, result, factor } of branches) {
    d.core(tile, { stackBytes: 2048 }, (core) => {
      core.forever(() => {
        const from = core.acquire(part, "Consume");
        const to = core.acquire(result, "Produce");
        core.call(scale, [from, to, core.constant(factor, i32), core.constant(64, i32)]);
        core.release(part, "Consume");
        core.release(result, "Produce");
      });
    });
  }

  d.sequence({ name: "run", args: { in: buffer, out: buffer } }, (s, host) => {
    s.transfer({ fifo: input, buffer: host.in, id: 0 });
    s.transfer({ fifo: output, buffer: host.out, id: 1 });
    s.wait(output);
  });
  return d.build();
}
