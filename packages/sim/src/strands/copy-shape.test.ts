import { expect, test } from "vitest";
import { CopyShapes } from "./copy-shape.ts";

const at = (...words: number[]): Int32Array => Int32Array.from(words);

test("a shape orders words by where they are written", () => {
  const shape = new CopyShapes().of(at(0, 4, 2, 6), at(6, 4, 2, 0), 2, 8);

  expect(shape).toMatchObject({ pieces: [{ to: 0, offset: 0, count: 8 }], first: 0, end: 8, isStraight: false });
  expect([...shape!.order]).toEqual([6, 7, 2, 3, 4, 5, 0, 1]);
});

test("words that are written in several places are a piece each", () => {
  const shape = new CopyShapes().of(at(10, 12, 14), at(0, 8, 2), 2, 6);

  expect(shape).toMatchObject({
    pieces: [
      { to: 0, offset: 0, count: 4 },
      { to: 8, offset: 4, count: 2 },
    ],
    ...{ first: 10, end: 16 },
  });
  expect([...shape!.order]).toEqual([10, 11, 14, 15, 12, 13]);
});

test("there is no shape for words that are written twice", () => {
  const shapes = new CopyShapes();

  expect(shapes.of(at(0, 4), at(0, 1), 2, 4)).toBeUndefined();
  expect(shapes.of(at(0, 4), at(0, 2), 2, 4)).toBeDefined();
});

test("one run is straight, and so are runs one behind the other; equal copies have one shape", () => {
  const shapes = new CopyShapes();
  const [as, bs] = [at(3, 5), at(0, 2)];

  expect(shapes.of(undefined, undefined, 4, 4)).toMatchObject({ isStraight: true, first: 0, end: 4 });
  expect(shapes.of(as, bs, 2, 4)).toMatchObject({ isStraight: true, first: 3, end: 7 });
  expect(shapes.of(as, bs, 2, 4)).toBe(shapes.of(as, bs, 2, 4));
  expect(shapes.inOrderOf(at(8, 0), 2, 4)).toMatchObject({ isStraight: false, first: 0, end: 10 });
  expect([...shapes.inOrderOf(at(8, 0), 2, 4).order]).toEqual([8, 9, 0, 1]);
});
