import { expect, test } from "vitest";
import { hostTraffic } from "./host-traffic.ts";
import type { TxnOp, TxnStream } from "./txn.ts";

const column = (col: number) => col * 2 ** 25;
const stream = (...ops: TxnOp[]): TxnStream => ({
  major: 0,
  minor: 1,
  deviceGeneration: 3,
  rows: 6,
  cols: 4,
  memtileRows: 1,
  ops,
});

/** A BD of `words`, on an argument; `next` chains another. */
function bd(options: { col?: number; id: number; words: number; arg: number; next?: number }): TxnOp[] {
  const address = column(options.col ?? 0) + 0x1d000 + options.id * 0x20;
  const last = 0x02000000 + (options.next === undefined ? 0 : 2 ** 26 + options.next * 2 ** 27);
  return [
    { op: "blockwrite", address, words: [options.words, 0, 0, 0, 0x80000000, 0, 0, last] },
    { op: "addressPatch", address: address + 4, argIndex: options.arg, argPlus: 0 },
  ];
}
const push = (offset: number, value: number, col = 0): TxnOp => ({
  op: "write32",
  address: column(col) + offset,
  value,
});
const s2mm0 = 0x1d204;
const mm2s0 = 0x1d214;
const mm2s1 = 0x1d21c;

test("a BD of 64 words that is pushed once with 2 repetitions moves 768 bytes", () => {
  const found = hostTraffic(stream(...bd({ id: 3, words: 64, arg: 1 }), push(mm2s1, (2 << 16) | 3)));

  expect(found).toEqual([{ argIndex: 1, bytesToArray: 768, bytesFromArray: 0 }]);
});

test("pushes of all columns and both directions are added up for each buffer", () => {
  const found = hostTraffic(
    stream(
      ...bd({ id: 0, words: 10, arg: 0 }),
      ...bd({ col: 2, id: 0, words: 20, arg: 0 }),
      ...bd({ id: 1, words: 5, arg: 2 }),
      push(mm2s0, 0),
      push(mm2s0, 0, 2),
      push(s2mm0, 0x80000001),
    ),
  );

  expect(found).toEqual([
    { argIndex: 0, bytesToArray: 120, bytesFromArray: 0 },
    { argIndex: 2, bytesToArray: 0, bytesFromArray: 20 },
  ]);
});

test("a chain of two BDs moves both, and one that leads back to its start ends there", () => {
  const chained = [...bd({ id: 0, words: 8, arg: 0, next: 1 }), ...bd({ id: 1, words: 4, arg: 0, next: 0 })];

  expect(hostTraffic(stream(...chained, push(mm2s0, 0)))).toEqual([
    { argIndex: 0, bytesToArray: 48, bytesFromArray: 0 },
  ]);
});

test("a BD that is written again between two pushes counts with the length of each time", () => {
  const found = hostTraffic(
    stream(...bd({ id: 0, words: 8, arg: 0 }), push(mm2s0, 0), ...bd({ id: 0, words: 1, arg: 0 }), push(mm2s0, 0)),
  );

  expect(found).toEqual([{ argIndex: 0, bytesToArray: 36, bytesFromArray: 0 }]);
});

test("queues of memtiles and compute tiles are no host traffic", () => {
  const computeTile: TxnOp = { op: "write32", address: 2 * 2 ** 20 + mm2s0, value: 0 };

  expect(hostTraffic(stream(computeTile))).toEqual([]);
});

test("a BD without an address patch is refused by its number and column", () => {
  expect(() =>
    hostTraffic(stream(bd({ col: 1, id: 5, words: 8, arg: 0 })[0]!, push(mm2s0, 5, 1)), "insts.bin"),
  ).toThrow("insts.bin: BD 5 of column 1 is started and has no host buffer");
});
