import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";

/** The addon's own interface, as host/native/src declares it. Not for programs: `XrtDevice` is. */
export interface NativeAddon {
  readonly builtAgainst: string;
  readonly runtimeVersion: string;
  /** Whether the XRT that it is built against runs instructions from an ELF beside an xclbin, and full ELFs without one. */
  readonly hasModuleFlow: boolean;
  readonly hasFullElfFlow: boolean;
  readonly Device: new () => NativeDevice;
  enumerate(): Promise<readonly (SeenDevice | { error: NativeFailure })[]>;
  /** By contexts of all programs; undefined where the driver does not tell. */
  columnsInUse(bdf: string): Promise<{ readonly columns: number; readonly contexts: number } | undefined>;
}

/** A device that opened, with XRT's reports on it: JSON texts, empty where the driver has no answer. */
export interface SeenDevice {
  readonly name: string;
  readonly bdf: string;
  readonly platform: string;
  readonly host: string;
}

export interface NativeDevice {
  open(index: number): Promise<{ readonly name: string; readonly bdf: string }>;
  register(xclbin: Uint8Array): Promise<string>;
  createContext(uuid: string, kernels: readonly string[]): Promise<NativeContext>;
  /** Of a full ELF; kernels are `kernel:instance`. */
  createElfContext(
    elf: Uint8Array,
    kernels: readonly { readonly name: string; readonly argCount: number }[],
  ): Promise<NativeContext>;
  allocBo(sizeBytes: number, cacheable: boolean, group: number): NativeTask<NativeBo>;
  /** Ends after everything that was asked for, and once all that was let go is freed. */
  close(): NativeTask<void>;
}

/** Work on a thread of the addon's. */
export interface NativeTask<T> {
  /** Rejected with code GIVEN_UP after `giveUp`, when its turn is over. */
  readonly promise: Promise<T>;
  /** From here on it does not keep the event loop alive; it is not begun, or what it makes is freed. */
  giveUp(): void;
}

export interface NativeContext {
  readonly kernels: readonly { name: string; args: readonly { name: string; type: string; group: number }[] }[];
  /** The number of a kernel whose instructions are in an ELF, for `createRun`. */
  moduleKernel(name: string, elf: Uint8Array): number;
  createRun(kernel: number, args: readonly NativeArg[]): NativeRun;
  /** Runs of an array are executed as one list. */
  start(id: number, run: NativeRun | readonly NativeRun[]): void;
  /** True when it was not submitted yet; its end is not heard of then. */
  cancel(id: number): boolean;
  setOnEnd(
    onEnd: (id: number, state: number, index: number, wallMs: number, failure: NativeFailure | undefined) => void,
  ): void;
  /** Frees the context once nothing of it is in flight. */
  close(): Promise<void>;
}

export interface NativeBo {
  /** Over the BO's memory; not there for a part. */
  readonly host?: ArrayBuffer;
  /** At once: flushes the processor's caches, or calls the driver. */
  sync(toDevice: boolean, offsetBytes: number, sizeBytes: number): void;
  /** The same on the device's thread, in turn with allocations. */
  syncOnThread(toDevice: boolean, offsetBytes: number, sizeBytes: number): Promise<void>;
  part(offsetBytes: number, sizeBytes: number): NativeBo;
  close(): void;
}

/** Null leaves an argument unset. */
export type NativeArg = number | NativeBo | null;

export interface NativeRun {
  setArgs(args: readonly NativeArg[]): void;
  /** Frees it now, or when its command ends. */
  release(): void;
}

/** What the addon throws: XRT's text, where it came from, errno and command state (0 where XRT tells none). */
export interface NativeFailure extends Error {
  readonly code: string;
  readonly errno: number;
  readonly ertState: number;
}

/** The addon, or why it is not there and what to do. */
export type AddonOrReason = { readonly addon: NativeAddon } | { readonly reason: string; readonly cure: string };

const cures = {
  build:
    "on Linux with an NPU: get XRT >= 2.21 with headers (Debian 13: libxrt2 libxrt-npu2 libxrt-dev uuid-dev of " +
    "trixie-backports; Ubuntu: ppa:amd-team/xrt), then: node scripts/build-xrt-addon.mjs",
  again: "build the addon again for the XRT and the node of this machine: node scripts/build-xrt-addon.mjs",
  install: "get XRT's libraries (Debian 13: libxrt2 and libxrt-npu2 of trixie-backports; Ubuntu: ppa:amd-team/xrt)",
} as const;

/** Loads the addon at `path`, by default where scripts/build-xrt-addon.mjs puts it. Touches no device. */
export function loadAddon(path = defaultPath): AddonOrReason {
  if (!existsSync(path)) return { reason: `the XRT addon is not built (${path})`, cure: cures.build };
  try {
    const addon = createRequire(import.meta.url)(path) as NativeAddon;
    if (isOlder(addon.runtimeVersion, addon.builtAgainst)) {
      const reason = `the addon was built against XRT ${addon.builtAgainst}, this machine has ${addon.runtimeVersion}`;
      return { reason, cure: cures.again };
    }
    return { addon };
  } catch (error) {
    return unloadable((error as Error).message);
  }
}

const defaultPath = fileURLToPath(new URL("../../native/build/Release/aiekit_xrt.node", import.meta.url));

/** By what the dynamic loader says. */
function unloadable(text: string): AddonOrReason {
  const line = text.split("\n")[0] ?? text;
  if (/libxrt\S*: cannot open shared object/.test(text)) return { reason: line, cure: cures.install };
  return { reason: line, cure: cures.again };
}

function isOlder(version: string, than: string): boolean {
  const [a, b] = [version, than].map((text) => text.split(".").map(Number));
  return a![0]! < b![0]! || (a![0] === b![0] && a![1]! < b![1]!);
}
