/** Follows the pages of an Ogg stream as its bytes go by. */
export interface OggPages {
  /**
   * Sees the next bytes and returns those of the pages that are whole by now. A page that is cut off is never returned: its header
   * promises packets that are not there, and a decoder makes sound up for them.
   */
  readonly wholePages: (bytes: Uint8Array) => Uint8Array;
  /** At the end: a page of the whole packets of one that is cut off; empty where there is none. Its checksum is the old one. */
  readonly cutPage: () => Uint8Array;
  /** What is missing at the end; nothing for a stream that is whole. */
  readonly atEnd: () => readonly string[];
  /** Position after the last sample, as the last page says; undefined before that page, and for streams in a row. */
  readonly endPosition: () => number | undefined;
}

const headerBytes = 27;
const firstPageFlag = 2;
const lastPageFlag = 4;

/** Source: RFC 3533, section 6 (page header). */
export function followOggPages(): OggPages {
  let header: number[] = [];
  let pages = 0;
  let bodyLeft = 0;
  let isLast = false;
  let lost = false;
  let streams = 0;
  let position = 0;
  let held: Uint8Array[] = [];
  const wholePages = (bytes: Uint8Array): Uint8Array => {
    let end = 0;
    for (let at = 0; at < bytes.length && !lost; ) {
      if (bodyLeft > 0) {
        const step = Math.min(bodyLeft, bytes.length - at);
        bodyLeft -= step;
        at += step;
        if (bodyLeft === 0) end = at;
        continue;
      }
      header.push(bytes[at++]!);
      const segments = header[headerBytes - 1];
      if (segments === undefined || header.length < headerBytes + segments) continue;
      lost = String.fromCharCode(...header.slice(0, 4)) !== "OggS";
      isLast = (header[5]! & lastPageFlag) !== 0;
      if ((header[5]! & firstPageFlag) !== 0) streams++;
      // 64 bits, signed; 2^53 samples are thousands of years.
      position = Number(new DataView(Uint8Array.from(header.slice(6, 14)).buffer).getBigInt64(0, true));
      bodyLeft = header.slice(headerBytes).reduce((sum, size) => sum + size, 0);
      pages++;
      header = [];
      if (bodyLeft === 0) end = at;
    }
    // Nothing is known of what follows damage: the decoder may find its way.
    if (lost) end = bytes.length;
    if (end === 0) {
      held.push(bytes.slice());
      return new Uint8Array();
    }
    const whole = Buffer.concat([...held, bytes.subarray(0, end)]);
    held = end < bytes.length ? [bytes.slice(end)] : [];
    return whole;
  };
  const cutPage = (): Uint8Array => {
    const page = Buffer.concat(held);
    const segments = page[headerBytes - 1] ?? 0;
    const bodyAt = headerBytes + segments;
    let [kept, keptBytes, bytes] = [0, 0, 0];
    for (let i = 0; i < segments && !lost; i++) {
      const size = page[headerBytes + i] ?? 0;
      bytes += size;
      if (bodyAt + bytes > page.length) break;
      // A packet ends with a segment that is not full.
      if (size < 255) [kept, keptBytes] = [i + 1, bytes];
    }
    if (kept === 0) return new Uint8Array();
    const header = page.subarray(0, headerBytes);
    header[headerBytes - 1] = kept;
    const sizes = page.subarray(headerBytes, headerBytes + kept);
    return Buffer.concat([header, sizes, page.subarray(bodyAt, bodyAt + keptBytes)]);
  };
  const atEnd = (): readonly string[] => {
    if (lost) return [`no Ogg page begins after page ${pages - 1}: the file is damaged there`];
    if (bodyLeft > 0 || header.length > 0) {
      const page = pages + (header.length > 0 ? 1 : 0);
      return [`cut off within page ${page}: the sound up to there was used`];
    }
    return isLast ? [] : ["the last Ogg page is missing: the recording may go on where the file ends"];
  };
  return { wholePages, cutPage, atEnd, endPosition: () => (isLast && streams === 1 ? position : undefined) };
}
