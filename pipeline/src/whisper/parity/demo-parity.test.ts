import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { cpuExecutor } from "../cpu/cpu-executor.ts";
import { noOnnxRuntime } from "../cpu/cpu-model.test-support.ts";
import { referenceExecutor } from "../reference/reference-executor.ts";
import { whisperSizes } from "../whisper-sizes.ts";
import { demoClips, expectDemoClip, openDemoModel } from "./demo-clips.test-support.ts";

test.skipIf(noOnnxRuntime)("cpu: the demo model has PyTorch's states and tokens on 56 clips, from their sound on", async () => {
  const model = await openDemoModel();
  const cacheFolder = await mkdtemp(join(tmpdir(), "aiekit-parity-"));
  const executor = await cpuExecutor({ model, cacheFolder, threads: 1 });

  for (const index of demoClips.keys()) await expectDemoClip(executor, model, index);

  expect(demoClips.length).toBe(56);
  await executor.close();
  await model.close();
  await rm(cacheFolder, { recursive: true });
});

// All clips are in demo-parity.slow.test.ts.
test("reference: the demo model has PyTorch's states and tokens on every tenth clip", async () => {
  const model = await openDemoModel();
  const executor = await referenceExecutor(whisperSizes(model.config), (name) => model.tensors.read(name));

  for (const index of demoClips.keys()) if (index % 10 === 0) await expectDemoClip(executor, model, index);

  await model.close();
});
