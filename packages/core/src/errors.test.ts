import { expect, test } from "vitest";
import { AiekitError, FormatError, ToolError } from "./errors.ts";

test("an error knows its code, its hint and its cause", () => {
  const cause = new Error("disk");
  const error = new FormatError("a.wav: expected RIFF, got ID3", { hint: "convert it", offset: 0, cause });

  expect(error).toBeInstanceOf(AiekitError);
  expect([error.name, error.code, error.hint, error.offset, error.cause]).toEqual([
    "FormatError",
    "format",
    "convert it",
    0,
    cause,
  ]);
});

test("a failed tool shows stage, command, reason and the last 20 lines it printed", () => {
  const stderr = Array.from({ length: 30 }, (_, i) => `line ${i}`).join("\n");
  const error = new ToolError({
    tool: "clang",
    stage: "compile mel.cc",
    command: "clang -c mel.cc",
    exitCode: 1,
    stderr,
  });

  expect(error.message).toContain("compile mel.cc: clang failed (exit code 1)\nclang -c mel.cc\nline 10\n");
  expect(error.message).not.toContain("line 9\n");
});
