import { defineConfig, mergeConfig } from "vitest/config";
import quick from "./vitest.config.ts";

/** Tests that take minutes: `make test-slow`. */
export default mergeConfig(
  quick,
  defineConfig({ test: { include: ["**/src/**/*.slow.test.ts"], exclude: ["**/node_modules/**"] } }),
);
