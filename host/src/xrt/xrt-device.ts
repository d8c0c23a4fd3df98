import { readFile } from "node:fs/promises";
import { AbortedError, DeviceError, DeviceUnavailableError, FormatError, type Target } from "@aiekit/core";
import { decodeSimImage, describePdi, isSimImage, readXclbin, type Xclbin } from "@aiekit/xclbin";
import type { AllocOptions, Bo, Device, HwContext, NpuGeneration } from "../device.ts";
import { emulatedMark } from "../emulation/machine-folder.ts";
import { checkBoOptions, type OwnsBo } from "../kernel-args.ts";
import { fullElfKernelName } from "../kernel-of.ts";
import { deviceLimits } from "../limits.ts";
import { dpuKernels } from "../xclbin-kernels.ts";
import { taskEnd } from "./driver-task.ts";
import { readFullElf } from "./full-elf.ts";
import type { NativeAddon, NativeDevice, NativeFailure } from "./native-addon.ts";
import { mayCallDriverForSync } from "./sync-setting.ts";
import { XrtBo } from "./xrt-bo.ts";
import { XrtContext } from "./xrt-context.ts";
import { XrtError, xrtError } from "./xrt-error.ts";

// As for a context: the driver stops a command after 2 s and the firmware answers within 5.
const closeLimitMs = 8000;

const noAnswer =
  "the driver does not answer: sudo dmesg | grep amdxdna; its calls stay until it does, or the process ends";

/** Opens the first NPU that XRT lists. @throws DeviceUnavailableError where it lists none or does not open it. */
export async function openXrtDevice(addon: NativeAddon): Promise<XrtDevice> {
  let native: NativeDevice | undefined;
  try {
    native = new addon.Device();
    return new XrtDevice(addon, native, await native.open(0));
  } catch (thrown) {
    void native?.close();
    const error = xrtError("device xrt", thrown);
    if (!(error instanceof XrtError)) throw error;
    throw new DeviceUnavailableError(error.message, {
      hint: error.hint ?? "look what is missing with: aiekit doctor",
      cause: error,
    });
  }
}

/** An NPU through XRT. */
export class XrtDevice implements Device {
  readonly kind = "xrt";
  readonly name: string;
  readonly generation: NpuGeneration;
  readonly target: Target;
  readonly #addon: NativeAddon;
  readonly #native: NativeDevice;
  readonly #syncsInDriver = mayCallDriverForSync();
  readonly #xclbins = new Map<string, Xclbin>();
  readonly #contexts = new Set<XrtContext>();
  readonly #bos = new Set<XrtBo>();
  /** Allocations that were given up and that the driver has not answered. */
  #givenUp = 0;
  #closed = false;
  /** Closed BOs are refused by the run itself, whichever device they were of. */
  readonly #owns: OwnsBo = (bo) => bo instanceof XrtBo && (bo.closed || this.#bos.has(bo.whole));

  constructor(addon: NativeAddon, native: NativeDevice, identity: { readonly name: string; readonly bdf: string }) {
    this.#addon = addon;
    this.#native = native;
    this.generation = generationOf(identity.name);
    const emulated = identity.name.includes(emulatedMark);
    this.target = emulated ? "sim" : this.generation;
    this.name = emulated ? `${this.generation} ${emulatedMark}` : `${this.generation} (${identity.name})`;
  }

  async registerXclbin(source: Uint8Array | string, name = "xclbin"): Promise<string> {
    this.#checkOpen("registerXclbin");
    // Read here first: XRT's own messages for files that are none do not say what is wrong.
    const bytes = typeof source === "string" ? await readBytes(source) : source;
    const xclbin = readXclbin(bytes.slice(), typeof source === "string" ? source : name);
    try {
      const uuid = await this.#native.register(bytes);
      this.#xclbins.set(uuid, xclbin);
      return uuid;
    } catch (error) {
      throw xrtError(`${xclbin.name}: register`, error);
    }
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
    this.#checkFits(xclbin, kernels[0]!.pdi.image);
    const names = kernels.map((kernel) => kernel.name);
    const native = await this.#native.createContext(uuid, names).catch((thrown: unknown) => {
      throw this.#contextError(xclbin.name, thrown);
    });
    const context = new XrtContext({
      uuid,
      native,
      generation: this.generation,
      hasModuleFlow: this.#addon.hasModuleFlow,
      // Memory groups are XRT's to say; kinds and flags the xclbin's.
      kernels: kernels.map((kernel, k) => ({
        ...kernel,
        args: kernel.args.map((arg, i) => ({ ...arg, group: native.kernels[k]?.args[i]?.group ?? arg.group })),
      })),
      onClose: (closed) => this.#contexts.delete(closed),
      owns: this.#owns,
    });
    if (this.#closed) await context.close();
    else this.#contexts.add(context);
    return context;
  }

  async createElfContext(elf: Uint8Array, name = "full ELF"): Promise<HwContext> {
    this.#checkOpen("createElfContext");
    const { codes, uid } = readFullElf(elf, name, this);
    if (!this.#addon.hasFullElfFlow) {
      throw new DeviceError(`${name}: this XRT makes no contexts of full ELFs`, {
        hint: "install a newer XRT and build the addon again, or use the xclbin of the same build",
      });
    }
    const kernels = codes.map((code) => ({ name: fullElfKernelName(code), argCount: code.argCount ?? 0 }));
    const native = await this.#native.createElfContext(elf, kernels).catch((thrown: unknown) => {
      throw this.#contextError(name, thrown);
    });
    const context = new XrtContext({
      ...{ uuid: uid ?? "", native, codes, kernels: [], generation: this.generation, hasModuleFlow: false },
      onClose: (closed) => this.#contexts.delete(closed),
      owns: this.#owns,
    });
    if (this.#closed) await context.close();
    else this.#contexts.add(context);
    return context;
  }

  async allocBo(sizeBytes: number, { flags, group, timeoutMs, signal }: AllocOptions): Promise<Bo> {
    this.#checkOpen("allocBo");
    checkBoOptions(sizeBytes, { flags, group });
    const what = `BO: ${sizeBytes} bytes`;
    if (this.#givenUp > 0) {
      throw new DeviceError(`${what}: an allocation that was given up is still in the driver`, { hint: noAnswer });
    }
    if (signal?.aborted) throw new AbortedError(`${what}: stopped before it was allocated`);
    const task = this.#native.allocBo(sizeBytes, flags === "cacheable", group);
    const onGivenUp = () => {
      this.#givenUp++;
      task.promise.catch(() => this.#givenUp--);
    };
    const limits = { timeoutMs, signal, what: `${what}: allocation`, hint: noAnswer, onGivenUp };
    const native = await taskEnd(task, limits).catch((thrown: unknown) => {
      throw xrtError(`${what} could not be allocated`, thrown);
    });
    const options = { flags, group, native, syncsInDriver: this.#syncsInDriver };
    const bo = new XrtBo(sizeBytes, options, (closed) => this.#bos.delete(closed));
    this.#bos.add(bo);
    if (!this.#closed) return bo;
    bo.close();
    throw new DeviceError(`${what}: the device was closed meanwhile`);
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    const ends = await Promise.allSettled([...this.#contexts].map((context) => context.close()));
    for (const bo of [...this.#bos]) bo.closeAll();
    this.#xclbins.clear();
    const failed = ends.find((end) => end.status === "rejected");
    const what = `device ${this.name}: close`;
    await taskEnd(this.#native.close(), { timeoutMs: closeLimitMs, what, hint: noAnswer });
    if (failed !== undefined) throw failed.reason;
  }

  #checkFits(xclbin: Xclbin, pdi: Uint8Array): void {
    const forSimulator = isSimImage(pdi);
    if (forSimulator !== (this.target === "sim")) {
      const made = forSimulator ? "the simulator" : describePdi(pdi).kind;
      throw new DeviceError(`${xclbin.name}: its PDI is for ${made}, the device is ${this.name}`, {
        hint: `aiekit build KERNEL --target ${this.target}`,
      });
    }
    if (forSimulator) {
      const { device } = decodeSimImage(pdi, `${xclbin.name}: PDI`);
      if (device.startsWith("npu2") !== (this.generation === "npu2")) {
        throw new DeviceError(`${xclbin.name}: design is for ${device}, the device is ${this.name}`, {
          hint: `build it for ${this.generation}: aiekit build KERNEL --npu ${this.generation}`,
        });
      }
    }
    const { columns } = deviceLimits[this.generation];
    const wanted = xclbin.partition?.columnWidth ?? 0;
    if (wanted < 1 || wanted > columns) {
      throw new DeviceError(`${xclbin.name}: AIE_PARTITION: expected 1 to ${columns} columns, got ${wanted}`);
    }
  }

  /** The driver says "Invalid argument" to everything that it cannot grant; what fits was checked before. */
  #contextError(name: string, thrown: unknown): Error {
    const failure = thrown as NativeFailure;
    if (failure.code !== "CONTEXT_REFUSED") return xrtError(`${name}: context`, thrown);
    const { contexts } = deviceLimits[this.generation];
    const own = this.#contexts.size;
    const why =
      own >= contexts
        ? `${this.generation} has ${contexts} contexts, all are in use`
        : `refused, with ${own} of ${this.generation}'s ${contexts} contexts in use by this device`;
    return new XrtError(`context: ${why}`, failure);
  }

  #checkOpen(action: string): void {
    if (this.#closed) throw new DeviceError(`device ${this.name}: ${action} after close`);
  }
}

/** By the name that the driver gives the device. @throws DeviceUnavailableError for one that is not known. */
function generationOf(name: string): NpuGeneration {
  if (/npu1|phoenix|hawk/i.test(name)) return "npu1";
  if (/npu[2456]|strix|krackan/i.test(name)) return "npu2";
  throw new DeviceUnavailableError(`device xrt: expected an NPU of the kinds npu1 and npu2, XRT lists '${name}'`, {
    hint: "open an issue with the output of: aiekit doctor",
  });
}

async function readBytes(path: string): Promise<Uint8Array> {
  try {
    return new Uint8Array(await readFile(path));
  } catch (cause) {
    throw new FormatError(`${path}: could not be read: ${(cause as Error).message}`, { cause });
  }
}
