import { expect, test } from "vitest";
import { cpuExecutor } from "../cpu/cpu-executor.ts";
import { noOnnxRuntime, testCacheFolder } from "../cpu/cpu-model.test-support.ts";
import { referenceExecutor } from "../reference/reference-executor.ts";
import { whisperSizes } from "../whisper-sizes.ts";
import { demoClips, expectDemoClip, noDemoModel, openDemoModel } from "./demo-clips.test-support.ts";

// Two minutes on an idle machine.
const limitMs = 1_800_000;

for (const name of ["cpu", "reference"] as const) {
  test(
    `${name}: the demo model has PyTorch's states and tokens on 56 clips, greedy and by 5 beams, with timestamps and without`,
    async ({ skip }) => {
      const reason = noDemoModel ?? (name === "cpu" ? noOnnxRuntime : undefined);
      skip(reason !== undefined, reason);
      const model = await openDemoModel();
      const executor =
        name === "cpu"
          ? await cpuExecutor({ model, cacheFolder: await testCacheFolder(), threads: 1 })
          : await referenceExecutor(whisperSizes(model.config), (array) => model.tensors.read(array));

      for (const index of demoClips.keys()) await expectDemoClip(executor, model, index);

      expect(demoClips.length).toBe(56);
      await executor.close();
      await model.close();
    },
    limitMs,
  );
}
