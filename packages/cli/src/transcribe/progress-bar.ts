import type { ByteSource } from "@aiekit/pipeline";

/** How far a recording is: by its bytes, where its end is known. */
interface RecordingProgress {
  /** The source, whose bytes are counted as they are read. */
  readonly source: ByteSource;
  /** `[########----------------] 37 %, 122 s of sound`. */
  readonly text: () => string;
  /** Told of the sound that is done. */
  readonly done: (seconds: number) => void;
}

const width = 24;

/** A recording is read a window ahead of what is transcribed, so the bar shows what was read when its last window began. */
export function recordingProgress(source: ByteSource): RecordingProgress {
  let [readBytes, shownBytes, doneSeconds] = [0, 0, 0];
  async function* counted(): AsyncGenerator<Uint8Array> {
    for await (const chunk of source.chunks) {
      readBytes += chunk.length;
      yield chunk;
    }
  }
  return {
    source: { ...source, chunks: counted() },
    text: () => {
      const sound = `${doneSeconds.toFixed(0)} s of sound`;
      if (!source.sizeBytes) return sound;
      const share = Math.min(1, shownBytes / source.sizeBytes);
      const full = Math.floor(share * width);
      return `[${"#".repeat(full)}${"-".repeat(width - full)}] ${Math.floor(100 * share)} %, ${sound}`;
    },
    done: (seconds) => {
      doneSeconds = seconds;
      shownBytes = readBytes;
    },
  };
}
