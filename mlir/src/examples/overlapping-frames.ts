import { DesignBuilder } from "../builder/design-builder.ts";
import type { Operation } from "../ir/operation.ts";
import { i32, memref } from "../ir/types.ts";

const frames = 15;
const hop = 32;

/** Frames of 64 words that begin every 32 words, each scaled by 3: the shim's DMA reads most words twice. */
export function overlappingFrames(device: string): Operation {
  const d = new DesignBuilder(device);
  const frame = memref([64], i32);
  const scale = d.kernel("scale_i32", [frame, frame, i32, i32], { object: "scale.o" });

  const shim = d.tile(0, 0);
  const tile = d.tile(0, 2);
  const input = d.objectFifo({ name: "in", producer: shim, consumers: [tile], depth: 2, element: frame });
  const output = d.objectFifo({ name: "out", producer: tile, consumers: [shim], depth: 2, element: frame });

  d.core(tile, { stackBytes: 2048 }, (core) => {
    core.forever(() => {
      const from = core.acquire(input, "Consume");
      const to = core.acquire(output, "Produce");
      core.call(scale, [from, to, core.constant(3, i32), core.constant(64, i32)]);
      core.release(input, "Consume");
      core.release(output, "Produce");
    });
  });

  const args = { in: memref([(frames - 1) * hop + 64], i32), out: memref([frames, 64], i32) };
  d.sequence({ name: "run", args }, (s, host) => {
    s.transfer({ fifo: input, buffer: host.in, id: 0, sizes: [1, 1, frames, 64], strides: [0, 0, hop, 1] });
    s.transfer({ fifo: output, buffer: host.out, id: 1 });
    s.wait(output);
  });
  return d.build();
}
