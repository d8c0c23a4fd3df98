import { decodeTxn, type TxnStream } from "@aiekit/xclbin";
import { expect, test } from "vitest";
import type { MovableMemory } from "../host-buffer.ts";
import {
  arrayOf,
  callK,
  coreDesign,
  insts,
  sync,
  transfer,
  wholeStream,
  words16,
} from "../lowered-design.test-support.ts";
import { addKernel, assemble } from "../wasm-assembler.test-support.ts";
import { strandWays } from "./strand-ways.test-support.ts";

const objects = 4;
const stream = wholeStream(objects);
const inStrands = strandWays.filter(({ strands }) => strands === "always");
const ways = inStrands.map((options) => ({ options, threads: options.threads ?? 1 }));

/** Memory of more words than a launch reads or writes. */
class Memory implements MovableMemory {
  bytes: Uint8Array;
  isFixed = false;
  moves = 0;

  constructor(words = 80) {
    this.bytes = new Uint8Array(4 * words);
  }

  moveTo(place: Uint8Array): boolean {
    if (this.isFixed) return false;
    place.set(this.bytes);
    this.bytes = place;
    this.moves++;
    return true;
  }

  moveOut(): boolean {
    if (this.isFixed) return false;
    this.bytes = this.bytes.slice();
    this.moves++;
    return true;
  }

  get words(): Int32Array {
    return new Int32Array(this.bytes.buffer, this.bytes.byteOffset, this.bytes.length / 4);
  }

  set words(words: ArrayLike<number>) {
    this.words.set(words);
  }
}

const addModule = assemble({ functions: [addKernel("k")], memory: { minimum: 1, maximum: 1 } });

function newArray(options: (typeof inStrands)[number]) {
  return arrayOf(coreDesign({ ...words16, work: callK(16, 1000) }), { "0,2": addModule }, options);
}

type TestArray = ReturnType<typeof newArray>;

const launch = (array: TestArray, ...memories: Memory[]) => launchOf(stream, array, ...memories);

const launchOf = (stream: TxnStream, array: TestArray, ...memories: Memory[]) =>
  array.run({ insts: stream, buffers: memories.map(({ bytes }) => bytes), memories });

const count = (from: number): number[] => Array.from({ length: 80 }, (_, i) => from + i);
/** What a launch leaves in an output of zeros. */
const added = (from: number): number[] => count(from).map((word, i) => (i < 16 * objects ? word + 1000 : 0));

/** An array after a few launches with one pair of memories, which the last ones have found in the store. */
async function settled(options: (typeof inStrands)[number]) {
  const array = newArray(options);
  const [input, output] = [new Memory(), new Memory()];
  for (let i = 0; i < 5; i++) await launch(array, input, output);
  return { array, input, output };
}

test.each(ways)("arguments come to lie in the store once, $threads threads", async ({ options }) => {
  const { array, input, output } = await settled(options);
  expect([input.moves, output.moves]).toEqual([1, 1]);
  expect(output.bytes.buffer).toBe(input.bytes.buffer);

  input.words = count(7);
  output.words = new Int32Array(80);
  await launch(array, input, output);

  expect([...output.words]).toEqual(added(7));
  expect([...input.words]).toEqual(count(7));
  expect([input.moves, output.moves]).toEqual([1, 1]);
  expect(array.launchesInStrands).toBe(4);
  array.close();
});

test.each(ways)(
  "memory that was in the store goes out with its bytes when others come, $threads threads",
  async ({ options }) => {
    const { array, input, output } = await settled(options);
    input.words = count(7);
    output.words = count(90);
    const others = [new Memory(), new Memory()] as const;
    others[0].words = count(3);
    await launch(array, ...others);

    expect([...others[1].words]).toEqual(added(3));
    expect([[...input.words], [...output.words]]).toEqual([count(7), count(90)]);
    expect(array.launchesInStrands).toBe(4);

    await launch(array, input, others[1]);
    expect([...others[1].words]).toEqual(added(7));
    // To bring them to and fro would take longer than copies of them.
    expect([input.moves, output.moves, others[0].moves, others[1].moves]).toEqual([2, 2, 0, 0]);
    array.close();
  },
);

test.each(ways)(
  "memory in the store that somebody uses stays as it is, and the launch is right, $threads threads",
  async ({ options }) => {
    const { array, input, output } = await settled(options);
    for (const one of [input, output]) {
      one.words = count(500);
      one.isFixed = true;
    }
    const others = [new Memory(), new Memory()] as const;
    others[0].words = count(3);
    await launch(array, ...others);

    expect([...others[1].words]).toEqual(added(3));
    expect([[...input.words], [...output.words]]).toEqual([count(500), count(500)]);
    expect(array.launchesInStrands).toBe(3);

    // The output is read, and what lies in its place is left alone.
    output.words = count(40);
    await launch(array, output, others[1]);
    expect([...others[1].words]).toEqual(added(40));
    expect([...output.words]).toEqual(count(40));
    array.close();
  },
);

test.each(ways)("memory that was closed leaves its place to others, $threads threads", async ({ options }) => {
  const { array, input, output } = await settled(options);
  for (const one of [input, output]) one.bytes = new Uint8Array(0);
  const others = [new Memory(), new Memory()] as const;
  others[0].words = count(3);
  for (let i = 0; i < 2; i++) await launch(array, ...others);

  expect([...others[1].words]).toEqual(added(3));
  expect([others[0].moves, others[1].moves]).toEqual([1, 1]);
  array.close();
});

test.each(ways)("memory that stays where it is is read and written there, $threads threads", async ({ options }) => {
  const array = newArray(options);
  const [input, output] = [new Memory(), new Memory()];
  input.isFixed = true;
  for (let i = 0; i < 6; i++) {
    input.words = count(i);
    output.words = new Int32Array(80);
    await launch(array, input, output);
    expect([...output.words]).toEqual(added(i));
  }
  expect([input.moves, output.moves]).toEqual([0, 1]);
  array.close();
});

test.each(ways)(
  "nothing is written behind outputs of $threads threads that end in the middle of memory",
  async ({ options }) => {
    const output = (argIndex: number, lengthWords: number) => [
      ...transfer({ direction: "S2MM", bd: argIndex, argIndex, lengthWords }),
      sync("S2MM"),
    ];
    const input = transfer({ direction: "MM2S", bd: 0, argIndex: 0, lengthWords: 64 });
    const stream = decodeTxn(insts(input, output(1, 24), output(2, 40)));
    const array = newArray(options);
    // The second output fills its memory, so that there is nothing behind it.
    const memories = [new Memory(), new Memory(40), new Memory(40)] as const;
    for (let i = 0; i < 6; i++) {
      memories[0].words = count(i);
      for (const one of memories.slice(1)) one.words = new Int32Array(40).fill(5);
      await launchOf(stream, array, ...memories);
      const all = count(1000 + i);
      expect([...memories[1].words]).toEqual([...all.slice(0, 24), ...new Array(16).fill(5)]);
      expect([...memories[2].words]).toEqual(all.slice(24, 64));
    }
    expect(memories.map(({ moves }) => moves)).toEqual([1, 0, 1]);
    array.close();
  },
);

test.each(ways)(
  "memories that change places are read and written where they are, $threads threads",
  async ({ options }) => {
    const { array, input, output } = await settled(options);
    // As those of a launch that is under way.
    for (const one of [input, output]) one.isFixed = true;
    input.words = new Int32Array(80);
    output.words = count(30);
    await launch(array, output, input);

    expect([...input.words]).toEqual(added(30));
    expect([...output.words]).toEqual(count(30));
    array.close();
  },
);

test.each(ways)("a launch finds its words in the middle of memory, $threads threads", async ({ options }) => {
  const at = { lengthWords: 64 };
  const stream = decodeTxn(
    insts(
      transfer({ direction: "S2MM", bd: 1, argIndex: 1, offsetBytes: 48, ...at }),
      transfer({ direction: "MM2S", bd: 0, argIndex: 0, offsetBytes: 16, ...at }),
      sync("S2MM"),
    ),
  );
  const array = newArray(options);
  const [input, output] = [new Memory(), new Memory()];
  for (let i = 0; i < 6; i++) {
    input.words = count(i);
    output.words = new Int32Array(80).fill(5);
    await launchOf(stream, array, input, output);
    expect([...output.words]).toEqual(
      Array.from({ length: 80 }, (_, at) => (at >= 12 && at < 76 ? 1000 + i + at - 8 : 5)),
    );
  }
  expect([input.moves, output.moves]).toEqual([1, 1]);
  array.close();
});

test.each(ways)("an argument that is written twice holds what came last, $threads threads", async ({ options }) => {
  const output = (offsetBytes: number, lengthWords: number) => [
    ...transfer({ direction: "S2MM", bd: 1, argIndex: 1, offsetBytes, lengthWords }),
    sync("S2MM"),
  ];
  const input = transfer({ direction: "MM2S", bd: 0, argIndex: 0, lengthWords: 64 });
  const stream = decodeTxn(insts(input, output(0, 24), output(64, 40)));
  const array = newArray(options);
  const [from, to] = [new Memory(), new Memory(56)];
  for (let i = 0; i < 6; i++) {
    from.words = count(100 * i);
    await launchOf(stream, array, from, to);
    const all = count(1000 + 100 * i);
    expect([...to.words]).toEqual([...all.slice(0, 16), ...all.slice(24, 64)]);
  }
  expect(to.moves).toBe(1);
  array.close();
});

test.each(ways)("memory comes out of the store when its array is closed, $threads threads", async ({ options }) => {
  const { array, input, output } = await settled(options);
  input.words = count(7);
  const before = [input.bytes.buffer, [...output.words]];
  output.isFixed = true;
  array.close();

  expect(input.bytes.buffer).not.toBe(before[0]);
  expect([...input.words]).toEqual(count(7));
  expect([output.bytes.buffer, [...output.words]]).toEqual(before);
});
