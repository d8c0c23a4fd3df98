import type { Target } from "@aiekit/core";
import type { RunReport as ArrayReport } from "@aiekit/sim";

/** What runs kernels: the simulator of the array, the NPU through XRT, or the CPU. */
export type DeviceKind = "sim" | "xrt" | "cpu";

/** `npu1`: AIE2 (Phoenix, Hawk Point). `npu2`: AIE2P (Strix, Krackan). */
export type NpuGeneration = "npu1" | "npu2";

/** States of a run, by XRT's names (`ERT_CMD_STATE_*`). The last four are final. */
export type RunState = "NEW" | "QUEUED" | "RUNNING" | "COMPLETED" | "ERROR" | "ABORT" | "TIMEOUT";

export type SyncDirection = "toDevice" | "fromDevice";

/** Where a BO lives: instruction streams in the `cacheable` device heap, data in `hostOnly` memory. */
export type BoFlags = "cacheable" | "hostOnly";

/** A device that was opened. Closing it closes its contexts and BOs; every method then throws a DeviceError. */
export interface Device {
  readonly kind: DeviceKind;
  /** For people, for example `npu1 (simulated)`. */
  readonly name: string;
  readonly generation: NpuGeneration;
  /** Set when `auto` chose this device: what was chosen and why. */
  readonly choice?: string;
  /**
   * Which builds it executes, where that does not follow from its kind: `sim` on an NPU whose driver is emulated and whose
   * array is simulated. Its times are then the simulator's; see `targetOf`.
   */
  readonly target?: Target;
  /**
   * Reads an xclbin (bytes or a path) and makes it known to the device. Registering the same xclbin again is harmless.
   * `name` is what messages call the bytes; a path names itself.
   * @returns its uuid, for `createContext`.
   * @throws FormatError when the bytes are not an xclbin.
   */
  registerXclbin(source: Uint8Array | string, name?: string): Promise<string>;
  /**
   * Configures columns of the array for a registered xclbin. What the array holds then persists from run to run.
   * @throws DeviceError when the xclbin has no valid DPU kernel, does not fit, or the device has no context left.
   */
  createContext(uuid: string): Promise<HwContext>;
  /**
   * Columns of the array for a full ELF, which has PDIs and instructions in it and needs no xclbin (`writeFullElf`, aiebu-asm).
   * Its kernels are named `kernel:instance`. Each run configures the columns as its stream says.
   * @throws FormatError for an ELF that XRT could not run rightly; DeviceError where the device runs none: the simulator,
   * npu1 (its firmware has no preemption, and the driver refuses the command), an XRT without the flow.
   */
  createElfContext(elf: Uint8Array, name?: string): Promise<HwContext>;
  /**
   * A buffer object of `sizeBytes`; `group` is `kernel.groupId(index)` of the argument it is for.
   * @throws DeviceError when there is no memory, or the driver did not answer within `timeoutMs`; AbortedError.
   */
  allocBo(sizeBytes: number, options: AllocOptions): Promise<Bo>;
  /** @throws DeviceError when the driver does not give everything back; what it keeps stays until the process ends. */
  close(): Promise<void>;
}

export interface BoOptions {
  readonly flags: BoFlags;
  readonly group: number;
}

/** No time limit unless one is given. */
export interface AllocOptions extends BoOptions, WaitOptions {}

/** Columns of the array, configured by one xclbin or one full ELF. */
export interface HwContext {
  /** Of the xclbin; the UID of a full ELF. */
  readonly uuid: string;
  /** Names of its kernels. */
  readonly kernels: readonly string[];
  /** @throws DeviceError when the xclbin has no kernel of that name; the message lists those it has. */
  kernel(name: string): Kernel;
  /**
   * The xclbin's kernel with instructions from an ELF (`writeInstsElf`, aiebu-asm): XRT's module flow, in which XRT writes
   * the BOs' addresses into the stream instead of the firmware. Its runs take 0 for the instruction BO and its length.
   * The simulator executes the stream that is in the ELF. Kept until the context is closed.
   * @throws FormatError for an ELF that XRT could not run rightly, DeviceError where it is for another NPU or XRT lacks the flow.
   */
  moduleKernel(name: string, elf: Uint8Array, elfName?: string): Kernel;
  /** A list of runs that are started together and waited for together. */
  createRunlist(): Runlist;
  /** Runs that are still in flight end as ABORT. */
  close(): Promise<void>;
}

/** One argument of a kernel as the xclbin's EMBEDDED_METADATA declares it. */
export interface KernelArg {
  readonly index: number;
  readonly name: string;
  readonly kind: "scalar" | "bo";
  /** C type, for example `uint64_t` or `void*`. */
  readonly type: string;
  /** BOs only: where the argument's memory has to be. */
  readonly flags: BoFlags | undefined;
}

/** Scalars are numbers; everything else is a BO. */
export type RunArg = number | bigint | Bo;

export interface Kernel {
  readonly name: string;
  readonly args: readonly KernelArg[];
  /** Where the instructions are: in a BO of each run, or in an ELF. */
  readonly flow: "insts" | "elf" | "full-elf";
  /** Memory group of an argument, for `allocBo`. Those of scalars end in 0xffff, as in XRT. */
  groupId(index: number): number;
  /**
   * A run that is not started yet. Arguments as on hardware: opcode 3, instruction BO, its length in 32-bit words, bo0, bo1, ...
   * With instructions in an ELF the second and the third are 0; a kernel of a full ELF takes its BOs and nothing else.
   * Trailing BOs may be left out when the instruction stream does not use them.
   * @throws UsageError that names the argument, what was expected and what was given.
   */
  createRun(...args: readonly RunArg[]): Run;
  /** `createRun(...)`, started. */
  run(...args: readonly RunArg[]): Run;
}

/**
 * Memory shared by host and device. What the host writes is seen by the device after `sync("toDevice")`, and what the
 * device writes is seen by the host after `sync("fromDevice")`; without the sync either side sees old bytes.
 */
export interface Bo {
  readonly sizeBytes: number;
  readonly flags: BoFlags;
  readonly group: number;
  /**
   * The host's view, the same ArrayBuffer at each call. It is detached (length 0) once the BO is closed; reads and writes of
   * files that use it have to end before, since the memory is given back.
   */
  map(): ArrayBuffer;
  /**
   * Makes one side see what the other wrote. Await it before a run that reads the bytes, or `read`: while it is under way
   * both throw a DeviceError, where the device cannot sync at once. Rejected with a DeviceError for a range outside the BO.
   */
  sync(direction: SyncDirection, range?: BoRange): Promise<void>;
  /** Copies into the host's view; `sync("toDevice")` is still needed. */
  write(bytes: Uint8Array, offsetBytes?: number): void;
  /** A copy from the host's view; `sync("fromDevice")` first. */
  read(range?: BoRange): Uint8Array;
  /**
   * The bytes of a range as a BO of their own, for a run that is to read or write only these: the same memory on both
   * sides. It has no mapping; `read` and `write` count from its start. Close it before the BO that it is a part of.
   * @throws DeviceError for a range outside the BO, or one that does not start at a multiple of `partAlignmentBytes`.
   */
  part(range: BoRange): Bo;
  /**
   * The memory is given back behind it, in turn with other calls of the driver.
   * @throws DeviceError while a run that uses the BO is in flight, or a part of it is open.
   */
  close(): void;
}

/** A part of a BO; everything from `offsetBytes` on when `sizeBytes` is left out. */
export interface BoRange {
  readonly offsetBytes?: number;
  readonly sizeBytes?: number;
}

export interface WaitOptions {
  /** Wall time after which what is waited for is given up; a run ends as TIMEOUT. No limit when left out. */
  readonly timeoutMs?: number | undefined;
  /** Gives it up at once; a run ends as ABORT. */
  readonly signal?: AbortSignal | undefined;
}

/** One launch of a kernel. May be started again once its state is final. */
export interface Run {
  readonly state: RunState;
  /** Why the run did not complete; undefined while it is in flight and after COMPLETED. */
  readonly error: Error | undefined;
  /** Measurements of the last launch; undefined before it ended. */
  readonly report: RunReport | undefined;
  /** Puts the run into its context's queue; runs of a context execute in order. */
  start(): this;
  /** Waits for a final state and returns it, whatever it is; never throws for a run that failed. */
  wait(options?: WaitOptions): Promise<RunState>;
  /** Waits, and throws `error` unless the run completed. */
  finish(options?: WaitOptions): Promise<RunReport>;
}

/** Runs of one context that are executed in order; after the first that fails the rest end as ABORT. */
export interface Runlist {
  add(run: Run): void;
  execute(): void;
  /** COMPLETED, or the state of the first run that did not complete. */
  wait(options?: WaitOptions): Promise<RunState>;
  /** The first run that did not complete. */
  readonly failed: Run | undefined;
  /** Empties the list. */
  reset(): void;
}

export interface RunReport {
  /** Wall time from the moment the device took the run until it ended. On `sim` this is the simulator's own speed. */
  readonly wallMs: number;
  /** Set on `sim` only: a model's answer, not a measurement. */
  readonly modelled: ModelledTime | undefined;
  /** Set on `sim` only: what each core and channel did, by the model. */
  readonly array?: ArrayReport | undefined;
  /** Things the device did not like but carried out. */
  readonly warnings: readonly string[];
}

/** Time on the modelled array. `seconds` = cycles / clockHz. */
export interface ArrayTime {
  readonly cycles: number;
  readonly clockHz: number;
  readonly seconds: number;
}

/**
 * Time on the modelled array, and what lies outside of it and of `seconds`: a launch, and loading the columns where another
 * context held them. Both are constants fitted to published rows, see `aiekit calibrate`.
 */
export interface ModelledTime extends ArrayTime {
  readonly launchSeconds: number;
  readonly switchSeconds: number;
}
