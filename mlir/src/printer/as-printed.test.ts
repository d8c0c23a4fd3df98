import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { parseModule } from "../parser/module.ts";
import { verify } from "../verifier/verify.ts";
import { printModule } from "./module.ts";

/** Designs written by hand, and beside each what aie-opt of March 2026 prints when it reads it. */
const designs = [
  ["affine", "bounds that are values, maps under names of their own, sums with their constants last"],
  ["runtime", "control packets, packets of tasks, started chains, another device's sequence"],
  ["trace", "a trace with a buffer size, labels, combined events and edges"],
  ["versal", "tiles and multicasts of a device that only is read"],
  ["views", "memory spaces, strides, floats of f32, words above 2^31, several results"],
] as const;

test.each(designs)("%s is printed as aie-opt prints it: %s", (name) => {
  const module = parseModule(fixture(`${name}.mlir`), `${name}.mlir`, { spelling: "2026" });

  expect(verify(module).filter(({ severity }) => severity === "error")).toEqual([]);
  // aie-opt leaves a space behind the type of a buffer without a value; nothing reads it.
  expect(withoutTrailingSpaces(printModule(module))).toBe(withoutTrailingSpaces(fixture(`${name}.printed.mlir`)));
});

test.each(designs)("%s reads back from what is printed, unchanged", (name) => {
  const printed = printModule(parseModule(fixture(`${name}.mlir`), `${name}.mlir`));

  expect(printModule(parseModule(printed, "printed.mlir"))).toBe(printed);
});

function fixture(file: string): string {
  return readFileSync(new URL(`../../fixtures/as-printed/${file}`, import.meta.url), "utf8");
}

function withoutTrailingSpaces(text: string): string {
  return text.replace(/ +$/gm, "");
}
