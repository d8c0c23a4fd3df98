import type { ArgSpec } from "@aiekit/core";
import { DesignBuilder } from "../builder/design-builder.ts";
import type { FifoHandle } from "../builder/handles.ts";
import { i16, i32, memref } from "../ir/types.ts";
import type { Design, DesignOptions, DesignSequence } from "../registry.ts";

const frameSamples = 400;
const hopSamples = 160;
const bands = 80;
/** 257 bins (0..256), the block exponent, and zeros up to whole 32-byte vectors. */
const powerWords = 264;
/** 80 sums, the block exponent, and zeros up to whole 32-byte vectors. */
const bandWords = 88;
/** Frames that one launch turns into mel bands, one runtime sequence for each number. */
const framesOfSequences = [16, 128, 1024] as const;
/** Rounds of one dimension of a shim BD that carries a size field (10 bits). */
const framesPerRow = 512;

/**
 * Log-mel features, 16 kHz mono: PCM i16[(frames - 1)·160 + 400] to i16[frames, 80] in 1/256 dB. Frames overlap: the
 * shim DMA reads each of them from the host buffer with a stride of 160 samples, so the host prepares nothing.
 * `tiles` 1: one core does it all; 3: power spectrum, mel bands and logarithm on three neighbours.
 */
export function melDesign({ device, params }: DesignOptions): Design {
  return params.tiles === 3 ? melPipeline(device) : melFused(device);
}

const frame = memref([frameSamples], i16);
const mel = memref([bands], i16);

function melFused(device: string): Design {
  const d = new DesignBuilder(device);
  const melFrame = d.kernel("mel_frame_i16", [frame, mel], { object: "mel.o" });

  const shim = d.tile(0, 0);
  const tile = d.tile(0, 2, { allocationScheme: "basic-sequential" });
  const pcm = d.objectFifo({ name: "pcm", producer: shim, consumers: [tile], depth: 2, element: frame });
  const out = d.objectFifo({ name: "mel", producer: tile, consumers: [shim], depth: 2, element: mel });

  d.core(tile, { stackBytes: 8192 }, (core) => {
    core.forever(() => {
      const samples = core.acquire(pcm, "Consume");
      const features = core.acquire(out, "Produce");
      core.call(melFrame, [samples, features]);
      core.release(pcm, "Consume");
      core.release(out, "Produce");
    });
  });

  return finish(d, pcm, out);
}

function melPipeline(device: string): Design {
  const d = new DesignBuilder(device);
  const power = memref([powerWords], i32);
  const sums = memref([bandWords], i32);
  const melPower = d.kernel("mel_power_i16", [frame, power], { object: "mel.o" });
  const melBands = d.kernel("mel_bands_i32", [power, sums], { object: "mel.o" });
  const melLog = d.kernel("mel_log_i16", [sums, mel], { object: "mel.o" });

  const shim = d.tile(0, 0);
  const packed = { allocationScheme: "basic-sequential" } as const;
  const powerTile = d.tile(0, 2, packed);
  const bandsTile = d.tile(0, 3, packed);
  const logTile = d.tile(0, 4, packed);
  const pcm = d.objectFifo({ name: "pcm", producer: shim, consumers: [powerTile], depth: 2, element: frame });
  const spectrum = d.objectFifo({
    name: "power",
    producer: powerTile,
    consumers: [bandsTile],
    depth: 2,
    element: power,
  });
  const energies = d.objectFifo({ name: "bands", producer: bandsTile, consumers: [logTile], depth: 2, element: sums });
  const out = d.objectFifo({ name: "mel", producer: logTile, consumers: [shim], depth: 2, element: mel });

  const stages = [
    { tile: powerTile, kernel: melPower, input: pcm, output: spectrum },
    { tile: bandsTile, kernel: melBands, input: spectrum, output: energies },
    { tile: logTile, kernel: melLog, input: energies, output: out },
  ];
  for (const { tile, kernel, input, output } of stages) {
    d.core(tile, { stackBytes: 8192 }, (core) => {
      core.forever(() => {
        const from = core.acquire(input, "Consume");
        const to = core.acquire(output, "Produce");
        core.call(kernel, [from, to]);
        core.release(input, "Consume");
        core.release(output, "Produce");
      });
    });
  }

  return finish(d, pcm, out);
}

function finish(d: DesignBuilder, pcm: FifoHandle, out: FifoHandle): Design {
  for (const frames of framesOfSequences) {
    const args = { pcm: memref([samplesOf(frames)], i16), mel: memref([frames, bands], i16) };
    d.sequence({ name: `frames_${frames}`, args }, (s, host) => {
      const rows = Math.min(frames, framesPerRow);
      s.transfer({
        fifo: pcm,
        buffer: host.pcm,
        id: 0,
        sizes: [1, frames / rows, rows, frameSamples],
        strides: [0, frames > rows ? rows * hopSamples : 0, hopSamples, 1],
      });
      s.transfer({ fifo: out, buffer: host.mel, id: 1 });
      s.wait(out);
    });
  }
  return {
    module: d.build(),
    sequences: framesOfSequences.map(sequenceSpec),
    sources: [{ object: "mel.o", file: "mel/mel.cc" }],
  };
}

function sequenceSpec(frames: number): DesignSequence {
  const pcm: Omit<ArgSpec, "bytes"> = {
    name: "pcm",
    direction: "in",
    dtype: "i16",
    shape: [samplesOf(frames)],
    units: { axis: 0, hop: hopSamples, window: frameSamples },
    meaning: "PCM, 16 kHz mono, 1/32768 of full scale",
  };
  const features: Omit<ArgSpec, "bytes"> = {
    name: "mel",
    direction: "out",
    dtype: "i16",
    shape: [frames, bands],
    units: { axis: 0, hop: 1, window: 1 },
    meaning: "log-mel energy, 1/256 dB",
  };
  return { name: `frames_${frames}`, units: frames, args: [pcm, features] };
}

function samplesOf(frames: number): number {
  return (frames - 1) * hopSamples + frameSamples;
}
