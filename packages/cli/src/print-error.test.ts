import {
  AbortedError,
  BudgetError,
  DesignError,
  DeviceError,
  DeviceUnavailableError,
  FormatError,
  ShapeError,
  ToolError,
  ToolMissingError,
  UsageError,
} from "@aiekit/core";
import pc from "picocolors";
import { expect, test } from "vitest";
import { exitCodeOf } from "./exit-codes.ts";
import { errorRecord, formatError, formatInterrupt } from "./print-error.ts";

const plain = { colors: pc.createColors(false), verbose: false };

test("an error of the project prints its message and hint, and no stack", () => {
  const error = new FormatError("a.wav: expected a WAV file", { hint: "convert it first" });

  expect(formatError(error, plain)).toBe("error: a.wav: expected a WAV file\nhint: convert it first\n");
});

test("verbose adds every cause in order and the stack", () => {
  const error = new DeviceError("outer", { cause: new Error("middle", { cause: "inner" }) });

  const lines = formatError(error, { ...plain, verbose: true }).split("\n");

  expect(lines.slice(0, 3)).toEqual(["error: outer", "cause: middle", "cause: inner"]);
  expect(lines[3]).toMatch(/^\s+at /);
});

test("a cause that is its own cause ends the list", () => {
  const error = new Error("loop");
  error.cause = error;

  expect(formatError(error, { ...plain, verbose: true })).toContain("cause: loop");
});

test("an unexpected error asks for --verbose; anything thrown can be printed", () => {
  expect(formatError(new TypeError("x is undefined"), plain)).toContain("hint: this was not expected");
  expect(formatError("text", plain)).toMatch(/^error: text\n/);
});

test("escape sequences appear only with colour", () => {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: an escape sequence starts with the control character ESC
  const anyEscape = /\u001b/;
  expect(formatError(new UsageError("x"), plain)).not.toMatch(anyEscape);
  expect(formatError(new UsageError("x"), { colors: pc.createColors(true), verbose: false })).toMatch(anyEscape);
});

test("control characters of a file's names are told by their number; lines, tabs and colours stay", () => {
  const error = new UsageError("a\u001b]0;title\u0007b\u009b2J\r\nat\tc", { hint: "\u007f" });
  const colors = pc.createColors(true);

  expect(formatError(error, plain)).toBe("error: a\\x1b]0;title\\x07b\\x9b2J\\x0d\nat\tc\nhint: \\x7f\n");
  expect(formatError(new UsageError("x"), { colors, verbose: false })).toBe(`${colors.red("error:")} x\n`);
});

test("the record for machines has code, message and hint, and a fault found among the causes", () => {
  expect(errorRecord(new UsageError("no such kernel", { hint: "mel" }))).toEqual({
    error: { code: "usage", message: "no such kernel", hint: "mel" },
  });
  expect(errorRecord(new RangeError("x"))).toEqual({ error: { code: "internal", message: "x" } });
  const fault = Object.assign(new Error("trap"), {
    fault: { kind: "kernel-trap", cycle: 12, tile: { col: 0, row: 2 } },
  });
  expect(errorRecord(new DeviceError("trap", { cause: fault })).error.fault).toEqual({
    kind: "kernel-trap",
    cycle: 12,
    tile: { col: 0, row: 2 },
  });
});

test("an abort is exit code 130, whether ours or the platform's; an unknown error is 1", () => {
  expect(exitCodeOf(AbortSignal.abort().reason)).toBe(130);
  expect(exitCodeOf(new AbortedError())).toBe(130);
  expect(exitCodeOf(new Error("x"))).toBe(1);
});

test.each<[Error, number]>([
  [new UsageError("x"), 2],
  [new FormatError("x"), 3],
  [new ShapeError("x"), 3],
  [new ToolMissingError("x"), 4],
  [new ToolError({ tool: "clang++", stage: "compile", command: "clang++", stderr: "" }), 4],
  [new DesignError("x"), 4],
  [new BudgetError("x"), 4],
  [new DeviceUnavailableError("x"), 5],
  [new DeviceError("x"), 5],
])("%s has its exit code, %i", (error, code) => {
  expect(exitCodeOf(error)).toBe(code);
});

test("Ctrl-C is told in one line and not as an error; --verbose says where it stopped", () => {
  const error = new AbortedError("validation: stopped before clip 4, 3 of 9 cases done");

  expect(formatInterrupt(error, plain)).toBe("stopped with Ctrl-C\n");
  expect(formatInterrupt(error, { ...plain, verbose: true })).toContain("(validation: stopped before clip 4,");
});
