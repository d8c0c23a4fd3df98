import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { expect, test } from "vitest";
import { checkKernelHeaders } from "./check-kernel-headers.ts";

const folder = resolve(import.meta.dirname, "../../../../kernels");
const kernels = new Map(
  readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((name) => /\.(h|cc)$/.test(name))
    .map((name) => [`kernels/${name}`, readFileSync(join(folder, name), "utf8")]),
);
const found = (path: string, change: (text: string) => string) => {
  const text = kernels.get(path)!;
  expect(change(text), path).not.toBe(text);
  return checkKernelHeaders(new Map([[path, change(text)]])).map(({ what }) => what);
};

test("every kernel says its entries, alignment, tile bytes, rounding, error, source or meaning, and cycles", () => {
  expect(kernels.size).toBeGreaterThan(50);
  expect(checkKernelHeaders(kernels)).toEqual([]);
});

test.each([
  [/^\/\/ Tile bytes/m, "Tile bytes"],
  [/^\/\/ Rounding/m, "Rounding"],
  [/^\/\/ Error/m, "Error"],
  [/^\/\/ Meaning/m, "Source or Meaning"],
  [/^\/\/ Cycles/m, "Cycles: modelled, measured on what, or not measured"],
  [/modelled.*measured/s, "Cycles: modelled, measured on what, or not measured"],
  [/aligned/, "alignment of the arguments"],
  [/gelu_bf16/, "gelu_bf16"],
])("gelu.cc without %s in its comment lacks %s", (statement, what) => {
  expect(found("kernels/gelu/gelu.cc", (text) => text.replace(statement, "//"))).toEqual([what]);
});

test("an entry that the comment does not name is found in a file of several", () => {
  expect(
    found("kernels/topk/topk.cc", (text) => text.replaceAll("topk_merge ", "").replace("topk_copy, ", "")),
  ).toContain("topk_copy");
  expect(found("kernels/attention/attention.cc", (text) => text.replace("//   scores ", "//   score "))).toEqual([]);
  expect(found("kernels/attention/attention.cc", (text) => text.replace("attention_*_bf16", "attention"))).toEqual([]);
  expect(
    found("kernels/attention/attention.cc", (text) =>
      text.replace("attention_*_bf16", "attention").replace("//   scores ", "//   score "),
    ),
  ).toEqual(["attention_scores_bf16"]);
});

test("a header that is neither part of kernels nor has cycles of its own is found", () => {
  expect(found("kernels/mel/power.h", (text) => text.replace("// Part of ", "// Of "))).toEqual(["Part of or Cycles"]);
  expect(found("kernels/math/exp2_fixed.h", (text) => text.replace("// Cycles ", "// Time "))).toEqual([
    "Part of or Cycles",
  ]);
  expect(found("kernels/gelu/gelu_ref.h", (text) => text.slice(text.indexOf("\n") + 1))).toEqual(["what is in it"]);
});
