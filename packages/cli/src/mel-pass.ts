import { type LoadedSpeech, type MelFeatures, melFeatures } from "@aiekit/pipeline";
import type { ReadyKernel } from "./kernel-on-device.ts";
import type { Phase } from "./phases.ts";

/** Log-mel features, with the phases as the tables print them. */
export interface MelPass extends Omit<MelFeatures, "phases"> {
  readonly phases: readonly Phase[];
}

/** Sound through the mel kernel, on the clock of wall time. */
export async function melPass(ready: ReadyKernel, loaded: LoadedSpeech): Promise<MelPass> {
  const features = await melFeatures({
    ...loaded,
    run: (inputs) => ready.run(inputs),
    clockMs: () => performance.now(),
  });
  const { loadMs, framingMs, deviceMs, logMs } = features.phases;
  const phases = [
    { name: "load", wallMs: loadMs },
    { name: "framing", wallMs: framingMs },
    { name: "device", wallMs: deviceMs },
    { name: "log", wallMs: logMs },
  ];
  return { ...features, phases };
}
