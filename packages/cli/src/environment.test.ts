import { expect, test } from "vitest";
import { readEnvironment } from "./environment.ts";

test("NO_COLOR wins over FORCE_COLOR, empty variables count as unset", () => {
  expect(readEnvironment({}).color).toBeUndefined();
  expect(readEnvironment({ NO_COLOR: "" }).color).toBeUndefined();
  expect(readEnvironment({ NO_COLOR: "1", FORCE_COLOR: "1" }).color).toBe(false);
  expect(readEnvironment({ FORCE_COLOR: "1" }).color).toBe(true);
  expect(readEnvironment({ FORCE_COLOR: "0" }).color).toBeUndefined();
});

test("CI and AIEKIT_CLANG are taken over, CI=false is no CI", () => {
  expect(readEnvironment({ CI: "true", AIEKIT_CLANG: "/usr/bin/clang" })).toMatchObject({
    ci: true,
    clang: "/usr/bin/clang",
  });
  expect(readEnvironment({ CI: "false", AIEKIT_CLANG: "" })).toMatchObject({ ci: false, clang: undefined });
});
