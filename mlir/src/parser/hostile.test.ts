import { FormatError } from "@aiekit/core";
import fc from "fast-check";
import { expect, test } from "vitest";
import { conformanceDesigns, conformanceText } from "../lowering/conformance.test-support.ts";
import { printGenericModule } from "../printer/generic.ts";
import { printModule } from "../printer/module.ts";
import { verify } from "../verifier/verify.ts";
import { parseModule } from "./module.ts";

const texts = conformanceDesigns().flatMap(({ name, rejectedAt }) => {
  const file = rejectedAt === null ? `${name}.generic.mlir` : `${name}.mlir`;
  return [conformanceText(`${name}.mlir`), conformanceText(file)];
});

/** A text with one piece taken out, doubled, or replaced by a token that stands somewhere in the language. */
const damaged = fc
  .record({
    text: fc.constantFrom(...texts),
    at: fc.double({ min: 0, max: 1, noNaN: true }),
    length: fc.integer({ min: 0, max: 30 }),
    kind: fc.constantFrom("delete", "double", "replace"),
    token: fc.constantFrom(
      "}",
      "{",
      "(",
      ")",
      "<",
      "%0",
      "@x",
      "^bb1",
      "-1",
      "0x",
      '"',
      "\\",
      "true",
      "i32",
      "memref<?x!x>",
      "1.5",
    ),
  })
  .map(({ text, at, length, kind, token }) => {
    const start = Math.floor(at * text.length);
    const piece = text.slice(start, start + length);
    const put = { delete: "", double: piece + piece, replace: token }[kind];
    return text.slice(0, start) + put + text.slice(start + length);
  });

test("1500 damaged designs: each is a FormatError or a module that can be verified and printed", () => {
  let refused = 0;
  let read = 0;
  fc.assert(
    fc.property(damaged, (text) => {
      let module: ReturnType<typeof parseModule>;
      try {
        module = parseModule(text, "damaged.mlir");
      } catch (error) {
        expect(error).toBeInstanceOf(FormatError);
        refused++;
        return;
      }
      read++;
      verify(module);
      printGenericModule(module);
      printModule(module);
    }),
    { numRuns: 1500, seed: 42 },
  );
  expect(refused).toBeGreaterThan(200);
  expect(read).toBeGreaterThan(200);
});

test("100000 open brackets are a FormatError", () => {
  expect(() => parseModule(`module attributes {a = ${"[".repeat(100_000)}`, "deep.mlir")).toThrowError(FormatError);
});
