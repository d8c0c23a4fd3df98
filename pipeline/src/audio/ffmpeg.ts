import { resolve } from "node:path";
import { FormatError, ToolMissingError } from "@aiekit/core";
import type { AudioStream } from "./audio-stream.ts";
import { ByteReader } from "./byte-reader.ts";
import { pipeSource } from "./byte-source.ts";
import { openWav } from "./wav-stream.ts";

interface FfmpegInput {
  /** For errors. */
  readonly name: string;
  readonly path: string;
  /** What the content looks like: `MP4 or M4A`. */
  readonly what: string;
  /** Path of the program, or its name to be found on PATH. */
  readonly program: string;
}

/**
 * Decodes the first sound track of any file that ffmpeg knows. ffmpeg writes floats at the recording's own rate, so that
 * resampling and mixing are the same for all files.
 * @throws ToolMissingError where there is no ffmpeg; FormatError with ffmpeg's words where it cannot read the file, from
 * the blocks where it fails on the way.
 */
export async function openWithFfmpeg({ name, path, what, program }: FfmpegInput): Promise<AudioStream> {
  // execa costs tens of milliseconds to load.
  const { execa } = await import("execa");
  // A playlist must not make ffmpeg open other files or connections.
  const input = ["-protocol_whitelist", "file,pipe", "-i", `file:${resolve(path)}`];
  const output = ["-map", "0:a:0", "-c:a", "pcm_f32le", "-f", "wav", "pipe:1"];
  const child = execa(program, ["-nostdin", "-v", "error", ...input, ...output], {
    reject: false,
    stdin: "ignore",
    buffer: { stdout: false, stderr: true },
  });
  const warnings: string[] = [];
  const checkEnd = async (): Promise<void> => {
    const { failed, code, stderr } = await child;
    const lines = stderr.trim().split("\n").slice(-3).join("; ");
    if (!failed) {
      if (lines !== "") warnings.push(`ffmpeg: ${lines}`);
      return;
    }
    if (code === "ENOENT" || code === "EACCES") {
      throw new ToolMissingError(`${name}: ${what} is decoded by ffmpeg: ${program} cannot be started: ${code}`, {
        hint: "install ffmpeg (Debian, Ubuntu: apt install ffmpeg), or convert the file to WAV, FLAC, MP3 or Ogg elsewhere",
      });
    }
    throw new FormatError(`${name}: expected a recording, got ${what}, which ffmpeg cannot read: ${lines}`, {
      hint: `look at it: ffprobe ${JSON.stringify(path)}`,
    });
  };
  const piped = async function* (): AsyncGenerator<Uint8Array> {
    try {
      yield* child.stdout;
      await checkEnd();
    } finally {
      // Of no effect on a program that has ended.
      child.kill();
    }
  };
  // Of the header, only what ffmpeg says about itself is odd: it leaves the size open.
  const { format, blocks } = await openWav(new ByteReader(pipeSource(piped(), name)));
  return { format: { ...format, container: what, bits: undefined }, blocks, warnings };
}
