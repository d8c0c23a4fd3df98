import { FormatError } from "@aiekit/core";
import type { Audio } from "./audio.ts";
import { beyondFullScaleNote, countBeyondFullScale, decodePcm, partialFrameNote } from "./pcm-samples.ts";
import { readWavHeader, secondDataNote } from "./wav-header.ts";

/**
 * Reads a WAV file: RIFF, RIFX (big-endian) and RF64, integer samples of 8 to 32 bits, float of 32 and 64, any number of
 * channels. Sizes that a stream left open (0 or 0xFFFFFFFF) run to the end of the file, with a warning.
 * @throws FormatError with what was expected, what was found and what to do: another format, a compressed one, a file cut
 * off (with the seconds that are there), no samples, NaN or infinity (with the sample's place).
 */
export function readWav(bytes: Uint8Array, name: string): Audio {
  // The whole file is there, so its header is.
  const { format, littleEndian, dataOffset, dataBytes, warnings } = readWavHeader({
    name,
    bytes,
    fileBytes: bytes.length,
  })!;
  if (dataBytes < format.frameBytes) throw noSamples(name, { offset: dataOffset, bytes: dataBytes });
  const left = dataBytes % format.frameBytes;
  const layout = { ...format, littleEndian };
  const channels = decodePcm(bytes.subarray(dataOffset, dataOffset + dataBytes), layout);
  const block = { name, offset: dataOffset, firstFrame: 0 };
  const second = secondDataNote(bytes.subarray(dataOffset + dataBytes), { dataBytes, littleEndian });
  const beyond = format.format === "float" ? countBeyondFullScale(channels, layout, block) : 0;
  return {
    sampleRateHz: format.sampleRateHz,
    channels,
    bits: format.bits,
    format: format.format,
    warnings: [...warnings, ...second, ...partialFrameNote(left), ...beyondFullScaleNote(beyond)],
  };
}

export function noSamples(name: string, data: { readonly offset: number; readonly bytes: number }): FormatError {
  return new FormatError(`${name}: expected at least one sample, the data chunk has ${data.bytes} bytes`, {
    offset: data.offset,
    hint: "record again, or check that the program that wrote it ran to its end",
  });
}
