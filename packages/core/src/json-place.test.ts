import { expect, test } from "vitest";
import { jsonPlace } from "./json-place.ts";

const text = '{ "a": [1, {"b": "x,]}"}, -2.5e3], "c\\u0064": null }';

test.each([
  ["", 0],
  ["a", text.indexOf("[1")],
  ["a[0]", text.indexOf("1,")],
  ["a[1].b", text.indexOf('"x')],
  ["a[2]", text.indexOf("-2")],
  ["cd", text.indexOf("null")],
])("the value at %s begins at %i", (path, place) => {
  expect(jsonPlace(text, path)).toBe(place);
});

test("a value that is not there is told by what it should be in", () => {
  expect(jsonPlace(text, "a[1].z")).toBe(text.indexOf('{"b"'));
  expect(jsonPlace(text, "a[9].b")).toBe(text.indexOf("[1"));
});

test.each([
  ['{"a" 1}', 5],
  ['{"a": 1,}', 8],
  ["[1 2]", 3],
  ['{"a": "un', 6],
  ["[tru]", 1],
  ["[", 1],
])("%s is no JSON from character %i on", (broken, place) => {
  expect(jsonPlace(broken, "")).toBe(place);
});

test("a text of 100000 opening brackets is told, not followed", () => {
  expect(jsonPlace("[".repeat(100_000), "")).toBeLessThan(1000);
});
