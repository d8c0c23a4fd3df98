import { DesignBuilder } from "../builder/design-builder.ts";
import { i16, i32, memref } from "../ir/types.ts";
import type { Design, DesignOptions, DesignSequence } from "../registry.ts";

const points = 512;
/** Real and imaginary part of each bin, interleaved. */
const spectrumWords = 2 * points;
/** Frames that one launch transforms, one runtime sequence for each number. */
const framesOfSequences = [16, 128] as const;

/** FFT of 512 real points a frame: i16[frames, 512] to i32[frames, 1024], real and imaginary parts interleaved. */
export function fftDesign({ device }: DesignOptions): Design {
  const d = new DesignBuilder(device);
  const frame = memref([points], i16);
  const spectrum = memref([spectrumWords], i32);
  const fft = d.kernel("fft512_i16", [frame, spectrum], { object: "fft.o" });

  const shim = d.tile(0, 0);
  const tile = d.tile(0, 2, { allocationScheme: "basic-sequential" });
  const input = d.objectFifo({ name: "in", producer: shim, consumers: [tile], depth: 2, element: frame });
  const output = d.objectFifo({ name: "out", producer: tile, consumers: [shim], depth: 2, element: spectrum });

  d.core(tile, { stackBytes: 8192 }, (core) => {
    core.forever(() => {
      const samples = core.acquire(input, "Consume");
      const bins = core.acquire(output, "Produce");
      core.call(fft, [samples, bins]);
      core.release(input, "Consume");
      core.release(output, "Produce");
    });
  });

  for (const frames of framesOfSequences) {
    const args = { in: memref([frames, points], i16), out: memref([frames, spectrumWords], i32) };
    d.sequence({ name: `frames_${frames}`, args }, (s, host) => {
      s.transfer({ fifo: input, buffer: host.in, id: 0 });
      s.transfer({ fifo: output, buffer: host.out, id: 1 });
      s.wait(output);
    });
  }
  return {
    module: d.build(),
    sequences: framesOfSequences.map(sequenceSpec),
    sources: [{ object: "fft.o", file: "fft/fft.cc" }],
  };
}

function sequenceSpec(frames: number): DesignSequence {
  const units = { axis: 0, hop: 1, window: 1 };
  return {
    name: `frames_${frames}`,
    units: frames,
    args: [
      { name: "in", direction: "in", dtype: "i16", shape: [frames, points], units, meaning: "real samples" },
      {
        name: "out",
        direction: "out",
        dtype: "i32",
        shape: [frames, spectrumWords],
        units,
        meaning: "bins 0..511, real and imaginary part interleaved",
      },
    ],
  };
}
