import { expect, test } from "vitest";
import { type BdFields, bdAddressField, bdWords } from "./bd-words.ts";

const plain: BdFields = {
  bd: 0,
  lengthWords: 17,
  offset: 0,
  burst: 2,
  sizes: [0, 0, 0],
  strides: [0, 0, 0],
  iterationSize: 0,
  iterationStride: 0,
};

// Words that aie-rt wrote for BD 0 of a compute tile of a design compiled in 2026: 17 words from byte 1024, waits for
// lock 0 >= 1, gives lock 1 one, then BD 1.
test("a compute tile's BD has the words that aie-rt writes", () => {
  const words = bdWords("computeTile", {
    ...plain,
    offset: 1024 / 4,
    nextBd: 1,
    acquire: { id: 0, value: -1 },
    release: { id: 1, value: 1 },
  });

  expect(words).toEqual([0x00400011, 0, 0, 0, 0, 0x0e043fe0]);
});

// Likewise for BD 4 of a compute tile of a design compiled in 2024: a pattern of 4, 8 and the rest by 1, 128 and 4 words.
test("a compute tile's access pattern has the words that aie-rt writes", () => {
  const words = bdWords("computeTile", { ...plain, sizes: [4, 8, 0], strides: [0, 127, 3] });

  expect(words.slice(2, 4)).toEqual([0x000fe000, 0x01008003]);
});

// Register layout of the memtile's DMA_BD words in aie-rt: padding and packet fields, which no fixture uses.
test("a memtile's BD holds zeros before and after, packet, next BD and locks at their places", () => {
  const words = bdWords("memtile", {
    ...plain,
    packet: { type: 5, id: 17 },
    nextBd: 47,
    zerosBefore: [63, 31, 15],
    zerosAfter: [1, 2, 3],
    acquire: { id: 64 + 9, value: -2 },
    release: { id: 64 + 10, value: 2 },
  });

  expect(words[0]).toBe((2 ** 31 + 5 * 2 ** 28 + 17 * 2 ** 23 + 17) >>> 0);
  expect(words[1]).toBe((63 * 2 ** 26 + 47 * 2 ** 20 + 2 ** 19) >>> 0);
  expect([words[3], words[4]]).toEqual([(31 * 2 ** 27) >>> 0, 15 * 2 ** 27]);
  expect(words[5]).toBe(3 * 2 ** 28 + 2 * 2 ** 23 + 1 * 2 ** 17);
  expect(words[7]).toBe((2 ** 31 + 2 * 2 ** 24 + 74 * 2 ** 16 + 2 ** 15 + 126 * 2 ** 8 + 73) >>> 0);
});

test("a memtile's BD has no size of dimension 2, as mlir-aie writes it", () => {
  const words = bdWords("memtile", { ...plain, sizes: [4, 8, 3], strides: [0, 3, 31] });

  expect(words.slice(2, 5)).toEqual([4 * 2 ** 17, 8 * 2 ** 17 + 3, 31]);
});

test("the address of a compute tile's buffer stands in bits 14 to 27 of the first word, a memtile's in the second", () => {
  expect(bdAddressField("computeTile", 2)).toEqual({ offset: 0x1d040, mask: 0x0fffc000, shift: 14 });
  expect(bdAddressField("memtile", 1)).toEqual({ offset: 0xa0024, mask: 0x7ffff, shift: 0 });
});
