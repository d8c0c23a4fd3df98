/** Decoded sound: one array a channel, full scale is -1 to 1, all of one length. */
export interface Audio {
  readonly sampleRateHz: number;
  readonly channels: readonly Float32Array[];
  /** Bits of a sample in the file. */
  readonly bits: number;
  readonly format: "int" | "float";
  /** What in the file was odd but could be read. */
  readonly warnings: readonly string[];
}

export function audioSeconds({ channels, sampleRateHz }: Pick<Audio, "channels" | "sampleRateHz">): number {
  return (channels[0]?.length ?? 0) / sampleRateHz;
}
