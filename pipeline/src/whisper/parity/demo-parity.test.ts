import { expect, test } from "vitest";
import { cpuExecutor } from "../cpu/cpu-executor.ts";
import { noOnnxRuntime, testCacheFolder } from "../cpu/cpu-model.test-support.ts";
import { referenceExecutor } from "../reference/reference-executor.ts";
import { whisperSizes } from "../whisper-sizes.ts";
import { demoClips, expectDemoClip, noDemoModel, openDemoModel } from "./demo-clips.test-support.ts";

// Seconds on an idle machine. Beams on all clips, and all clips on the reference, are in demo-parity.slow.test.ts.
const limitMs = 600_000;

test(
  "cpu: the demo model has PyTorch's states on 56 clips, and its greedy tokens, from their sound on",
  async ({ skip }) => {
    const reason = noOnnxRuntime ?? noDemoModel;
    skip(reason !== undefined, reason);
    const model = await openDemoModel();
    const executor = await cpuExecutor({ model, cacheFolder: await testCacheFolder(), threads: 1 });

    for (const index of demoClips.keys()) await expectDemoClip(executor, model, index, ["greedy", "greedyText"]);

    expect(demoClips.length).toBe(56);
    await executor.close();
    await model.close();
  },
  limitMs,
);

test(
  "reference: the demo model has PyTorch's states and tokens on every twentieth clip",
  async () => {
    const model = await openDemoModel();
    const executor = await referenceExecutor(whisperSizes(model.config), (name) => model.tensors.read(name));

    for (const index of demoClips.keys()) if (index % 20 === 0) await expectDemoClip(executor, model, index);

    await model.close();
  },
  limitMs,
);
