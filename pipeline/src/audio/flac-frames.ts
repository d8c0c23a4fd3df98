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
const crcTable = Uint16Array.from({ length: 256 }, (_, byte) => {
  let crc = byte << 8;
  for (let bit = 0; bit < 8; bit++) crc = crc & 0x8000 ? ((crc << 1) ^ 0x8005) & 0xffff : crc << 1;
  return crc;
});

/**
 * A frame ends where the CRC-16 over all of it, its footer included, is 0 and the next frame's sync code or a tag follows.
 * The decoder's own parser takes two short frames at the end of a file for one and loses the second.
 * Source: RFC 9639, sections 8.1 (metadata blocks), 9.1 and 9.3 (frame header and footer).
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

  const push = (bytes: Uint8Array): readonly Uint8Array[] => {
    const all = new Uint8Array(held.length + bytes.length);
    all.set(held);
    all.set(bytes, held.length);
    held = all;
    if (!skipMetadata()) return [];
    const frames: Uint8Array[] = [];
    // The bytes after a frame's end have to be there to know it.
    while (at + 3 < held.length) {
      crc = ((crc << 8) & 0xffff) ^ crcTable[(crc >> 8) ^ held[at++]!]!;
      if (crc !== 0 || !(isSync(held, at) || isTag(held, at))) continue;
      frames.push(held.slice(0, at));
      held = held.subarray(at);
      at = 0;
    }
    if (held.length > longestFrameBytes && !isTag(held, 0)) throw new Error("a frame does not end within 1 MiB");
    return frames;
  };

  const end = (): readonly Uint8Array[] => {
    for (; at < held.length; at++) crc = ((crc << 8) & 0xffff) ^ crcTable[(crc >> 8) ^ held[at]!]!;
    const isWhole = crc === 0 && !inMetadata && isSync(held, 0);
    const frames = isWhole ? [held] : [];
    if (isWhole || isTag(held, 0)) held = new Uint8Array();
    return frames;
  };
  return { push, end, leftBytes: () => held.length };
}

function isSync(bytes: Uint8Array, at: number): boolean {
  return bytes[at] === 0xff && (bytes[at + 1]! & 0xfe) === 0xf8;
}

/** ID3v1 or APE, which some programs put behind the sound. */
function isTag(bytes: Uint8Array, at: number): boolean {
  return /^(TAG|APE)/.test(String.fromCharCode(...bytes.subarray(at, at + 3)));
}
