import { defineConfig } from "vitest/config";

export default defineConfig({
  resolve: { conditions: ["development"] },
  ssr: { resolve: { conditions: ["development"] } },
  test: {
    include: ["{mlir,tools,host,validate,pipeline,packages/*}/src/**/*.test.ts"],
    // Those of `make test-slow` have a configuration of their own.
    exclude: ["**/*.slow.test.ts"],
    testTimeout: 60_000,
    pool: "forks",
    maxWorkers: 2,
  },
});
