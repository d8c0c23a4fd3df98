import { FormatError } from "@aiekit/core";
import { expect, test } from "vitest";
import { formatDiagnostic } from "../ir/diagnostic.ts";
import { conformanceDesigns, conformanceStage, conformanceText } from "../lowering/conformance.test-support.ts";
import { parseModule } from "../parser/module.ts";
import { verify } from "./verify.ts";

/** Designs where the tool's message or place cannot be ours, what ours says instead, and why. */
const saidOtherwise: Readonly<Record<string, { place: string; message: string; why: string }>> = {
  "reject-core-without-end": {
    place: "6:12",
    message: "block with no terminator, has arith.constant",
    why: "the tool prints the operation in generic form",
  },
  "reject-repeat-count-zero": {
    place: "8:5",
    message:
      "attribute 'repeat_count' failed to satisfy constraint: 32-bit signless integer attribute whose minimum value is 1",
    why: "the tool checks it while it reads the dictionary, ours when it verifies the operation",
  },
};

interface Complaint {
  readonly severity: "error" | "warning";
  /** `FILE:LINE:COLUMN: error: 'op' op MESSAGE`. */
  readonly text: string;
}

function complaints(file: string): Complaint[] {
  try {
    return verify(parseModule(conformanceText(file), file, { spelling: "2026" })).map((diagnostic) => ({
      severity: diagnostic.severity,
      text: formatDiagnostic(diagnostic),
    }));
  } catch (error) {
    if (error instanceof FormatError) return [{ severity: "error", text: error.message }];
    throw error;
  }
}

/** Place and words of an error line, without the operation it begins with. */
function toolError(line: string): { place: string; message: string } {
  const [, place = "", message = ""] = /^[^:]+:(\d+:\d+): error: (?:'[^']+' op )?(.*)$/.exec(line) ?? [];
  return { place, message };
}

const designs = conformanceDesigns();
const rejected = designs.filter(({ rejectedAt }) => rejectedAt === "verify");
const accepted = designs.filter(({ rejectedAt }) => rejectedAt !== "verify");

test("the tool's verifier refuses 114 of the 328 designs", () => {
  expect(designs).toHaveLength(328);
  expect(rejected).toHaveLength(114);
});

test.each(rejected)("$name is refused in the tool's words, first of all, at the tool's line and column", ({ name }) => {
  const tool = toolError(conformanceStage(name, "verify").error ?? "");
  const { place, message } = saidOtherwise[name] ?? tool;

  const [first] = complaints(`${name}.mlir`).filter(({ severity }) => severity === "error");

  expect(message.length).toBeGreaterThan(10);
  expect(first?.text).toContain(`${name}.mlir:${place}: `);
  expect(first?.text).toContain(message);
});

test.each(Object.entries(saidOtherwise))("%s still says it otherwise than the tool", (name) => {
  const tool = toolError(conformanceStage(name, "verify").error ?? "");

  const [first] = complaints(`${name}.mlir`);

  expect(first?.text.includes(`:${tool.place}: `) && first.text.includes(tool.message)).toBe(false);
});

test.each(accepted)("$name has no error", ({ name }) => {
  expect(complaints(`${name}.mlir`).filter(({ severity }) => severity === "error")).toEqual([]);
});

const odd = accepted.filter(({ name }) => name.startsWith("odd-"));

test.each(odd)("$name: the tool accepts it, ours warns", ({ name }) => {
  expect(complaints(`${name}.mlir`).map(({ severity }) => severity)).toContain("warning");
});

/** Plain designs that read beyond a host buffer; nothing in the tool checks that. */
const beyondBuffer = new Set(["memcpy-nd-limit-values", "memcpy-nd-rank4-i32"]);

test("no design that passes every stage has a warning, but for the odd ones and two that read beyond a buffer", () => {
  const plain = accepted.filter(({ name, rejectedAt }) => rejectedAt === null && !name.startsWith("odd-"));

  const warned = plain.filter(({ name }) => complaints(`${name}.mlir`).length > 0).map(({ name }) => name);

  expect(new Set(warned)).toEqual(beyondBuffer);
});

test("what the tool made of accepted designs has no error either", () => {
  const clean = accepted.filter(({ rejectedAt }) => rejectedAt === null);
  for (const { name } of clean) {
    for (const form of ["addresses", "physical"]) {
      const file = `${name}.${form}.mlir`;

      expect(
        complaints(file).filter(({ severity }) => severity === "error"),
        file,
      ).toEqual([]);
    }
  }
});
