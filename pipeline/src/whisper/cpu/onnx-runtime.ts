import { DeviceUnavailableError } from "@aiekit/core";

// What is used of onnxruntime-node, by shape: the package is optional, and its types are not here where it is not.

export interface OrtTensor {
  readonly type: string;
  readonly data: Float32Array | Int32Array | BigInt64Array | Uint8Array;
  readonly dims: readonly number[];
}

export interface OrtSession {
  readonly inputNames: readonly string[];
  readonly outputNames: readonly string[];
  readonly inputMetadata: readonly {
    readonly name: string;
    readonly type?: string;
    readonly shape?: readonly (number | string)[];
  }[];
  readonly outputMetadata: OrtSession["inputMetadata"];
  /** Fetches by name: a tensor to write into, or null for a new one. */
  run(
    feeds: Readonly<Record<string, OrtTensor>>,
    fetches: Readonly<Record<string, OrtTensor | null>>,
  ): Promise<Record<string, OrtTensor>>;
  release(): Promise<void>;
}

export interface OnnxRuntime {
  readonly Tensor: new (type: string, data: OrtTensor["data"], dims: readonly number[]) => OrtTensor;
  readonly InferenceSession: {
    create(path: string, options: Readonly<Record<string, unknown>>): Promise<OrtSession>;
  };
}

/** The package that runs graphs. Not named in an import, so that the compiler does not ask for it. */
const packageName: string = "onnxruntime-node";

/** Loads onnxruntime. @throws DeviceUnavailableError where it is not installed or has no build for this machine. */
export async function loadOnnxRuntime(name = packageName): Promise<OnnxRuntime> {
  try {
    const loaded: { default?: OnnxRuntime } & Partial<OnnxRuntime> = await import(name);
    return loaded.default ?? (loaded as OnnxRuntime);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message.split("\n")[0] : String(cause);
    throw new DeviceUnavailableError(`cpu: ${packageName} cannot be loaded: ${reason}`, {
      hint: "in the folder of aiekit: npx pnpm@10.34.9 install --ignore-scripts; elsewhere: npm install --ignore-scripts onnxruntime-node@1.30.0",
      cause,
    });
  }
}
