/** Parts of a WAV file put together by hand, so that the reader is tested against the format and not against our writer. */
export interface WavParts {
  readonly magic?: string;
  /** Fields of the fmt chunk: tag, channels, rate, bytes a second, bytes a frame, bits; then raw bytes. */
  readonly fmt?: readonly [
    tag: number,
    channels: number,
    rateHz: number,
    bytesASecond: number,
    frameBytes: number,
    bits: number,
  ];
  readonly fmtExtra?: readonly number[];
  readonly data: readonly number[];
  readonly dataSize?: number;
  readonly riffSize?: number;
  /** Whole chunks, raw, before fmt, between fmt and data, and after data. */
  readonly before?: readonly number[];
  readonly between?: readonly number[];
  readonly behind?: readonly number[];
}

export function wavBytes(parts: WavParts): Uint8Array {
  const {
    magic = "RIFF",
    fmt = [1, 1, 16000, 32000, 2, 16],
    fmtExtra = [],
    before = [],
    between = [],
    behind = [],
  } = parts;
  const big = magic === "RIFX";
  const number = (value: number, bytes: number): number[] => {
    const little = Array.from({ length: bytes }, (_, i) => Math.floor(value / 2 ** (8 * i)) % 256);
    return big ? little.reverse() : little;
  };
  const [tag, channels, rateHz, bytesASecond, frameBytes, bits] = fmt;
  const fmtBody = [
    ...[number(tag, 2), number(channels, 2), number(rateHz, 4), number(bytesASecond, 4)].flat(),
    ...[...number(frameBytes, 2), ...number(bits, 2), ...fmtExtra],
  ];
  const data = [...ascii("data"), ...number(parts.dataSize ?? parts.data.length, 4), ...parts.data];
  const fmtChunk = [...ascii("fmt "), ...number(fmtBody.length, 4), ...fmtBody];
  const body = [...ascii("WAVE"), ...before, ...fmtChunk, ...between, ...data, ...behind];
  return Uint8Array.from([...ascii(magic), ...number(parts.riffSize ?? body.length, 4), ...body]);
}

export function ascii(text: string): number[] {
  return [...text].map((c) => c.charCodeAt(0));
}

/** Bytes of one little-endian float. */
export function floatBytes(value: number, bytes: 4 | 8): number[] {
  const view = new DataView(new ArrayBuffer(bytes));
  if (bytes === 4) view.setFloat32(0, value, true);
  else view.setFloat64(0, value, true);
  return [...new Uint8Array(view.buffer)];
}
