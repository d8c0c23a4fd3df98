import { AbortedError, bf16Weights, type Tensor, tensor, tensorBytes } from "@aiekit/core";
import { openDevice } from "@aiekit/host";
import { encoderLayerArrays, loadSpeech, whisperTinyEncoder } from "@aiekit/pipeline";
import { encoderLayerNoise } from "@aiekit/validate";
import type { CommandContext } from "../command-context.ts";
import { withEncoderLayer } from "../encoder-layer-on-device.ts";
import { generationOf } from "../kernel-on-device.ts";
import { summarize } from "../statistics.ts";
import { syntheticWav } from "../synthetic-wav.ts";
import type { Probe, ProbeEvidence } from "./probe.ts";
import type { ProbeRequest } from "./run-probe.ts";

const melSamples = 80_000;
const sampleRateHz = 16_000;

/** Whisper's features of five seconds of sound, in one launch. */
export const melProbe: Probe = {
  ...{ part: "phases", kernel: "logmel", timedRuns: 3 },
  name: "log-mel features of 5 s of sound",
  params: { samples: String(melSamples) },
  inputs: () => {
    const { pcm } = loadSpeech(syntheticWav(melSamples / sampleRateHz, 1), "generated");
    return {
      pcm: tensor(
        "i16",
        [melSamples],
        Int16Array.from({ length: melSamples }, (_, i) => pcm[i] ?? 0),
      ),
    };
  },
  figure: (ms) => `${(melSamples / sampleRateHz / (ms / 1000)).toPrecision(3)} x real time`,
};

// A fifth of whisper-tiny's positions: the simulator takes its time.
const layerSizes = { ...whisperTinyEncoder, positions: 300 };
const timedPasses = 3;

/** One layer of a Whisper encoder, its arrays on the device from launch to launch; the simulator makes it once too. */
export async function encoderLayerEvidence(context: CommandContext, request: ProbeRequest): Promise<ProbeEvidence> {
  const name = `encoder layer, ${layerSizes.positions} positions of ${layerSizes.width}`;
  const about = { part: "phases", name, kernel: "encoder-layer", params: { ...layerSizes } } as const;
  const task = context.progress.start(`evidence ${name}`);
  try {
    const own = await passesOn(context, request.device, { npu: request.npu, timed: timedPasses });
    const simulated = await passesOn(context, "sim", { npu: request.npu, timed: 0 });
    const [ours, theirs] = [own.y, simulated.y];
    const differing = ours.filter((bits, i) => bits !== theirs[i]).length;
    const launchMs = summarize(own.wallMs);
    const figure = `${own.launches} launches in ${launchMs.median.toPrecision(3)} ms`;
    return { ...about, values: ours.length, differing, launchMs, figure, error: null };
  } catch (error) {
    if (error instanceof AbortedError || context.signal.aborted) throw error;
    const why = (error as Error).message.split("\n")[0]!;
    return { ...about, values: 0, differing: 0, launchMs: null, figure: null, error: why };
  } finally {
    task.done();
  }
}

interface LayerPasses {
  /** Bits of the layer's output. */
  readonly y: Uint16Array;
  readonly launches: number;
  readonly wallMs: readonly number[];
}

async function passesOn(
  context: CommandContext,
  kind: "xrt" | "sim",
  { npu, timed }: { readonly npu: string; readonly timed: number },
): Promise<LayerPasses> {
  const device = await openDevice(kind, {
    generation: generationOf(npu),
    xrtAddon: context.environment.xrtAddon,
    threads: context.environment.simThreads,
  });
  try {
    const made = encoderLayerNoise(layerSizes, 1);
    const arrays = new Map<string, Tensor>([
      ...encoderLayerArrays(made.weights, layerSizes),
      ["x", bf16Weights("x", made.x)],
    ]);
    const request = { device, npu, sizes: layerSizes, arrays, params: {} };
    return await withEncoderLayer(context, request, async ({ chain }) => {
      const { signal } = context;
      const first = await chain.run({ signal, guard: true });
      const bytes = tensorBytes(await chain.read("y")).slice();
      const wallMs: number[] = [];
      for (let pass = 0; pass < timed; pass++) wallMs.push((await chain.run({ signal })).totals.wallMs);
      return { y: new Uint16Array(bytes.buffer), launches: first.totals.launches, wallMs };
    });
  } finally {
    await device.close();
  }
}
