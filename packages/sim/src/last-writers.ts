import type { TileCoord } from "@aiekit/mlir";
import type { ArrayConfig, BufferConfig } from "./array-config.ts";
import { extentWords } from "./bd.ts";
import { BdCursor } from "./bd-cursor.ts";
import type { ChannelPlace } from "./dma-channel.ts";
import type { Transfer } from "./trace-recorder.ts";

/** A place that a word came through: the BD that wrote or read it, and where in the buffer. */
export interface WriteStep extends ChannelPlace {
  readonly bdId: number;
  /** Of the design; undefined for host memory. */
  readonly buffer?: string;
  /** From the start of the buffer or host argument, in elements of the buffer, in bytes for host memory. */
  readonly position: number;
  /** True where the BD put in a zero that no memory held. */
  readonly padding: boolean;
  /** Modelled cycle at which the BD ended. */
  readonly cycle: number;
}

/** The way of a word back from host memory, last step first, and who wrote it where no DMA did. */
export interface WordOrigin {
  readonly steps: readonly WriteStep[];
  /** Tile whose core wrote the buffer of the last step: no DMA channel had written it before. */
  readonly core: TileCoord | undefined;
}

/**
 * Follows a word of a host argument back through the array: the last shim BD that wrote it, the BD that sent it, the BD
 * that had written it there, and so on to a buffer that no DMA channel wrote. Streams keep their order, so the n-th word that
 * a channel receives is the n-th that the other end sent. The way ends early at packets, whose order is not followed, and at
 * a sender's BD that has not ended. `transfers` are those of the array from its configuration on.
 */
export function lastWriters(
  config: ArrayConfig,
  transfers: readonly Transfer[],
  place: { readonly argIndex: number; readonly word: number },
): WordOrigin {
  const steps: WriteStep[] = [];
  let written = lastBefore(transfers, place.word, ({ bd: { memory } }) => {
    return memory.kind === "host" && memory.argIndex === place.argIndex;
  });
  while (written !== undefined) {
    steps.push(stepOf(config, written));
    const sent = senderOf(config, transfers, written);
    if (sent === undefined) return { steps, core: undefined };
    steps.push(stepOf(config, sent));
    const { transfer, address } = sent;
    if (address === undefined || transfer.bd.memory.kind === "host") return { steps, core: undefined };
    const { words } = transfer.bd.memory;
    const earlier = lastBefore(transfers, address, (one) => one.bd.memory.words === words && one.end <= transfer.start);
    if (earlier === undefined) return { steps, core: coreOf(config, transfer) };
    written = earlier;
  }
  return { steps, core: undefined };
}

/** A word of a transfer: the `index`-th, at `address` of its memory in words; undefined for padding. */
interface MovedWord {
  readonly transfer: Transfer;
  readonly index: number;
  readonly address: number | undefined;
}

function lastBefore(
  transfers: readonly Transfer[],
  address: number,
  suits: (one: Transfer) => boolean,
): MovedWord | undefined {
  for (let i = transfers.length - 1; i >= 0; i--) {
    const transfer = transfers[i]!;
    if (transfer.direction !== "S2MM" || !suits(transfer)) continue;
    const { first, last } = extentWords(transfer.bd.pattern, transfer.offsetWords);
    if (address < first || address > last) continue;
    const index = addressesOf(transfer).lastIndexOf(address);
    if (index >= 0) return { transfer, index, address };
  }
  return undefined;
}

/** The word at the other end of the stream. */
function senderOf(
  config: ArrayConfig,
  transfers: readonly Transfer[],
  { transfer, index }: MovedWord,
): MovedWord | undefined {
  const flow = config.flows.find(({ sinks }) =>
    sinks.some((sink) => sink.bundle === "DMA" && sameChannel(sink, transfer)),
  );
  if (flow === undefined || flow.packetId !== undefined || flow.source.bundle !== "DMA") return undefined;
  let position = index;
  for (const one of transfers) {
    if (one === transfer) break;
    if (sameChannel(one, transfer)) position += one.bd.pattern.lengthWords;
  }
  for (const one of transfers) {
    if (!sameChannel(one, flow.source)) continue;
    const { lengthWords } = one.bd.pattern;
    if (position < lengthWords) {
      const address = addressesOf(one)[position];
      return { transfer: one, index: position, address: address === padding ? undefined : address };
    }
    position -= lengthWords;
  }
  return undefined;
}

const padding = -1;

/** Address of each word of a transfer in its memory, in the order of the stream. */
function addressesOf({ bd: { pattern }, offsetWords }: Transfer): number[] {
  const cursor = new BdCursor();
  cursor.start(pattern, offsetWords);
  const addresses: number[] = [];
  while (addresses.length < pattern.lengthWords) {
    const count = cursor.take(pattern.lengthWords - addresses.length);
    const { base, zeros, sizes, strides } = cursor;
    for (let n = 0; n < count; n++) {
      let [rest, address] = [n, base];
      for (let k = 3; k >= 0; k--) {
        address += (rest % sizes[k]!) * strides[k]!;
        rest = Math.floor(rest / sizes[k]!);
      }
      addresses.push(zeros ? padding : address);
    }
  }
  return addresses;
}

function stepOf(config: ArrayConfig, { transfer, address }: MovedWord): WriteStep {
  const { tile, direction, channel, bd, end } = transfer;
  const place = { tile, direction, channel, bdId: bd.id, padding: address === undefined, cycle: end };
  const bytes = 4 * (address ?? bd.pattern.baseWords);
  const buffer = bd.memory.kind === "host" ? undefined : bufferOf(config, transfer);
  if (buffer === undefined) return { ...place, position: bytes };
  return { ...place, buffer: buffer.name, position: Math.floor((bytes - buffer.address) / (buffer.elementBytes ?? 1)) };
}

/** A memtile's BD may work on a neighbour's buffer. */
function bufferOf({ bds }: ArrayConfig, { tile, bd }: Transfer): BufferConfig | undefined {
  const buffer = bds.find(({ id, tile: at }) => id === bd.id && at.col === tile.col && at.row === tile.row)?.buffer;
  return buffer === undefined || "external" in buffer ? undefined : buffer;
}

function coreOf({ cores }: ArrayConfig, { tile }: Transfer): TileCoord | undefined {
  return cores.find((core) => core.tile.col === tile.col && core.tile.row === tile.row)?.tile;
}

function sameChannel(a: ChannelPlace, b: ChannelPlace): boolean {
  return (
    a.channel === b.channel && a.direction === b.direction && a.tile.col === b.tile.col && a.tile.row === b.tile.row
  );
}
