import { appendFile, cp, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findKernel } from "@aiekit/mlir";
import { buildKernel, findProject } from "@aiekit/tools";
import type { CommandContext } from "./command-context.ts";
import type { KernelOnDevice } from "./kernel-on-device.ts";

/** Wall time of builds for the simulator, in folders of their own. The compiler is started anew for each. */
export interface BuildTimes {
  /** Nothing cached. */
  readonly coldMs: number;
  /** After a line was added to the kernel's source. */
  readonly editMs: number;
  /** With nothing changed. */
  readonly noChangeMs: number;
}

export async function benchBuild(
  context: CommandContext,
  { kernel, params, npu }: Pick<KernelOnDevice, "kernel" | "params" | "npu">,
): Promise<BuildTimes> {
  const entry = findKernel(kernel);
  const { sources } = entry.design({ device: npu ?? entry.device, params: withDefaults(entry.params, params) });
  const folder = await mkdtemp(join(tmpdir(), "aiekit-bench-"));
  const task = context.progress.start(`bench builds of ${kernel}`);
  try {
    const kernelsRoot = join(folder, "kernels");
    await cp(findProject().kernels, kernelsRoot, { recursive: true });
    const build = async (label: string): Promise<number> => {
      task.update(label);
      const result = await buildKernel(
        { kernel, target: "sim", params, device: npu },
        {
          kernelsRoot,
          outputRoot: join(folder, "xclbin"),
          cacheRoot: join(folder, "cache"),
          clang: context.environment.clang,
          signal: context.signal,
        },
      );
      return result.durationMs;
    };
    const coldMs = await build("cold");
    for (const { file } of sources) await appendFile(join(kernelsRoot, file), "\n// edited\n");
    const editMs = await build("after an edit");
    const noChangeMs = await build("without a change");
    return { coldMs, editMs, noChangeMs };
  } finally {
    task.done();
    await rm(folder, { recursive: true, force: true });
  }
}

function withDefaults(
  specs: readonly { readonly name: string; readonly default: number | string }[],
  given: KernelOnDevice["params"],
): Record<string, number | string> {
  return { ...Object.fromEntries(specs.map((spec) => [spec.name, spec.default])), ...given };
}
