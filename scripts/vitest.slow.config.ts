import { defineConfig } from "vitest/config";
import quick from "../vitest.config.ts";

/** Tests that take minutes: `make test-slow`. Lists of a configuration are added when merged, so these replace them. */
export default defineConfig({
  ...quick,
  // Few files that take long each: a process of its own costs a file little.
  test: { ...quick.test, include: ["**/src/**/*.slow.test.ts"], exclude: ["**/node_modules/**"], isolate: true },
});
