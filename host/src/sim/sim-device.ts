import { readFile } from "node:fs/promises";
import { AbortedError, DeviceError, FormatError } from "@aiekit/core";
import type { AieArrayOptions } from "@aiekit/sim";
import { decodeSimImage, isSimImage, readXclbin, type SimImage, type Xclbin } from "@aiekit/xclbin";
import type { AllocOptions, Bo, Device, HwContext, NpuGeneration } from "../device.ts";
import { checkBoOptions } from "../kernel-args.ts";
import { deviceLimits } from "../limits.ts";
import { type DpuKernel, dpuKernels } from "../xclbin-kernels.ts";
import { DecodedCache } from "./decoded-cache.ts";
import { ResidentContexts } from "./resident-contexts.ts";
import { configureArray } from "./sim-array.ts";
import { SimBo } from "./sim-bo.ts";
import { SimContext } from "./sim-context.ts";

interface SimDeviceOptions {
  readonly generation: NpuGeneration;
  readonly choice?: string;
  /** How the arrays of its contexts are made. */
  readonly array?: AieArrayOptions;
}

/**
 * The simulator as a device. It holds to what hardware demands: a complete xclbin, a limited number of contexts,
 * columns that fit, BOs in the right memory, syncs. Each context has an array of its own; that columns are shared in time is
 * told in the modelled time of runs only.
 */
export class SimDevice implements Device {
  readonly kind = "sim";
  readonly name: string;
  readonly generation: NpuGeneration;
  readonly choice?: string;
  readonly #array: AieArrayOptions;
  readonly #xclbins = new Map<string, Xclbin>();
  readonly #contexts = new Set<SimContext>();
  readonly #bos = new Set<SimBo>();
  readonly #resident: ResidentContexts;
  #closed = false;

  constructor(options: SimDeviceOptions) {
    this.generation = options.generation;
    this.#resident = new ResidentContexts(deviceLimits[options.generation].columns);
    this.#array = options.array ?? {};
    this.name = `${options.generation} (simulated)`;
    if (options.choice !== undefined) this.choice = options.choice;
  }

  async registerXclbin(source: Uint8Array | string, name = "xclbin"): Promise<string> {
    this.#checkOpen("registerXclbin");
    // Slices keep a registered xclbin as it was, whatever the caller does with its bytes.
    const xclbin =
      typeof source === "string" ? readXclbin(await readBytes(source), source) : readXclbin(source.slice(), name);
    this.#xclbins.set(xclbin.uuid, xclbin);
    return xclbin.uuid;
  }

  async createContext(uuid: string): Promise<HwContext> {
    this.#checkOpen("createContext");
    const xclbin = this.#xclbins.get(uuid);
    if (xclbin === undefined) {
      throw new DeviceError(`context: no xclbin with uuid '${uuid}' is registered`, {
        hint: "pass what registerXclbin returned",
      });
    }
    const kernels = dpuKernels(xclbin);
    const image = simImage(xclbin, kernels);
    this.#checkFits(xclbin, image);
    const limit = deviceLimits[this.generation].contexts;
    if (this.#contexts.size >= limit) {
      throw new DeviceError(`context: ${this.generation} has ${limit} contexts, all are in use`, {
        hint: "close one first; on hardware XRT says DRM_IOCTL_AMDXDNA_CREATE_HWCTX IOCTL failed (err=-22)",
      });
    }
    const width = xclbin.partition?.columnWidth ?? 0;
    const context = new SimContext({
      uuid,
      kernels,
      configure: () => configureArray(image, this.#array),
      beforeRun: (user) => this.#resident.use(user, width),
      onClose: (closed) => {
        this.#contexts.delete(closed);
        this.#resident.leave(closed);
      },
      owns: (bo) => bo instanceof SimBo && (bo.closed || this.#bos.has(bo.whole)),
    });
    this.#contexts.add(context);
    try {
      await context.configure();
    } catch (error) {
      await context.close();
      throw error;
    }
    return context;
  }

  async createElfContext(_elf: Uint8Array, name = "full ELF"): Promise<HwContext> {
    this.#checkOpen("createElfContext");
    throw new DeviceError(`${name}: the simulator runs no full ELFs`, {
      hint: "make a context of the xclbin of the same build: createContext",
    });
  }

  async allocBo(sizeBytes: number, options: AllocOptions): Promise<Bo> {
    this.#checkOpen("allocBo");
    checkBoOptions(sizeBytes, options);
    if (options.signal?.aborted) throw new AbortedError(`BO: ${sizeBytes} bytes: stopped before it was allocated`);
    const bo = new SimBo(sizeBytes, options, (closed) => this.#bos.delete(closed));
    this.#bos.add(bo);
    return bo;
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    for (const context of [...this.#contexts]) await context.close();
    for (const bo of [...this.#bos]) bo.closeAll();
    this.#xclbins.clear();
  }

  #checkFits(xclbin: Xclbin, image: SimImage): void {
    const generation = image.device.startsWith("npu2") ? "npu2" : "npu1";
    if (generation !== this.generation) {
      throw new DeviceError(`${xclbin.name}: design is for ${image.device}, the device is ${this.name}`, {
        hint: `openDevice("sim", { generation: "${generation}" })`,
      });
    }
    const { columns } = deviceLimits[this.generation];
    const wanted = xclbin.partition?.columnWidth ?? 0;
    if (wanted < 1 || wanted > columns) {
      throw new DeviceError(`${xclbin.name}: AIE_PARTITION: expected 1 to ${columns} columns, got ${wanted}`);
    }
  }

  #checkOpen(action: string): void {
    if (this.#closed) throw new DeviceError(`device ${this.name}: ${action} after close`);
  }
}

/** Images of late contexts: what is made of one is found again by it. */
const images = new DecodedCache<SimImage>();

/** The simulator's image, from the PDI that serves the first kernel. */
function simImage(xclbin: Xclbin, kernels: readonly DpuKernel[]): SimImage {
  const pdi = kernels[0]!.pdi;
  if (!isSimImage(pdi.image)) {
    throw new DeviceError(
      `${xclbin.name}: its PDI (${pdi.image.length} bytes) is for hardware, not for the simulator`,
      {
        hint: "build the kernel for the simulator: aiekit build KERNEL --target sim",
      },
    );
  }
  return images.read(pdi.image, (bytes) => decodeSimImage(bytes, `${xclbin.name}: PDI`));
}

async function readBytes(path: string): Promise<Uint8Array> {
  try {
    return new Uint8Array(await readFile(path));
  } catch (cause) {
    throw new FormatError(`${path}: could not be read: ${(cause as Error).message}`, { cause });
  }
}
