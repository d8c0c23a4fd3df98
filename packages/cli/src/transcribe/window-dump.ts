import { type Tensor, tensor, UsageError, writeNpy } from "@aiekit/core";
import type { WhisperExecutor, WindowDone } from "@aiekit/pipeline";
import { writeOutput } from "../write-output.ts";

interface DumpPaths {
  /** .npy, f32[windows, mels, frames]. */
  readonly features: string | undefined;
  /** .npy, f32[windows, positions, width]. */
  readonly encoder: string | undefined;
  /** JSON: tokens and probabilities of each window. */
  readonly tokens: string | undefined;
}

/** Keeps what passes through the model, window by window, and writes it at the end. Memory grows with the recording. */
export class WindowDump {
  readonly #paths: DumpPaths;
  readonly #features: Tensor<"f32">[] = [];
  readonly #encoded: Tensor<"f32">[] = [];
  readonly #windows: WindowDone[] = [];

  constructor(paths: DumpPaths) {
    this.#paths = paths;
  }

  get isAsked(): boolean {
    return Object.values(this.#paths).some((path) => path !== undefined);
  }

  /** An executor that is looked into. */
  wrap(executor: WhisperExecutor): WhisperExecutor {
    if (this.#paths.features === undefined && this.#paths.encoder === undefined) return executor;
    return {
      get name() {
        return executor.name;
      },
      config: executor.config,
      ...(executor.melFeatures === undefined
        ? {}
        : { melFeatures: (pcm: Tensor<"i16">) => executor.melFeatures!(pcm) }),
      encode: async (features) => {
        const state = await executor.encode(features);
        if (this.#paths.features !== undefined) this.#features.push(features);
        if (this.#paths.encoder !== undefined) this.#encoded.push(await state.output());
        return state;
      },
      decode: (state, options) => executor.decode(state, options),
      close: () => executor.close(),
    };
  }

  addWindow(window: WindowDone): void {
    if (this.#paths.tokens !== undefined) this.#windows.push(window);
  }

  /** Returns the paths that were written. @throws UsageError where no window was encoded: silence has no features. */
  async write(cwd: string): Promise<readonly string[]> {
    const { features, encoder, tokens } = this.#paths;
    const files: (readonly [string, Uint8Array | string])[] = [];
    if (features !== undefined) files.push([features, writeNpy(stacked(this.#features, features))]);
    if (encoder !== undefined) files.push([encoder, writeNpy(stacked(this.#encoded, encoder))]);
    if (tokens !== undefined) files.push([tokens, `${JSON.stringify({ windows: this.#windows }, null, 1)}\n`]);
    for (const [path, content] of files) await writeOutput(path, cwd, content);
    return files.map(([path]) => path);
  }
}

function stacked(windows: readonly Tensor<"f32">[], path: string): Tensor<"f32"> {
  const [first] = windows;
  if (first === undefined) throw new UsageError(`${path}: expected a window that is not silent, got none`);
  const all = tensor("f32", [windows.length, ...first.shape]);
  for (const [i, { data }] of windows.entries()) all.data.set(data, i * first.data.length);
  return all;
}
