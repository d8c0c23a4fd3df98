/** Follows the pages of an Ogg stream as its bytes go by. */
export interface OggPages {
  readonly see: (bytes: Uint8Array) => void;
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
  const see = (bytes: Uint8Array): void => {
    for (let at = 0; at < bytes.length && !lost; ) {
      if (bodyLeft > 0) {
        const step = Math.min(bodyLeft, bytes.length - at);
        bodyLeft -= step;
        at += step;
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
    }
  };
  const atEnd = (): readonly string[] => {
    if (lost) return [`no Ogg page begins after page ${pages - 1}: the file is damaged there`];
    if (bodyLeft > 0 || header.length > 0) return [`cut off within page ${pages}: the sound up to there was used`];
    return isLast ? [] : ["the last Ogg page is missing: the recording may go on where the file ends"];
  };
  return { see, atEnd, endPosition: () => (isLast && streams === 1 ? position : undefined) };
}
