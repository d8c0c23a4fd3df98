/**
 * What the cost model cannot know of a machine and its software: fitted to published measurements, as marked. All times
 * that come from it are modelled.
 */
export interface SiliconModel {
  /** Seconds from the call of a launch to its end beyond the array's own work. */
  readonly launchSeconds: number;
  /** Seconds to load another configuration. */
  readonly switchSeconds: number;
  /** Bytes a second that a column moves to and from host memory in matrix products, both ways together. */
  readonly hostBytesPerColumn: number;
  /** Part of the multiplier's peak that a kernel reaches: hand-tuned ones, and those of a general compiler. */
  readonly tuned: number;
  readonly generated: { readonly integer: number; readonly float: number };
  /** Cycles before the first word of a shim channel that has been idle. */
  readonly coldCycles: { readonly MM2S: number; readonly S2MM: number };
  /** Seconds for each attention score of an encoder layer, spent outside of matrix products. */
  readonly scoreSeconds: number;
  /** Seconds of a launch in a serving program, in which every product switches to its configuration and back. */
  readonly servedSeconds: number;
}

export const siliconModel: SiliconModel = {
  // Fitted to launch-512-gemm-raw-xrt: 0.267 ms, less the time its 3.1 MB take.
  launchSeconds: 65e-6,
  // Half of overlay-switch-pair.
  switchSeconds: 1.405e-3,
  // Fitted to gemm-bf16-1536x1536x384 and gemm-bf16-skinny-1536x64x1536: 15.9 GB/s over four columns.
  hostBytesPerColumn: 15.9e9 / 4,
  // A guess that kernels of 2 x 2 accumulators reach; gemm-best rows are predictions.
  tuned: 0.8,
  // integer: fitted to gemm-int8-range. float: a guess above the 0.43 that a published row reaches.
  generated: { integer: 0.24, float: 0.5 },
  // Fitted to shim-dma-cold-mm2s and shim-dma-cold-s2mm. The simulator does not charge them.
  coldCycles: { MM2S: 747, S2MM: 171 },
  // Fitted to whisper-large-v3-encoder.
  scoreSeconds: 0.95e-9,
  // Published by drakosha/whisper-xdna, 1.1 to 1.3 ms.
  servedSeconds: 1.2e-3,
};

/** Rows of fixtures/silicon.json that a number above was fitted to, or is: their error says nothing. */
export const fittedRows: readonly string[] = [
  ...["launch-512-gemm-raw-xrt", "overlay-switch-pair", "gemm-bf16-1536x1536x384", "gemm-bf16-skinny-1536x64x1536"],
  ...["gemm-int8-range", "shim-dma-cold-mm2s", "shim-dma-cold-s2mm", "whisper-large-v3-encoder"],
];
