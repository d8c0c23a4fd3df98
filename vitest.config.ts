import { defineConfig } from "vitest/config";

export default defineConfig({
  resolve: { conditions: ["development"] },
  ssr: { resolve: { conditions: ["development"] } },
  test: {
    include: ["{mlir,tools,host,validate,pipeline,packages/*}/src/**/*.test.ts"],
    // Those of `make test-slow` and `make test-xrt` have configurations of their own.
    exclude: ["**/*.slow.test.ts", "**/*.xrt.test.ts"],
    testTimeout: 60_000,
    pool: "forks",
    maxWorkers: 2,
  },
});
