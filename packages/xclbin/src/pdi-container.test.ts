import { FormatError } from "@aiekit/core";
import { expect, test } from "vitest";
import { containerLines, describeContainer } from "./describe-pdi.ts";
import { readPdi } from "./pdi.ts";
import { readPdiContainer } from "./pdi-container.ts";
import { roundtrip } from "./roundtrip/roundtrip.ts";

// Two images of one partition each, by hand: table at word 4, image headers at 36, partition headers at 68, data at 132.
const [images, partitions, dataAt] = [36, 68, 132];
const cdo = cdoWords([0x00030108, 0, 0x21f000, 1]);
const plain = [0xaaaaaaaa, 0xbbbbbbbb];

function sample({ secondDataAt = dataAt + cdo.length + 3, next = 0 } = {}): Uint8Array {
  const words = Array<number>(dataAt + cdo.length + 3 + plain.length).fill(0);
  const put = (at: number, list: readonly number[]) => {
    for (const [i, word] of list.entries()) words[at + i] = word;
  };
  put(0, [0xdd, 0x11223344, 0x55667788, 0x99aabbcc]);
  put(4, sealed([0x40000, 2, images, 2, partitions, 0, 0x14ca8093, 0, 0, 0, 0x50504449], 32));
  put(images, sealed([partitions, 1, 0, 0, ...nameWords("first"), 0x1c000000], 16));
  put(images + 16, sealed([partitions + 32, 1, 0, 0, ...nameWords("second"), 0x1c000001], 16));
  const header = (data: number, length: number, type: number, following: number) =>
    sealed([length, length, length, following, 0, 0, 0, 0, data, (type << 24) | 6, 1], 32);
  put(partitions, header(dataAt, cdo.length, 2, next));
  put(partitions + 32, header(secondDataAt, plain.length, 1, 0));
  put(dataAt, cdo);
  put(dataAt + cdo.length, [1, 2, 3]);
  put(dataAt + cdo.length + 3, plain);
  return new Uint8Array(Uint32Array.from(words).buffer);
}

test("a PDI of two images has both partitions, the CDO read and the other one kept", () => {
  const pdi = readPdiContainer(sample());

  expect(pdi.images.map(({ name, id }) => [name, id])).toEqual([
    ["first", 0x1c000000],
    ["second", 0x1c000001],
  ]);
  expect(pdi.partitions.map(({ type, content }) => [type, content.type])).toEqual([
    [2, "cdo"],
    [1, "opaque"],
  ]);
  expect(containerLines(describeContainer(pdi))).toContain("partition 1: type 1, not interpreted, 8 bytes at 576");
});

test("its round trip is equal, and tells the words between the partitions as padding", () => {
  const result = roundtrip(sample(), "two.pdi");

  expect(result.equal).toBe(true);
  expect(result.parts.map(({ how }) => how)).toEqual(["encoded", "kept as bytes"]);
  expect(result.padding).toMatchObject([{ at: (dataAt + cdo.length) * 4, bytes: 12 }]);
});

test("a partition header names the next one where they do not follow one another", () => {
  expect(readPdiContainer(sample({ next: partitions + 32 })).partitions).toHaveLength(2);
});

test("what runs on an NPU has one image with one partition", () => {
  expect(() => readPdi(sample())).toThrow("expected 1 image with 1 partition, got 2 with 2");
});

test("partitions that lie over one another are refused, since small files could ask for much work", () => {
  const bytes = sample();
  // Each of the two claims the whole file as bytes that are no CDO.
  for (const at of [partitions, partitions + 32]) {
    const header = new Uint32Array(bytes.buffer, at * 4, 32);
    header.set([bytes.length / 4, bytes.length / 4, bytes.length / 4]);
    header.set([0, (1 << 24) | 6], 8);
    header.set(sealed([...header.subarray(0, 31)], 32));
  }

  expect(() => readPdiContainer(bytes)).toThrow("partition header 1: the partitions together are larger than the file");
});

test.each([
  ["a thousand partitions", 3, 1000, 0x14, "2 images and 1000 partitions declared, the file has 584 bytes"],
  ["a thousand images", 1, 1000, 0x14, "1000 images and 2 partitions declared"],
  ["images behind the end", 2, 9999, 584, "image header: expected 64 bytes at 39996, section has 584"],
])("%s are refused with the byte offset", (_, word, value, offset, message) => {
  const bytes = sample();
  const table = new Uint32Array(bytes.buffer, 0x10, 32);
  table[word] = value;
  table.set(sealed([...table.subarray(0, 31)], 32));

  const error = caught(() => readPdiContainer(bytes));

  expect(error).toBeInstanceOf(FormatError);
  expect((error as FormatError).message).toContain(message);
  expect((error as FormatError).offset).toBe(offset);
});

test("data behind the end is refused", () => {
  expect(() => readPdiContainer(sample({ secondDataAt: 9999 }))).toThrow("partition 1 data: expected 8 bytes at 39996");
});

function cdoWords(commands: readonly number[]): number[] {
  const head = [4, 0x004f4443, 0x200, commands.length];
  return [...head, ~head.reduce((sum, word) => sum + word, 0) >>> 0, ...commands];
}

function sealed(words: readonly number[], count: number): number[] {
  const body = [...words, ...Array<number>(count - 1 - Math.min(words.length, count - 1)).fill(0)];
  return [...body, ~body.reduce((sum, word) => sum + word, 0) >>> 0];
}

function nameWords(name: string): number[] {
  const field = new Uint8Array(16);
  field.set(new TextEncoder().encode(name));
  return [...new Uint32Array(field.buffer)];
}

function caught(action: () => unknown): unknown {
  try {
    action();
  } catch (error) {
    return error;
  }
  return undefined;
}
