import { expect, test } from "vitest";
import { checkEnvironment, readEnvironment } from "./environment.ts";

test("NO_COLOR wins over FORCE_COLOR, empty variables count as unset", () => {
  expect(readEnvironment({}).color).toBeUndefined();
  expect(readEnvironment({ NO_COLOR: "" }).color).toBeUndefined();
  expect(readEnvironment({ NO_COLOR: "1", FORCE_COLOR: "1" }).color).toBe(false);
  expect(readEnvironment({ FORCE_COLOR: "1" }).color).toBe(true);
  expect(readEnvironment({ FORCE_COLOR: "0" }).color).toBeUndefined();
});

test("AIEKIT_SIM_THREADS is a number, and unset when empty", () => {
  expect(readEnvironment({ AIEKIT_SIM_THREADS: "2" }).simThreads).toBe(2);
  expect(readEnvironment({ AIEKIT_SIM_THREADS: "" }).simThreads).toBeUndefined();
});

test("a number of threads that is none is an error that names the variable and what it holds", () => {
  for (const text of ["two", "0", "-1", "1.5"]) {
    const expected = `AIEKIT_SIM_THREADS: expected a positive integer, got "${text}"`;
    expect(() => checkEnvironment(readEnvironment({ AIEKIT_SIM_THREADS: text }))).toThrow(expected);
  }
  checkEnvironment(readEnvironment({ AIEKIT_SIM_THREADS: "3" }));
  checkEnvironment(readEnvironment({}));
});

test("CI and AIEKIT_CLANG are taken over, CI=false is no CI", () => {
  expect(readEnvironment({ CI: "true", AIEKIT_CLANG: "/usr/bin/clang" })).toMatchObject({
    ci: true,
    clang: "/usr/bin/clang",
  });
  expect(readEnvironment({ CI: "false", AIEKIT_CLANG: "" })).toMatchObject({ ci: false, clang: undefined });
});
