import { FormatError } from "@aiekit/core";
import type { AudioStream } from "./audio-stream.ts";
import type { ByteReader } from "./byte-reader.ts";
import { ffmpegHint } from "./not-a-wav.ts";
import { pcmBlocks } from "./pcm-stream.ts";
import { readWavHeader, secondDataNote, type WavHeader } from "./wav-header.ts";
import { noSamples } from "./wav-reader.ts";

// A cover picture may come before the samples; what is larger is no recording.
const longestHeaderBytes = 2 ** 25;
const firstLookBytes = 4096;
// A padding byte, and the name and size of a chunk.
const behindLookBytes = 9;

/**
 * As `readWav`, block by block. A file that is cut off is refused before the first block, a pipe at its end.
 * @throws FormatError as `readWav` does, for samples that are no numbers from the blocks.
 */
export async function openWav(reader: ByteReader): Promise<AudioStream> {
  const header = await wavHeader(reader);
  const { format, littleEndian, dataOffset, dataBytes } = header;
  const { channelCount, sampleRateHz, bits, frameBytes } = format;
  if (dataBytes < frameBytes) throw noSamples(reader.name, { offset: dataOffset, bytes: dataBytes });
  reader.drop(dataOffset);
  const warnings = [...header.warnings];
  const onEnd = async (found: number): Promise<void> => {
    if (found < frameBytes) throw noSamples(reader.name, { offset: dataOffset, bytes: found });
    if (found < dataBytes) warnings.push(...header.atEnd(found).warnings);
    // A pipe may stay open behind its last sample.
    else if (reader.source.sizeBytes !== undefined) {
      warnings.push(...secondDataNote(await reader.peek(behindLookBytes), header));
    }
  };
  const layout = { ...format, littleEndian };
  return {
    format: { container: "WAV", sampleRateHz, channelCount, sampleFormat: format.format, bits },
    blocks: pcmBlocks({ reader, layout, offset: dataOffset, maxBytes: dataBytes, warnings, onEnd }),
    warnings,
  };
}

async function wavHeader(reader: ByteReader): Promise<WavHeader> {
  for (let look = firstLookBytes; look <= longestHeaderBytes; look *= 2) {
    const bytes = await reader.peek(look);
    const fileBytes = bytes.length < look ? bytes.length : (reader.source.sizeBytes ?? Number.POSITIVE_INFINITY);
    const header = readWavHeader({ name: reader.name, bytes, fileBytes });
    if (header !== undefined) return header;
  }
  throw new FormatError(`${reader.name}: expected a data chunk within ${longestHeaderBytes} bytes, found none`, {
    offset: longestHeaderBytes,
    hint: ffmpegHint,
  });
}
