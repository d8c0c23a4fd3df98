import type { Tensor } from "@aiekit/core";
import { type ChainPlan, type Device, LaunchChain, type LoadedKernel, loadKernel, targetOf } from "@aiekit/host";
import {
  type EncoderFrontSizes,
  type EncoderLayerSizes,
  encoderFrontBuilds,
  encoderFrontSteps,
  encoderLayerBuilds,
  encoderLayerSteps,
} from "@aiekit/pipeline";
import { buildStep } from "./build-step.ts";
import type { CommandContext } from "./command-context.ts";

/** An encoder layer that was built and loaded, its arrays allocated. */
export interface EncoderLayerOnDevice {
  readonly chain: LaunchChain;
  readonly plan: ChainPlan;
  /** Wall time of loading kernels and allocating arrays; the builds are not part of it. */
  readonly loadMs: number;
}

interface EncoderLayerRequest {
  readonly device: Device;
  /** Array that the kernels are built for; their own when undefined. */
  readonly npu: string | undefined;
  readonly sizes: EncoderLayerSizes;
  /** What makes the layer's input out of sound, where that is part of the chain. */
  readonly front?: EncoderFrontSizes | undefined;
  /** Contents of the arrays by their names in the chain. */
  readonly arrays: ReadonlyMap<string, Tensor>;
  /** Parameters for every build, besides those of the layer. */
  readonly params: Readonly<Record<string, number | string>>;
}

/** Builds what is stale, loads the kernels, gives the arrays their contents, and closes everything after `use`. */
export async function withEncoderLayer<T>(
  context: CommandContext,
  { device, npu, sizes, front, arrays, params }: EncoderLayerRequest,
  use: (layer: EncoderLayerOnDevice) => Promise<T>,
): Promise<T> {
  const target = targetOf(device);
  const manifests = new Map<string, string>();
  const builds = [...(front === undefined ? [] : encoderFrontBuilds(front)), ...encoderLayerBuilds(sizes)];
  for (const [key, { kernel, params: own }] of builds) {
    const build = await buildStep(context, { kernel, params: { ...own, ...params }, target, device: npu });
    manifests.set(key, build.manifestPath);
  }
  const startMs = performance.now();
  const kernels = new Map<string, LoadedKernel>();
  let chain: LaunchChain | undefined;
  try {
    for (const [key, path] of manifests) kernels.set(key, await loadKernel(device, path));
    const steps = [...(front === undefined ? [] : encoderFrontSteps(front)), ...encoderLayerSteps(sizes)];
    chain = await LaunchChain.open({ device, kernels, steps });
    for (const [name, array] of arrays) await chain.write(name, array);
    return await use({ chain, plan: chain.plan, loadMs: performance.now() - startMs });
  } finally {
    for (const kernel of kernels.values()) await kernel.close();
    chain?.close();
  }
}
