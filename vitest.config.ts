import { readFileSync } from "node:fs";
import { defineConfig } from "vitest/config";
import { BaseSequencer, type TestSpecification } from "vitest/node";

/**
 * Files that compile kernels first, which take longest whatever their size: so that at the end no worker waits long for the
 * other one. They are known by the limits that they give their tests.
 */
class CompilingFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const compiles = ({ moduleId }: TestSpecification): boolean =>
      /compileLimitMs|startTimeoutMs|buildKernel/.test(readFileSync(moduleId, "utf8"));
    const sorted = await super.sort(files);
    return [...sorted.filter(compiles), ...sorted.filter((file) => !compiles(file))];
  }
}

export default defineConfig({
  resolve: { conditions: ["development"] },
  ssr: { resolve: { conditions: ["development"] } },
  test: {
    include: ["{mlir,tools,host,validate,pipeline,packages/*}/src/**/*.test.ts"],
    // Those of `make test-slow` and `make test-xrt` have configurations of their own.
    exclude: ["**/*.slow.test.ts", "**/*.xrt.test.ts"],
    // Room for a compile, which the compiler itself ends after 120 s, and what follows it.
    testTimeout: 180_000,
    sequence: { sequencer: CompilingFirst },
    pool: "forks",
    // A process for each file imports everything again and starts a compiler of its own. So a test leaves nothing behind that
    // another could see: no changed environment, no listener, no mock.
    isolate: false,
    maxWorkers: 2,
  },
});
