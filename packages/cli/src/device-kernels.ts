import type { Device } from "@aiekit/host";
import type { DeviceBuild } from "@aiekit/pipeline";
import type { WasmClang } from "@aiekit/wasm-clang";
import { buildStep } from "./build-step.ts";
import type { CommandContext } from "./command-context.ts";

/** Builds the kernels of a model for a device: those that are stale, with one compiler for all. */
export interface DeviceKernels {
  /** For `deviceExecutor`: the path of the manifest. */
  build(name: string, build: DeviceBuild): Promise<string>;
  /** Builds several side by side, so that the executor finds them made. */
  buildAll(builds: ReadonlyMap<string, DeviceBuild>): Promise<void>;
  /** Ends the compiler, when no build is under way. */
  close(): void;
}

/** Steps of several builds fill the cores that one build's steps leave idle; more builds at once would only wait. */
const sideBySide = 3;

export function deviceKernels(context: CommandContext, device: Device): DeviceKernels {
  const target = device.kind === "sim" ? "sim" : device.generation;
  const made = new Map<string, Promise<string>>();
  let compiler: Promise<WasmClang> | undefined;
  const run = async ({ kernel, params, device: npu }: DeviceBuild): Promise<string> => {
    compiler ??= openCompiler(context);
    const build = await buildStep(context, { kernel, params, target, device: npu, compiler: await compiler });
    return build.manifestPath;
  };
  const build = (name: string, wanted: DeviceBuild): Promise<string> => {
    const known = made.get(name) ?? run(wanted);
    made.set(name, known);
    return known;
  };
  return {
    build,
    async buildAll(builds) {
      const waiting = [...builds];
      const worker = async (): Promise<void> => {
        for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) await build(...next);
      };
      await Promise.all(Array.from({ length: sideBySide }, worker));
    },
    close: () => void compiler?.then((opened) => opened.close()),
  };
}

async function openCompiler({ environment: { clang } }: CommandContext): Promise<WasmClang> {
  const { WasmClang } = await import("@aiekit/wasm-clang");
  return WasmClang.open(clang === undefined ? {} : { clang });
}
