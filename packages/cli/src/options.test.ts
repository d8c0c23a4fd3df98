import { InvalidArgumentError } from "commander";
import { expect, test } from "vitest";
import { collectInput, collectParam, parseCount, parseCountUpTo, parsePositive } from "./options.ts";

test("--param reads numbers as numbers and the rest as text", () => {
  expect(collectParam("mode=fast", collectParam("tiles=3"))).toEqual({ tiles: 3, mode: "fast" });
  expect(collectParam("empty=")).toEqual({ empty: "" });
  expect(collectParam("expression=a=b")).toEqual({ expression: "a=b" });
});

test.each(["tiles", "=3", ""])("--param %j is refused with an example", (text) => {
  expect(() => collectParam(text)).toThrow(new InvalidArgumentError("Expected name=value, for example tiles=3."));
});

test("--param given twice for one name is refused", () => {
  expect(() => collectParam("tiles=1", { tiles: 3 })).toThrow("tiles is given twice.");
});

test("--in with a name before = is for that argument; a path with = later in it is not", () => {
  expect(collectInput("pcm=a.wav")).toEqual([{ name: "pcm", path: "a.wav" }]);
  expect(collectInput("dir/x=1.npy")).toEqual([{ name: undefined, path: "dir/x=1.npy" }]);
  expect(collectInput("b.npy", collectInput("a.npy")).map(({ path }) => path)).toEqual(["a.npy", "b.npy"]);
});

test("counts are whole numbers of at least 1, durations are above 0", () => {
  expect([parseCount("7"), parsePositive("0.5")]).toEqual([7, 0.5]);
  for (const text of ["0", "-1", "1.5", "x", ""]) expect(() => parseCount(text)).toThrow(InvalidArgumentError);
  for (const text of ["0", "-1", "x", "NaN", "Infinity"])
    expect(() => parsePositive(text)).toThrow(InvalidArgumentError);
});

test("counts of threads and beams have an upper limit, which is told", () => {
  expect([parseCountUpTo(256)("1"), parseCountUpTo(256)("256")]).toEqual([1, 256]);
  for (const text of ["257", "0", "1e9", "x"])
    expect(() => parseCountUpTo(256)(text)).toThrow(new InvalidArgumentError("Expected a whole number from 1 to 256."));
});
