/** Cuts a FLAC file into its frames as its bytes come. */
export interface FlacFrames {
  /** Takes the next bytes; returns the frames that have ended. */
  readonly push: (bytes: Uint8Array) => readonly Uint8Array[];
  /** The last frame, if it is whole. */
  readonly end: () => readonly Uint8Array[];
  /** Bytes behind the last whole frame, which are no tag. */
  readonly leftBytes: () => number;
}

const magicBytes = 4;
// The decoder takes frames of half of that; a longer one has lost its end.
const longestFrameBytes = 2 ** 20;
const longestHeaderBytes = 16;
const crcTable = Uint16Array.from({ length: 256 }, (_, byte) => {
  let crc = byte << 8;
  for (let bit = 0; bit < 8; bit++) crc = crc & 0x8000 ? ((crc << 1) ^ 0x8005) & 0xffff : crc << 1;
  return crc;
});

/**
 * A frame ends where the CRC-16 over all of it, its footer included, is 0 and the next frame's header or a tag follows.
 * The decoder's own parser takes two short frames at the end of a file for one and loses the second.
 * Source: RFC 9639, sections 8.1 (metadata blocks), 9.1 and 9.3 (frame header with its CRC-8, and footer).
 */
export function cutFlacFrames(): FlacFrames {
  let held: Uint8Array = new Uint8Array();
  let toSkip = magicBytes;
  let inMetadata = true;
  let crc = 0;
  let at = 0;

  /** Passes over metadata; false while more bytes of it are to come. */
  const skipMetadata = (): boolean => {
    while (inMetadata) {
      const step = Math.min(toSkip, held.length);
      held = held.subarray(step);
      toSkip -= step;
      if (toSkip > 0 || held.length < 4) return false;
      if (held[0] === 0xff) {
        inMetadata = false;
        break;
      }
      toSkip = 4 + (held[1]! << 16) + (held[2]! << 8) + held[3]!;
    }
    return true;
  };

  const framesBefore = (bytes: number): Uint8Array[] => {
    const frames: Uint8Array[] = [];
    for (let left = bytes - at; left > 0; left--) {
      crc = ((crc << 8) & 0xffff) ^ crcTable[(crc >> 8) ^ held[at++]!]!;
      if (crc !== 0 || !(isFrameHeader(held, at) || isTag(held, at))) continue;
      frames.push(held.slice(0, at));
      held = held.subarray(at);
      at = 0;
    }
    return frames;
  };

  const push = (bytes: Uint8Array): readonly Uint8Array[] => {
    const all = new Uint8Array(held.length + bytes.length);
    all.set(held);
    all.set(bytes, held.length);
    held = all;
    if (!skipMetadata()) return [];
    // The header after a frame's end has to be there to know it.
    const frames = framesBefore(held.length - longestHeaderBytes);
    if (held.length > longestFrameBytes && !isTag(held, 0)) throw new Error("a frame does not end within 1 MiB");
    return frames;
  };

  const end = (): readonly Uint8Array[] => {
    const frames = framesBefore(held.length);
    const isWhole = crc === 0 && !inMetadata && isFrameHeader(held, 0);
    if (isWhole) frames.push(held);
    if (isWhole || isTag(held, 0)) held = new Uint8Array();
    return frames;
  };
  return { push, end, leftBytes: () => held.length };
}

/** A sync code alone may be sound, as 0xff is where it is loud: the header's own CRC-8 tells. */
function isFrameHeader(bytes: Uint8Array, at: number): boolean {
  if (bytes[at] !== 0xff || (bytes[at + 1]! & 0xfe) !== 0xf8) return false;
  const [sizeCode, rateCode] = [bytes[at + 2]! >> 4, bytes[at + 2]! & 15];
  // The number of the frame or sample is coded as UTF-8 codes a character: leading ones are the count of its bytes.
  const numberBytes = Math.max(1, Math.clz32(~(bytes[at + 4]! << 24)));
  const sizeBytes = sizeCode === 6 ? 1 : sizeCode === 7 ? 2 : 0;
  const rateBytes = rateCode === 12 ? 1 : rateCode === 13 || rateCode === 14 ? 2 : 0;
  const end = at + 4 + numberBytes + sizeBytes + rateBytes;
  return end < bytes.length && crc8(bytes.subarray(at, end)) === bytes[end];
}

function crc8(bytes: Uint8Array): number {
  let crc = 0;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 0x80 ? ((crc << 1) ^ 0x07) & 0xff : crc << 1;
  }
  return crc;
}

/** ID3v1 or APE, which some programs put behind the sound. */
function isTag(bytes: Uint8Array, at: number): boolean {
  return /^(TAG|APE)/.test(String.fromCharCode(...bytes.subarray(at, at + 3)));
}
