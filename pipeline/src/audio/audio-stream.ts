/** What a recording is, as far as its file says. */
export interface AudioFormat {
  /** `WAV`, `FLAC`, `MP3`, `Ogg Opus`, ... */
  readonly container: string;
  readonly sampleRateHz: number;
  readonly channelCount: number;
  /** Of the samples in the file; `lossy` where they are not kept as numbers. */
  readonly sampleFormat: "int" | "float" | "lossy";
  /** Bits of a sample in the file; undefined where it is lossy. */
  readonly bits: number | undefined;
}

/** A recording that is decoded as it is read. The blocks can be run through once. */
export interface AudioStream {
  readonly format: AudioFormat;
  /** One array a channel, all of one length, full scale is -1 to 1. No block is empty. */
  readonly blocks: AsyncIterable<readonly Float32Array[]>;
  /** What was odd but could be read; all of it is there when the blocks have ended. */
  readonly warnings: readonly string[];
}
