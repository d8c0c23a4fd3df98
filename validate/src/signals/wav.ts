import { FormatError } from "@aiekit/core";

/** 16-bit mono PCM with its rate. */
export interface Recording {
  readonly sampleRateHz: number;
  readonly pcm: Int16Array;
}

/**
 * Reads a WAV file of 16-bit PCM, mono. A data chunk that claims more than the file holds (a program that wrote to a
 * pipe could not know) ends where the file does.
 * @throws FormatError on any other file.
 */
export function readWav(bytes: Uint8Array, name = "wav"): Recording {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const tag = (at: number) => String.fromCharCode(...bytes.subarray(at, at + 4));
  if (bytes.length < 12 || tag(0) !== "RIFF" || tag(8) !== "WAVE") {
    throw new FormatError(`${name}: expected a RIFF WAVE file, got ${bytes.length} bytes of something else`, {
      offset: 0,
    });
  }
  let sampleRateHz = 0;
  for (let at = 12; at + 8 <= bytes.length; ) {
    const size = view.getUint32(at + 4, true);
    if (tag(at) === "fmt ") {
      if (size < 16 || at + 24 > bytes.length) throw new FormatError(`${name}: fmt chunk is cut off`, { offset: at });
      const [format, channels, bits] = [
        view.getUint16(at + 8, true),
        view.getUint16(at + 10, true),
        view.getUint16(at + 22, true),
      ];
      if (format !== 1 || channels !== 1 || bits !== 16) {
        throw new FormatError(
          `${name}: expected PCM (1), 1 channel, 16 bits, got format ${format}, ${channels} channels, ${bits} bits`,
          { offset: at, hint: "convert with: ffmpeg -i in.wav -ac 1 -ar 16000 -c:a pcm_s16le out.wav" },
        );
      }
      sampleRateHz = view.getUint32(at + 12, true);
    }
    if (tag(at) === "data") {
      if (sampleRateHz === 0) throw new FormatError(`${name}: data chunk before a valid fmt chunk`, { offset: at });
      const samples = Math.floor(Math.min(size, bytes.length - at - 8) / 2);
      const pcm = Int16Array.from({ length: samples }, (_, i) => view.getInt16(at + 8 + 2 * i, true));
      return { sampleRateHz, pcm };
    }
    at += 8 + size + (size % 2);
  }
  throw new FormatError(`${name}: no data chunk`, { offset: bytes.length });
}
