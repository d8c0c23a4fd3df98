import { expect, test } from "vitest";
import { referenceExecutor } from "../reference/reference-executor.ts";
import { whisperSizes } from "../whisper-sizes.ts";
import { demoClips, expectDemoClip, openDemoModel } from "./demo-clips.test-support.ts";

test("reference: the demo model has PyTorch's states and tokens on 56 clips, from their sound on", async () => {
  const model = await openDemoModel();
  const executor = await referenceExecutor(whisperSizes(model.config), (name) => model.tensors.read(name));

  for (const index of demoClips.keys()) await expectDemoClip(executor, model, index);

  expect(demoClips.length).toBe(56);
  await model.close();
}, 900_000);
