import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { cpuExecutor } from "../cpu/cpu-executor.ts";
import { expectClip, expectFullWindow, expectTokens } from "./parity-checks.test-support.ts";
import { realSizesFixture, realSizesWeights } from "./real-sizes.test-support.ts";

// On an idle machine it is a minute or two.
const limitMs = 1_200_000;
// Graphs of the weights: 150 and 290 MB.
const cacheFolder = await mkdtemp(join(tmpdir(), "aiekit-parity-"));
afterAll(() => rm(cacheFolder, { recursive: true, force: true }));

for (const size of ["tiny", "base"] as const) {
  const fixture = realSizesFixture(size);
  const executor = cpuExecutor({
    model: { sizes: fixture.sizes, source: realSizesWeights(fixture), identity: async () => size },
    cacheFolder,
    threads: 2,
  });

  test(
    `cpu: 3 full windows of ${size}'s sizes have the states and logits of transformers, tokens of openai-whisper`,
    async () => {
      const ready = await executor;

      for (const [index, clip] of fixture.full.entries()) {
        const state = await expectFullWindow(ready, fixture, index);
        await expectTokens(ready, fixture, { state, clip, name: `full ${index}` });
        await state.close();
      }
    },
    limitMs,
  );

  test(
    `cpu: 50 clips of ${size}'s sizes have PyTorch's states and tokens, greedy and by 5 beams, with timestamps and without`,
    async () => {
      const ready = await executor;

      for (const index of fixture.clips.keys()) await expectClip(ready, fixture, index);

      expect(fixture.clips.length).toBe(50);
      await ready.close();
    },
    limitMs,
  );
}
