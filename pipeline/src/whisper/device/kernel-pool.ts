import { type Device, deviceLimits, type LoadedKernel, loadKernel } from "@aiekit/host";
import type { DeviceBuild } from "./device-builds.ts";
import type { DeviceTracer } from "./launch-trace.ts";
import { leastNeeded } from "./least-needed.ts";

interface KernelPoolOptions {
  readonly device: Device;
  /** Builds a kernel where it is stale; the path of its manifest. Asked once for each name. */
  readonly build: (name: string, build: DeviceBuild) => Promise<string>;
  readonly tracer?: DeviceTracer | undefined;
  /** Contexts that it may have at once; all that the device has where left out. */
  readonly contexts?: number | undefined;
}

/**
 * Kernels on a device that has fewer hardware contexts than there are kernels. What is needed next keeps its context where
 * anything else has one; of the rest, a kernel that runs once a window hands its context back before one that every token needs.
 */
export class KernelPool {
  readonly device: Device;
  readonly #options: KernelPoolOptions;
  readonly #most: number;
  readonly #manifests = new Map<string, Promise<string>>();
  /** By name; asked for last comes last. */
  readonly #open = new Map<string, { readonly build: DeviceBuild; readonly kernel: LoadedKernel }>();

  constructor(options: KernelPoolOptions) {
    this.#options = options;
    this.device = options.device;
    this.#most = options.contexts ?? deviceLimits[options.device.generation].contexts;
  }

  /**
   * A kernel in a context of its own; it stays valid until the next call. `needed`: names of those that will be asked for
   * soon. @throws what building and loading throw.
   */
  async get(name: string, build: DeviceBuild, needed: ReadonlySet<string> = new Set()): Promise<LoadedKernel> {
    const known = this.#open.get(name);
    const entry = known ?? { build, kernel: await this.#load(name, build, needed) };
    this.#open.delete(name);
    this.#open.set(name, entry);
    return entry.kernel;
  }

  async close(): Promise<void> {
    for (const name of [...this.#open.keys()]) await this.#handBack(name);
  }

  async #load(name: string, build: DeviceBuild, needed: ReadonlySet<string>): Promise<LoadedKernel> {
    const manifest = this.#manifests.get(name) ?? this.#options.build(name, build);
    this.#manifests.set(name, manifest);
    const path = await manifest;
    while (this.#open.size >= this.#most) await this.#handBack(this.#leastNeeded(needed));
    const kernel = await loadKernel(this.device, path);
    this.#heard("open", name, { open: this.#open.size + 1, wallMs: kernel.loadMs });
    return kernel;
  }

  #leastNeeded(needed: ReadonlySet<string>): string {
    return leastNeeded(
      [...this.#open].map(([name, { build }]) => ({ name, oncePerWindow: build.oncePerWindow })),
      needed,
    );
  }

  async #handBack(name: string): Promise<void> {
    const startMs = performance.now();
    await this.#open.get(name)!.kernel.close();
    this.#open.delete(name);
    this.#heard("close", name, { open: this.#open.size, wallMs: performance.now() - startMs });
  }

  #heard(action: "open" | "close", kernel: string, event: { readonly open: number; readonly wallMs: number }): void {
    this.#options.tracer?.onContext?.({ action, kernel, ...event });
  }
}
