import { availableParallelism } from "node:os";
import type { Device } from "@aiekit/host";
import type { DeviceBuild } from "@aiekit/pipeline";
import type { WasmClang } from "@aiekit/wasm-clang";
import { buildStep } from "./build-step.ts";
import type { CommandContext } from "./command-context.ts";

/** Builds the kernels of a model for a device: those that are stale. */
export interface DeviceKernels {
  /** For `deviceExecutor`: the path of the manifest. */
  build(name: string, build: DeviceBuild): Promise<string>;
  /** Builds several side by side, so that the executor finds them made. */
  buildAll(builds: ReadonlyMap<string, DeviceBuild>): Promise<void>;
  /** Ends the compilers, when no build is under way. */
  close(): void;
}

/** Compilers at work at once; each does one thing at a time. */
const mostCompilers = 4;

export function deviceKernels(context: CommandContext, device: Device): DeviceKernels {
  const target = device.kind === "sim" ? "sim" : device.generation;
  const made = new Map<string, Promise<string>>();
  const compilers: Promise<WasmClang>[] = [];
  const run = async ({ kernel, params, device: npu }: DeviceBuild, worker: number): Promise<string> => {
    compilers[worker] ??= openCompiler(context);
    const compiler = await compilers[worker];
    return (await buildStep(context, { kernel, params, target, device: npu, compiler })).manifestPath;
  };
  const build = (name: string, wanted: DeviceBuild, worker = 0): Promise<string> => {
    const known = made.get(name) ?? run(wanted, worker);
    made.set(name, known);
    return known;
  };
  return {
    build: (name, wanted) => build(name, wanted),
    async buildAll(builds) {
      const waiting = [...builds];
      const work = async (worker: number): Promise<void> => {
        for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) await build(...next, worker);
      };
      const workers = Math.min(mostCompilers, availableParallelism());
      await Promise.all(Array.from({ length: workers }, (_, worker) => work(worker)));
    },
    close: () => {
      for (const compiler of compilers) void compiler.then((opened) => opened.close());
    },
  };
}

async function openCompiler({ environment: { clang } }: CommandContext): Promise<WasmClang> {
  const { WasmClang } = await import("@aiekit/wasm-clang");
  return WasmClang.open(clang === undefined ? {} : { clang });
}
