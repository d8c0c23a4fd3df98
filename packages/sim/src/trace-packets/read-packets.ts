import { FormatError } from "@aiekit/core";
import type { TileCoord } from "@aiekit/mlir";

/** The trace unit that sent a packet: a tile has one, a compute tile two. Types as packets give them, in bits 12 and 13. */
export const traceUnitTypes = ["core", "mem", "shim", "memtile"] as const;
export type TraceUnitType = (typeof traceUnitTypes)[number];

/** A word of a unit's stream, and its place in the buffer, in words. */
export interface TraceWord {
  readonly value: number;
  readonly offset: number;
}

/** What one trace unit sent, in order. Columns are those of the headers: physical ones on hardware. */
export interface TraceStream {
  readonly tile: TileCoord;
  readonly type: TraceUnitType;
  readonly packetId: number;
  readonly words: TraceWord[];
  packets: number;
}

/** Something in the buffer that could not be read, at a word of it. What is around it is kept. */
export interface TraceProblem {
  readonly offset: number;
  readonly message: string;
}

interface TracePackets {
  readonly streams: readonly TraceStream[];
  readonly packets: number;
  readonly problems: readonly TraceProblem[];
}

/** Words of a packet: a header and seven of data. Source: AM020 1.3, Trace. */
const packetWords = 8;
/** What a unit fills its last packet with when it is stopped: four one-byte pads. */
const padWord = 0xfefe_fefe;
/** Bits that are 0 in the header of a trace packet: 5..11, 14, 15, 19 and 28..30. */
const zeroBits = 0x7008_cfe0;

/**
 * Takes a buffer of trace packets apart by the units that sent them. Words of 0 between packets are memory that nothing was
 * written to. `expected` are headers that the design's units give (bits 0..20, without columns): where a header is damaged,
 * reading goes on at the next of these, or of those seen before.
 * @throws FormatError when there is not one packet.   Source: AM020 1.3, Trace and packet-switched streams.
 */
export function readTracePackets(words: Uint32Array, expected: ReadonlySet<number> = new Set()): TracePackets {
  const streams = new Map<number, TraceStream>();
  const problems: TraceProblem[] = [];
  let packets = 0;
  const known = (word: number): boolean => {
    if (!isHeader(word)) return false;
    return expected.size > 0 ? expected.has(unitKey(word)) : streams.has(word);
  };
  for (let at = 0; at < words.length; ) {
    const header = words[at]!;
    if (header === 0) {
      at++;
      continue;
    }
    if (!(expected.size > 0 ? known(header) : isHeader(header))) {
      const next = nextHeader(words, at + 1, known);
      problems.push({ offset: at, message: `${badHeader(header, expected)}; ${skipped(at, next, words.length)}` });
      at = next;
      continue;
    }
    const end = Math.min(at + packetWords, words.length);
    const stream = streams.get(header) ?? newStream(header);
    streams.set(header, stream);
    stream.packets++;
    packets++;
    for (let offset = at + 1; offset < dataEnd(words, at + 1, end); offset++) {
      stream.words.push({ value: words[offset]!, offset });
    }
    if (end < at + packetWords) {
      problems.push({
        offset: end,
        message: `the buffer ends in a packet, ${end - at} of its ${packetWords} words are there: its size was no multiple, or the transfer was cut off`,
      });
    }
    at = end;
  }
  if (packets === 0) throw nothingRead(words, problems);
  return { streams: [...streams.values()], packets, problems };
}

/** Number of an unit's headers without the column: those of two columns differ in nothing else, but for parity. */
function unitKey(header: number): number {
  return header & 0x1f_ffff;
}

/** Bits 0..20 of the header that a unit's packets have. */
export function headerKey(unit: {
  readonly packetId: number;
  readonly type: TraceUnitType;
  readonly row: number;
}): number {
  return unit.packetId | (traceUnitTypes.indexOf(unit.type) << 12) | (unit.row << 16);
}

function isHeader(word: number): boolean {
  return word !== 0 && (word & zeroBits) === 0 && hasOddParity(word);
}

function hasOddParity(word: number): boolean {
  let ones = 0;
  for (let left = word; left !== 0; left &= left - 1) ones++;
  return ones % 2 === 1;
}

function newStream(header: number): TraceStream {
  return {
    tile: { col: (header >>> 21) & 0x7f, row: (header >>> 16) & 0x1f },
    type: traceUnitTypes[(header >>> 12) & 3]!,
    packetId: header & 0x1f,
    words: [],
    packets: 0,
  };
}

/** End of a packet's data: a unit that is stopped in the middle of one leaves zeros behind its pads. */
function dataEnd(words: Uint32Array, start: number, end: number): number {
  let last = end;
  while (last > start && words[last - 1] === 0) last--;
  return last < end && last > start && words[last - 1] === padWord ? last : end;
}

function nextHeader(words: Uint32Array, from: number, known: (word: number) => boolean): number {
  let at = from;
  while (at < words.length && !known(words[at]!)) at++;
  return at;
}

function badHeader(word: number, expected: ReadonlySet<number>): string {
  const found = `expected the header of a trace packet, got ${hex(word)}`;
  if (!hasOddParity(word)) return `${found}, whose number of ones is even`;
  if ((word & zeroBits) !== 0) return `${found}, in which bits are set that headers leave 0`;
  if (expected.size === 0) return found;
  const { tile, type, packetId } = newStream(word);
  return `${found}: no trace unit of the design sends packets of type ${type}, id ${packetId} from row ${tile.row}`;
}

function skipped(at: number, next: number, length: number): string {
  const count = next - at;
  const words = `${count} word${count === 1 ? "" : "s"}`;
  return next < length ? `${words} left out, read on at word ${next}` : `the last ${words} left out`;
}

function nothingRead(words: Uint32Array, problems: readonly TraceProblem[]): FormatError {
  const [first] = problems;
  if (first === undefined) {
    return new FormatError(`trace: expected packets of 8 words, got ${words.length} words of 0`, {
      hint: "no unit sent anything: look at the start event of the trace, the packet flow to the shim, and its transfer",
      offset: 0,
    });
  }
  return new FormatError(`trace: no packet in ${words.length} words; word ${first.offset}: ${first.message}`, {
    hint: "give the buffer as it came: 32-bit words, little-endian, each packet with its header (keep_pkt_header)",
    offset: first.offset * 4,
  });
}

function hex(word: number): string {
  return `0x${word.toString(16).padStart(8, "0")}`;
}
