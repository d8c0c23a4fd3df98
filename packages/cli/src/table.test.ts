import pc from "picocolors";
import { expect, test } from "vitest";
import { formatBytes, formatMs, formatTable } from "./table.ts";

test("columns are as wide as their widest cell, numbers end in one column, and no line has trailing spaces", () => {
  const text = formatTable(
    [{ title: "phase" }, { title: "ms", align: "right" }, { title: "" }],
    [
      ["load", "1", "x"],
      ["device", "1234", ""],
    ],
  );

  expect(text.split("\n")).toEqual(["phase     ms", "load       1  x", "device  1234"]);
});

test("escape sequences for colour do not count as width", () => {
  const { green } = pc.createColors(true);

  const [, coloured, plain] = formatTable(
    [{ title: "" }, { title: "" }],
    [
      [green("ok"), "a"],
      ["absent", "b"],
    ],
  ).split("\n");

  expect(coloured).toBe(`${green("ok")}      a`);
  expect(plain).toBe("absent  b");
});

test.each([
  [0, "0 B"],
  [999, "999 B"],
  [1000, "1.00 kB"],
  [206299, "206.3 kB"],
  [1_500_000, "1.50 MB"],
])("%i bytes are %s", (bytes, text) => {
  expect(formatBytes(bytes)).toBe(text);
});

test.each([
  [0, "0 us"],
  [0.0004, "0.40 us"],
  [0.00116, "1.16 us"],
  [0.85, "850 us"],
  [12.34, "12.3 ms"],
  [1.234, "1.23 ms"],
  [1250, "1.25 s"],
])("%d ms are %s", (ms, text) => {
  expect(formatMs(ms)).toBe(text);
});
