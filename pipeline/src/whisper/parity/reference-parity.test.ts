import { test } from "vitest";
import { referenceExecutor } from "../reference/reference-executor.ts";
import { expectClip } from "./parity-checks.test-support.ts";
import { realSizesFixture, realSizesWeights } from "./real-sizes.test-support.ts";

// All clips, the full windows and the sizes of base are in reference-parity.slow.test.ts.
test("reference: a short window of a model of tiny's sizes has PyTorch's states and tokens, greedy and by 5 beams", async () => {
  const fixture = realSizesFixture("tiny");
  const executor = await referenceExecutor(fixture.sizes, realSizesWeights(fixture));

  await expectClip(executor, fixture, 0, ["greedy", "beam5Text"]);
});
