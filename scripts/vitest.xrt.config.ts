import { defineConfig } from "vitest/config";

/** Tests over the real XRT and an emulated driver: `make test-xrt`, which starts them where both are. */
export default defineConfig({
  resolve: { conditions: ["development"] },
  ssr: { resolve: { conditions: ["development"] } },
  test: {
    include: ["{host,packages/cli}/src/**/*.xrt.test.ts"],
    setupFiles: ["host/src/xrt/process-before.test-support.ts"],
    // What hangs is told by these, however busy the machine is.
    testTimeout: 180_000,
    hookTimeout: 240_000,
    pool: "forks",
    // They share one emulated machine, with few contexts and one table of faults.
    maxWorkers: 1,
    fileParallelism: false,
  },
});
