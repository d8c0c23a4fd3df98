import { DesignBuilder } from "../builder/design-builder.ts";
import type { Operation } from "../ir/operation.ts";
import { i32, memref } from "../ir/types.ts";

const rows = 16;
const cols = 8;

/** Four matrices of 16 x 8 words, each sent back as 8 x 16: the memtile's DMA reads column after column. */
export function transpose(device: string): Operation {
  const d = new DesignBuilder(device);
  const matrix = memref([rows, cols], i32);
  const transposed = memref([cols, rows], i32);

  const shim = d.tile(0, 0);
  const memtile = d.tile(0, 1);
  const input = d.objectFifo({ name: "in", producer: shim, consumers: [memtile], depth: 2, element: matrix });
  const output = d.objectFifo({
    name: "out",
    producer: memtile,
    consumers: [shim],
    depth: 2,
    element: transposed,
    toStream: [
      { size: cols, stride: 1 },
      { size: rows, stride: cols },
    ],
  });
  d.link({ inputs: [input], outputs: [output] });

  const args = { in: memref([4, rows, cols], i32), out: memref([4, cols, rows], i32) };
  d.sequence({ name: "run", args }, (s, host) => {
    s.transfer({ fifo: input, buffer: host.in, id: 0 });
    s.transfer({ fifo: output, buffer: host.out, id: 1 });
    s.wait(output);
  });
  return d.build();
}
