import { DeviceError } from "@aiekit/core";
import type { NativeFailure } from "./native-addon.ts";

/** Something that XRT refused or that failed on the NPU. */
export class XrtError extends DeviceError {
  /** XRT's own words. */
  readonly xrtText: string;
  /** errno, where XRT tells one. */
  readonly errno: number | undefined;
  /** Which kind of failure it is, for programs. */
  readonly kind: string;

  constructor(what: string, failure: NativeFailure, hint = cures[failure.code]) {
    super(`${what}: ${failure.message.trim()}`, { cause: failure, ...(hint !== undefined && { hint }) });
    this.xrtText = failure.message;
    this.errno = failure.errno === 0 ? undefined : failure.errno;
    this.kind = failure.code;
  }
}

/** The error of a call into the addon: XRT's, as an XrtError; another one as it is. */
export function xrtError(what: string, thrown: unknown): Error {
  const failure = thrown as Partial<NativeFailure>;
  const isNative = thrown instanceof Error && typeof failure.code === "string" && typeof failure.ertState === "number";
  return isNative ? new XrtError(what, thrown as NativeFailure) : (thrown as Error);
}

const cures: Readonly<Record<string, string | undefined>> = {
  NO_DEVICE: "look what is missing with: aiekit doctor",
  PERMISSION: "join the group of /dev/accel/accel0 (render): sudo usermod -aG render $USER, then log in again",
  MEMLOCK:
    "raise the limit of locked memory: `* - memlock unlimited` in /etc/security/limits.d/99-amdxdna.conf, then log in " +
    "again; docker: --ulimit memlock=-1",
  CONTEXT_REFUSED:
    "other programs may have the contexts or columns: xrt-smi examine -r aie-partitions shows them; close one of them",
  CONTEXT_CONFIGURE: "the device refused the xclbin's PDI: was it built for this NPU? aiekit lint FILE.xclbin",
  NO_DPU_KERNEL: "the xclbin lacks AIE_PARTITION or its kernel's PDI: aiekit lint FILE.xclbin",
  OUT_OF_MEMORY: "close BOs that are not needed, or allocate fewer bytes",
  NO_THREAD: "the system gives this process no further thread: ulimit -u; in a container its limit of processes (pids)",
  BAD_XCLBIN: "aiekit inspect FILE.xclbin says what is wrong with it",
};
