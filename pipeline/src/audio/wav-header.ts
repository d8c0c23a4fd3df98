import { FormatError } from "@aiekit/core";
import { ffmpegHint, refuseOtherFormat } from "./not-a-wav.ts";
import { readWavFormat, type WavFormat } from "./wav-format.ts";

/** A WAV file, of which the beginning is at hand. */
interface WavBeginning {
  readonly name: string;
  readonly bytes: Uint8Array;
  /** Of the whole file; Infinity for a pipe that has not ended. */
  readonly fileBytes: number;
}

export interface WavHeader {
  readonly format: WavFormat;
  readonly littleEndian: boolean;
  /** Where the samples begin. */
  readonly dataOffset: number;
  /** Bytes of samples, by the header and the size of the file. */
  readonly dataBytes: number;
  readonly warnings: readonly string[];
  /**
   * The same two for a pipe, once it has ended after `found` bytes of samples.
   * @throws FormatError where the header promised more.
   */
  readonly atEnd: (found: number) => Pick<WavHeader, "dataBytes" | "warnings">;
}

const sizeUnknown = 0xffffffff;
// Writers to a pipe claim all of 2 or 4 GiB, less their header or a page (espeak-ng --stdout: 0x7ffff000).
const openSizes = [0x7fff, 0xffff];

/**
 * Reads the chunks up to the samples: RIFF, RIFX (big-endian) and RF64. Sizes that a stream left open (0 or 0xFFFFFFFF) run
 * to the end of the file, with a warning. Undefined when more of the beginning is needed.
 * @throws FormatError with what was expected, what was found and what to do.
 */
export function readWavHeader(beginning: WavBeginning): WavHeader | undefined {
  const file = riffFile(beginning);
  const { name, view, fileBytes, littleEndian } = file;
  let format: WavFormat | undefined;
  let at = 12;
  while (at + 8 <= fileBytes) {
    if (at + 8 > view.byteLength) return undefined;
    const id = fourCc(view, at);
    const declared = view.getUint32(at + 4, littleEndian);
    const offset = at + 8;
    const left = fileBytes - offset;
    if (id === "data") {
      if (format === undefined) {
        throw new FormatError(`${name}: expected a fmt chunk before the data chunk, found none`, {
          offset: at,
          hint: ffmpegHint,
        });
      }
      const found = format;
      const chunk = (there: number) => dataChunk(file, found, { offset, declared, left: there });
      return { format, littleEndian, dataOffset: offset, ...chunk(left), atEnd: chunk };
    }
    if (declared > left) {
      const cut = `${name}: chunk ${JSON.stringify(id)} of ${declared} bytes is cut off, ${left} are there`;
      throw new FormatError(cut, { offset: at, hint: "copy or download the file again" });
    }
    // The chunk, its padding, and the name and size of the next.
    if (offset + declared + 9 > view.byteLength && view.byteLength < fileBytes) return undefined;
    if (id === "fmt ") {
      const chunk = new DataView(view.buffer, view.byteOffset + offset, declared);
      format = readWavFormat(chunk, { name, offset, littleEndian });
    }
    at = nextChunk(view, offset + declared);
  }
  const what = format === undefined ? "fmt and data chunks" : "a data chunk";
  throw new FormatError(`${name}: expected ${what}, found the end of the file`, {
    offset: Math.min(at, fileBytes),
    hint: "the file is cut off or holds no sound: copy or record it again",
  });
}

/** Other readers take the first data chunk as well; what follows it is told, where it is samples too. `behind`: what is there. */
export function secondDataNote(behind: Uint8Array, { dataBytes, littleEndian }: DataChunk): readonly string[] {
  const at = dataBytes % 2;
  if (behind.length < at + 8) return [];
  const view = new DataView(behind.buffer, behind.byteOffset, behind.byteLength);
  if (fourCc(view, at) !== "data") return [];
  return [`a second data chunk of ${view.getUint32(at + 4, littleEndian)} bytes was left out`];
}

type DataChunk = Pick<WavHeader, "dataBytes" | "littleEndian">;

interface RiffFile {
  readonly name: string;
  readonly view: DataView;
  readonly fileBytes: number;
  readonly littleEndian: boolean;
  /** From the ds64 chunk of an RF64 file. */
  readonly data64: bigint | undefined;
  readonly declaredBytes: number;
}

function riffFile({ bytes, name, fileBytes }: WavBeginning): RiffFile {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const magic = bytes.length >= 12 ? fourCc(view, 0) : "";
  if (!["RIFF", "RIFX", "RF64", "BW64"].includes(magic) || fourCc(view, 8) !== "WAVE") refuseOtherFormat(bytes, name);
  const littleEndian = magic !== "RIFX";
  const isLong = (magic === "RF64" || magic === "BW64") && bytes.length >= 36 && fourCc(view, 12) === "ds64";
  const data64 = isLong ? view.getBigUint64(28, true) : undefined;
  return { name, view, fileBytes, littleEndian, data64, declaredBytes: view.getUint32(4, littleEndian) + 8 };
}

/** Chunks begin at even offsets; some writers leave the padding byte out, which shows in the name of what follows. */
function nextChunk(view: DataView, end: number): number {
  const isNamed = (at: number): boolean => at + 8 <= view.byteLength && /^[\x20-\x7e]{4}$/.test(fourCc(view, at));
  const padded = end + (end % 2);
  return padded !== end && isNamed(end) && !isNamed(padded) ? end : padded;
}

function dataChunk(
  file: RiffFile,
  format: WavFormat,
  chunk: { readonly offset: number; readonly declared: number; readonly left: number },
): Pick<WavHeader, "dataBytes" | "warnings"> {
  const { offset, declared, left } = chunk;
  const isLong = declared === sizeUnknown && file.data64 !== undefined;
  const size = isLong ? Number(file.data64) : declared;
  // A size of 0 is true where the file's own size agrees, else a stream's that was never filled in.
  const isZeroOpen = size === 0 && left > 0 && file.declaredBytes !== file.fileBytes;
  const isOpen = isZeroOpen || (!isLong && size > left && openSizes.includes(size >>> 16));
  if (isOpen) return { dataBytes: left, warnings: ["the size was left open (a stream): read to the end"] };
  if (size > left) {
    const bytesASecond = format.frameBytes * format.sampleRateHz;
    const [expected, found] = [size, left].map((bytes) => (bytes / bytesASecond).toFixed(2));
    throw new FormatError(
      `${file.name}: cut off: the data chunk declares ${size} bytes (${expected} s), ${left} bytes (${found} s) are there`,
      {
        offset: offset + left,
        hint: "copy or download the file again; to use what is there: ffmpeg -i INPUT OUTPUT.wav",
      },
    );
  }
  return { dataBytes: size, warnings: [] };
}

function fourCc(view: DataView, at: number): string {
  return String.fromCharCode(view.getUint8(at), view.getUint8(at + 1), view.getUint8(at + 2), view.getUint8(at + 3));
}
