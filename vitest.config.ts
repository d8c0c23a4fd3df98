import { defineConfig } from "vitest/config";

export default defineConfig({
  resolve: { conditions: ["development"] },
  ssr: { resolve: { conditions: ["development"] } },
  test: {
    include: ["{mlir,tools,host,validate,pipeline,packages/*}/src/**/*.test.ts"],
    // Those of `make test-slow` and `make test-xrt` have configurations of their own.
    exclude: ["**/*.slow.test.ts", "**/*.xrt.test.ts"],
    // Room for a compile, which the compiler itself ends after 120 s, and what follows it.
    testTimeout: 180_000,
    pool: "forks",
    // A process for each file imports everything again and starts a compiler of its own. So a test leaves nothing behind that
    // another could see: no changed environment, no listener, no mock.
    isolate: false,
    maxWorkers: 2,
  },
});
