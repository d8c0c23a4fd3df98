import type { TileKind } from "./register-rows.ts";

/** A BD as its registers hold it. Lengths and strides count 32-bit words; sizes and strides innermost first. */
interface BdContent {
  readonly valid: boolean;
  readonly lengthWords: number;
  /** Memtile and compute tile: word in data memory. Shim: bytes, what the host's address is added to. */
  readonly base: number;
  /** 0 where the dimension does not wrap. */
  readonly sizes: readonly number[];
  /** One stride more than there are sizes: the last dimension goes on until the length is reached. */
  readonly stridesWords: readonly number[];
  readonly iteration: { readonly size: number; readonly strideWords: number; readonly current: number };
  /** A negative value waits for at least that many. */
  readonly acquire: { readonly lock: number; readonly value: number } | undefined;
  readonly release: { readonly lock: number; readonly value: number } | undefined;
  readonly nextBd: number | undefined;
  readonly packet: { readonly type: number; readonly id: number } | undefined;
  readonly outOfOrderId: number;
  readonly compression: boolean;
  readonly suppressTlast: boolean;
  /** Zeros before and after each dimension, innermost first; memtile only. */
  readonly zeros: readonly { readonly before: number; readonly after: number }[];
  /** Shim only: code of the burst length, AXI attributes. */
  readonly axi:
    | { readonly burst: number; readonly cache: number; readonly qos: number; readonly smid: number }
    | undefined;
}

/** Words of a BD. Source: aie-rt xaiemlgbl_params.h, DMA_BD0_0 and up of the three modules. */
export const bdWordCounts: Readonly<Record<TileKind, number>> = { shim: 8, memtile: 8, computeTile: 6 };

/** Decodes the words of one BD; missing ones count as 0. */
export function bdFields(kind: TileKind, words: ArrayLike<number>): BdContent {
  const w = (index: number): number => (words[index] ?? 0) >>> 0;
  if (kind === "shim") return shimBd(w);
  return kind === "memtile" ? memtileBd(w) : computeBd(w);
}

/** One line: length, where, access pattern, locks, what follows. What is not used is left out. */
export function bdText(kind: TileKind, bd: BdContent): string {
  const base = kind === "shim" ? `+ ${bd.base} B` : `word ${bd.base}`;
  const { iteration, acquire, release, nextBd, packet, axi } = bd;
  const isLinear = bd.sizes.every((size) => size === 0) && bd.stridesWords.every((stride) => stride === 1);
  const parts = [
    `${bd.lengthWords} words at ${base}`,
    isLinear ? "" : `sizes [${bd.sizes.join(", ")}] strides [${bd.stridesWords.join(", ")}] words`,
    iteration.size > 1 || iteration.strideWords > 1
      ? `iteration ${iteration.size} x ${iteration.strideWords} words${iteration.current > 0 ? ` at ${iteration.current}` : ""}`
      : "",
    bd.zeros.some(({ before, after }) => before + after > 0)
      ? `zeros ${bd.zeros.map(({ before, after }) => `${before}/${after}`).join(" ")}`
      : "",
    acquire === undefined
      ? ""
      : `acquire lock ${acquire.lock} ${acquire.value < 0 ? ">=" : "="} ${Math.abs(acquire.value)}`,
    release === undefined ? "" : `release lock ${release.lock} by ${release.value}`,
    nextBd === undefined ? "" : `next BD ${nextBd}`,
    packet === undefined ? "" : `packet type ${packet.type} id ${packet.id}`,
    bd.outOfOrderId > 0 ? `out-of-order id ${bd.outOfOrderId}` : "",
    bd.compression ? "compression" : "",
    bd.suppressTlast ? "no TLAST" : "",
    axi !== undefined && axi.burst > 0 ? `burst code ${axi.burst}` : "",
    bd.valid ? "" : "NOT VALID",
  ];
  return parts.filter((part) => part !== "").join(", ");
}

type Words = (index: number) => number;

const bits = (word: number, low: number, width: number): number => Math.floor(word / 2 ** low) % 2 ** width;
const flag = (word: number, bit: number): boolean => bits(word, bit, 1) === 1;
const signed7 = (value: number): number => (value >= 64 ? value - 128 : value);

function shimBd(w: Words): BdContent {
  return {
    ...nextAndLocks(w(7)),
    lengthWords: w(0),
    base: bits(w(2), 0, 16) * 2 ** 32 + w(1),
    sizes: [bits(w(3), 20, 10), bits(w(4), 20, 10)],
    stridesWords: [bits(w(3), 0, 20) + 1, bits(w(4), 0, 20) + 1, bits(w(5), 0, 20) + 1],
    iteration: { size: bits(w(6), 20, 6) + 1, strideWords: bits(w(6), 0, 20) + 1, current: bits(w(6), 26, 6) },
    packet: flag(w(2), 30) ? { type: bits(w(2), 16, 3), id: bits(w(2), 19, 5) } : undefined,
    outOfOrderId: bits(w(2), 24, 6),
    compression: false,
    zeros: [],
    axi: {
      burst: bits(w(4), 30, 2),
      cache: bits(w(5), 24, 4),
      qos: bits(w(5), 20, 4),
      smid: bits(w(5), 28, 4),
    },
  };
}

function memtileBd(w: Words): BdContent {
  const [acquire, release] = [signed7(bits(w(7), 8, 7)), signed7(bits(w(7), 24, 7))];
  return {
    valid: flag(w(7), 31),
    lengthWords: bits(w(0), 0, 17),
    base: bits(w(1), 0, 19),
    sizes: [bits(w(2), 17, 10), bits(w(3), 17, 10), bits(w(4), 17, 10)],
    stridesWords: [2, 3, 4, 5].map((i) => bits(w(i), 0, 17) + 1),
    iteration: { size: bits(w(6), 17, 6) + 1, strideWords: bits(w(6), 0, 17) + 1, current: bits(w(6), 23, 6) },
    acquire: flag(w(7), 15) ? { lock: bits(w(7), 0, 8), value: acquire } : undefined,
    release: release === 0 ? undefined : { lock: bits(w(7), 16, 8), value: release },
    nextBd: flag(w(1), 19) ? bits(w(1), 20, 6) : undefined,
    packet: flag(w(0), 31) ? { type: bits(w(0), 28, 3), id: bits(w(0), 23, 5) } : undefined,
    outOfOrderId: bits(w(0), 17, 6),
    compression: flag(w(4), 31),
    suppressTlast: flag(w(2), 31),
    zeros: [
      { before: bits(w(1), 26, 6), after: bits(w(5), 17, 6) },
      { before: bits(w(3), 27, 5), after: bits(w(5), 23, 5) },
      { before: bits(w(4), 27, 4), after: bits(w(5), 28, 4) },
    ],
    axi: undefined,
  };
}

function computeBd(w: Words): BdContent {
  return {
    ...nextAndLocks(w(5)),
    lengthWords: bits(w(0), 0, 14),
    base: bits(w(0), 14, 14),
    sizes: [bits(w(3), 13, 8), bits(w(3), 21, 8)],
    stridesWords: [bits(w(2), 0, 13) + 1, bits(w(2), 13, 13) + 1, bits(w(3), 0, 13) + 1],
    iteration: { size: bits(w(4), 13, 6) + 1, strideWords: bits(w(4), 0, 13) + 1, current: bits(w(4), 19, 6) },
    packet: flag(w(1), 30) ? { type: bits(w(1), 16, 3), id: bits(w(1), 19, 5) } : undefined,
    outOfOrderId: bits(w(1), 24, 6),
    compression: flag(w(1), 31),
    zeros: [],
    axi: undefined,
  };
}

/** The last word of a shim's or a compute tile's BD. */
function nextAndLocks(word: number): Pick<BdContent, "valid" | "acquire" | "release" | "nextBd" | "suppressTlast"> {
  const [acquire, release] = [signed7(bits(word, 5, 7)), signed7(bits(word, 18, 7))];
  return {
    valid: flag(word, 25),
    acquire: flag(word, 12) ? { lock: bits(word, 0, 4), value: acquire } : undefined,
    release: release === 0 ? undefined : { lock: bits(word, 13, 4), value: release },
    nextBd: flag(word, 26) ? bits(word, 27, 4) : undefined,
    suppressTlast: flag(word, 31),
  };
}
