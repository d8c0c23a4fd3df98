import { expect, test } from "vitest";
import { referenceExecutor } from "../reference/reference-executor.ts";
import { expectClip, expectFullWindow, expectTokens } from "./parity-checks.test-support.ts";
import { realSizesFixture, realSizesWeights } from "./real-sizes.test-support.ts";

// Five minutes on an idle machine.
const limitMs = 1_800_000;

for (const size of ["tiny", "base"] as const) {
  const fixture = realSizesFixture(size);
  const executor = referenceExecutor(fixture.sizes, realSizesWeights(fixture));

  test(
    `reference: a full window of ${size}'s sizes has the states and logits of transformers, tokens of openai-whisper`,
    async () => {
      const ready = await executor;

      const state = await expectFullWindow(ready, fixture, 0);

      await expectTokens(ready, fixture, { state, clip: fixture.full[0]!, name: "full 0" }, ["greedy"]);
    },
    limitMs,
  );

  test(
    `reference: 50 clips of ${size}'s sizes have PyTorch's states and tokens, greedy and by 5 beams, with timestamps and without`,
    async () => {
      const ready = await executor;

      for (const index of fixture.clips.keys()) await expectClip(ready, fixture, index);
      expect(fixture.clips.length).toBe(50);
    },
    limitMs,
  );
}
