/** What a constant may be, whatever rows say: from what it is made of. A row must not pull it out of this. */
interface ConstantBounds {
  readonly least: number;
  readonly most: number;
  /** Where the bounds come from. */
  readonly because: string;
}

/**
 * What the cost model cannot know of a machine and its software. Cycles of the array itself are those of the cost model and
 * are not fitted.
 */
export const siliconBounds = {
  /** Seconds from the call of a launch to its end beyond the array's own work. */
  launchSeconds: {
    least: 8e-6,
    most: 1e-3,
    because: "at least the round trip of the mailbox, 8,000 cycles (FIM43-Redeye/xdna-emu); at most a millisecond",
  },
  /** Seconds that a program around the launch adds: a serving one, or a wrapper in Python. */
  wrapperSeconds: {
    least: 1.1e-3,
    most: 1.3e-3,
    because: "published as 1.1 to 1.3 ms a call (drakosha/whisper-xdna)",
  },
  /** Seconds to make another context the active one, configuration included. */
  switchSeconds: {
    least: 1e-4,
    most: 1e-2,
    because: "a configuration is 0.1 to 1 MB, written at 0.1 to 1 GB/s",
  },
  /** Bytes a second of host memory in matrix products for each column that a device has, both ways together. */
  hostBytesPerColumn: {
    least: 1e9,
    most: 16e9,
    because: "at most two channels each way of 4 bytes a cycle; at least a quarter of one channel",
  },
  /** Part of the multipliers' peak that kernels tuned by hand reach. */
  tuned: { least: 0.5, most: 1, because: "peak is 1; kernels below a half are not called tuned" },
  /** The same for kernels of a general compiler. */
  generatedInteger: { least: 0.1, most: 1, because: "peak is 1; loops without software pipelining reach a tenth" },
  generatedFloat: { least: 0.1, most: 1, because: "as for integers" },
  /** Cycles before the first word of a shim channel that has been idle. The simulator does not charge them. */
  coldMm2sCycles: { least: 100, most: 2000, because: "host memory answers in 0.1 to 2 us" },
  coldS2mmCycles: { least: 50, most: 1000, because: "writes are not waited for: half of reading" },
  /** Seconds for each attention score of an encoder layer, spent outside of matrix products. */
  scoreSeconds: { least: 1e-10, most: 1e-8, because: "an exponential and a copy on a CPU: 0.1 to 10 ns" },
} as const satisfies Readonly<Record<string, ConstantBounds>>;

export type ConstantName = keyof typeof siliconBounds;
export type SiliconModel = Readonly<Record<ConstantName, number>>;

export const constantNames = Object.keys(siliconBounds) as readonly ConstantName[];

/** What `fitSilicon` makes of the rows below, in three digits. A test fits again and compares. */
export const siliconModel: SiliconModel = {
  launchSeconds: 68.9e-6,
  wrapperSeconds: 1.3e-3,
  switchSeconds: 1.45e-3,
  hostBytesPerColumn: 4.04e9,
  tuned: 0.751,
  generatedInteger: 0.245,
  generatedFloat: 0.47,
  coldMm2sCycles: 747,
  coldS2mmCycles: 171,
  scoreSeconds: 0.997e-9,
};

/** Rows of fixtures/silicon.json, all of which the model is fitted to: their error says little, that of `leaveOut` more. */
export const fittedRows: readonly string[] = [
  ...["gemm-bf16-1536x1536x384", "gemm-bf16-1536x1280x1280", "gemm-bf16-skinny-1536x64x1536", "gemm-int8-range"],
  ...["launch-512-gemm-raw-xrt", "overlay-switch-pair", "gemm-best-int8-xdna1", "gemm-best-bf16-xdna1"],
  ...["gemm-best-bf16-xdna2", "shim-dma-rate", "shim-dma-cold-mm2s", "shim-dma-cold-s2mm", "memtile-dma-rate"],
  ...["gemm-int16-256-one-core", "whisper-tiny-encoder", "whisper-large-v3-encoder"],
];
