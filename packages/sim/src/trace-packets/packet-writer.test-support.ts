import type { Random } from "../random/random-graph.test-support.ts";

/** Cycles in which the event of a slot is active: `start` to before `end`. */
export interface Active {
  readonly slot: number;
  readonly start: number;
  readonly end: number;
}

/** A trace unit as its packets name it. Types: 0 core, 1 memory, 2 shim, 3 memtile. */
export interface Sender {
  readonly col: number;
  readonly row: number;
  readonly type: number;
  readonly id: number;
}

const longestGap = 2 ** 18 - 1;
const pad = 0xfe;

/** What a unit whose timer starts at `timer` sends of these events in mode event-time: bytes of frames, none across a word. */
export function eventTimeBytes(actives: readonly Active[], timer: number): number[] {
  const bytes: number[] = [0xf0, ...bigEndian(BigInt(timer), 7)];
  const put = (frame: readonly number[]): void => {
    while ((bytes.length % 4) + frame.length > 4) bytes.push(pad);
    bytes.push(...frame);
  };
  const cycles = cyclesOf(actives);
  let before = timer;
  for (let i = 0; i < cycles.length; ) {
    const { at, slots } = cycles[i]!;
    let gap = at - before - 1;
    for (; gap > longestGap; gap -= longestGap) put([0xff]);
    put(eventFrame(slots, gap));
    let same = 0;
    for (let prior = at; same < 1023; same++) {
      const next = cycles[i + 1 + same];
      if (next === undefined || next.slots !== slots || next.at - prior - 1 !== gap) break;
      prior = next.at;
    }
    if (same > 15) put([0b1101_1000 | (same >> 8), same & 0xff]);
    else if (same > 0) put([0b1110_0000 | same]);
    before = cycles[i + same]!.at;
    i += 1 + same;
  }
  return bytes;
}

function cyclesOf(actives: readonly Active[]): { readonly at: number; readonly slots: number }[] {
  const masks = new Map<number, number>();
  for (const { slot, start, end } of actives) {
    for (let at = start; at < end; at++) masks.set(at, (masks.get(at) ?? 0) | (1 << slot));
  }
  return [...masks].map(([at, slots]) => ({ at, slots })).sort((a, b) => a.at - b.at);
}

/** The shortest of the frames that hold it. */
function eventFrame(slots: number, gap: number): number[] {
  const slot = Math.log2(slots);
  if (Number.isInteger(slot)) {
    if (gap < 16) return [(slot << 4) | gap];
    if (gap < 1024) return [0b1000_0000 | (slot << 2) | (gap >> 8), gap & 0xff];
    return [0b1010_0000 | (slot << 2) | (gap >> 16), (gap >> 8) & 0xff, gap & 0xff];
  }
  if (gap < 16) return [0b1100_0000 | (slots >> 4), ((slots & 15) << 4) | gap];
  const head = [slots >> 6, (slots & 63) << 2];
  if (gap < 1024) return [0b1101_0000 | head[0]!, head[1]! | (gap >> 8), gap & 0xff];
  return [0b1101_0100 | head[0]!, head[1]! | (gap >> 16), (gap >> 8) & 0xff, gap & 0xff];
}

function bigEndian(value: bigint, count: number): number[] {
  return Array.from({ length: count }, (_, i) => Number((value >> BigInt(8 * (count - 1 - i))) & 0xffn));
}

/** Packets of a unit: header and seven words each; the last is filled by pads, and zeros as a unit that is stopped leaves them. */
export function packetsOf(sender: Sender, bytes: readonly number[]): number[][] {
  const all = [...bytes];
  while (all.length % 4 !== 0) all.push(pad);
  const words = Array.from({ length: all.length / 4 }, (_, i) =>
    all.slice(4 * i, 4 * i + 4).reduce((word, byte) => word * 256 + byte, 0),
  );
  if (words.length % 7 !== 0) words.push(0xfefe_fefe);
  while (words.length % 7 !== 0) words.push(0);
  return Array.from({ length: words.length / 7 }, (_, i) => [header(sender), ...words.slice(7 * i, 7 * i + 7)]);
}

export function header({ col, row, type, id }: Sender): number {
  const fields = id + type * 2 ** 12 + row * 2 ** 16 + col * 2 ** 21;
  const ones = [...fields.toString(2)].filter((bit) => bit === "1").length;
  return fields + (ones % 2 === 0 ? 2 ** 31 : 0);
}

/** Packets of several units as they meet in a shim, with memory behind them that nothing was written to. */
export function interleaved(units: readonly (readonly (readonly number[])[])[], random: Random): Uint32Array {
  const waiting = units.map((packets) => [...packets]);
  const words: number[] = [];
  while (waiting.some((packets) => packets.length > 0)) {
    const packet = waiting[random(waiting.length)]!.shift();
    if (packet !== undefined) words.push(...packet);
  }
  return Uint32Array.from([...words, ...new Array<number>(random(40)).fill(0)]);
}

/** Events of eight slots that touch, overlap and lie far apart; in one slot none touches the next. In order of start. */
export function randomActives(random: Random, timer: number): Active[] {
  const actives: Active[] = [];
  const gaps = [2, 3, 17, 300, 5000, 300_000, 900_000];
  for (let slot = 0; slot < 8; slot++) {
    let at = timer + 1 + random(40);
    for (let i = random(12); i > 0; i--) {
      const end = at + 1 + random([1, 4, 40, 2500][random(4)]!);
      actives.push({ slot, start: at, end });
      at = end + 1 + random(gaps[random(gaps.length)]!);
    }
  }
  return actives.sort((a, b) => a.start - b.start || a.slot - b.slot);
}
