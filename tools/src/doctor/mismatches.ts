import { compareVersions } from "../toolchain/versions.ts";

/** Versions of the parts that have to fit each other; undefined where a part is not there or does not tell. */
export interface Versions {
  /** Of amdxdna from outside the kernel: `2.21.75`; one in the kernel has none of its own. */
  readonly driver?: string | undefined;
  /** Kernel release: `6.14.1`. */
  readonly kernel: string;
  /** Whether amdxdna is loaded. */
  readonly driverLoaded: boolean;
  readonly firmware?: string | undefined;
  readonly generation?: "npu1" | "npu2" | undefined;
  /** Of libxrt_coreutil. */
  readonly xrt?: string | undefined;
  /** Of the NPU's plug-in beside it. */
  readonly plugin?: string | undefined;
  readonly glibc?: string | undefined;
  /** Folders that have an XRT, in the order in which they are looked for. */
  readonly xrtFolders: readonly string[];
}

/** Two parts that are both there and do not fit. */
interface Mismatch {
  readonly parts: string;
  /** What is wrong with these versions; undefined where they fit. */
  readonly found: (versions: Versions) => string | undefined;
  readonly cure: string;
}

/** First XRT with what the addon uses. */
export const oldestXrt = "2.21.0";
/** What Debian's XRT from 2.25 on is linked against. */
const glibcOfXrt = { xrt: "2.25.0", glibc: "2.38" } as const;

/** Of npu1. What an older one lacks is not known to us, so it is a warning. */
const reportedFirmware = "1.5.5";

export const mismatches: readonly Mismatch[] = [
  {
    parts: "XRT and this program",
    found: ({ xrt }) =>
      isBefore(xrt, oldestXrt) ? `XRT ${xrt}: hardware contexts and runlists are used from ${oldestXrt} on` : undefined,
    cure: "a newer XRT: trixie-backports, ppa:amd-team/xrt, or AMD's own packages",
  },
  {
    parts: "XRT and its NPU plug-in",
    found: ({ xrt, plugin }) =>
      xrt !== undefined && plugin !== undefined && release(xrt) !== release(plugin)
        ? `XRT ${xrt}, plug-in ${plugin}: they call each other's C++, which differs between releases`
        : undefined,
    cure: "both from one source: libxrt2 and libxrt-npu2 of one distribution, or xrt-base and xrt_plugin-amdxdna of one release",
  },
  {
    parts: "XRT and the driver of dkms",
    found: ({ xrt, driver }) =>
      xrt !== undefined && driver !== undefined && /^\d+\.\d+/.test(driver) && isBefore(release(driver), release(xrt))
        ? `amdxdna ${driver} is older than XRT ${xrt}: it refuses what XRT asks with err=-95 or err=-22`
        : undefined,
    cure: "amdxdna-dkms of XRT's release, or a newer kernel's own amdxdna",
  },
  {
    parts: "kernel and amdxdna",
    found: ({ kernel, driver, driverLoaded }) =>
      driverLoaded && driver === undefined && isBefore(kernel, "6.14")
        ? `amdxdna without a version on Linux ${kernel}: the kernel's own begins with 6.14`
        : undefined,
    cure: "amdxdna-dkms of XRT's release, or Linux 6.14 or newer",
  },
  {
    parts: "firmware and driver",
    found: ({ firmware, generation, driverLoaded }) =>
      generation === "npu1" && driverLoaded && isBefore(firmware, reportedFirmware)
        ? `firmware ${firmware} is older than ${reportedFirmware}, which is reported to run (Linux 7.0, XRT 2.21): where ` +
          "they do not fit, the driver does not start or commands end as ABORT at once"
        : undefined,
    cure: "linux-firmware (firmware-amd-graphics) as new as the driver; then: sudo modprobe -r amdxdna && sudo modprobe amdxdna",
  },
  {
    parts: "libc and XRT",
    found: ({ xrt, glibc }) =>
      xrt !== undefined && isBefore(glibc, glibcOfXrt.glibc) && !isBefore(xrt, glibcOfXrt.xrt)
        ? `glibc ${glibc}: Debian's XRT ${xrt} needs ${glibcOfXrt.glibc}`
        : undefined,
    cure: "a newer release of the distribution, XRT built on this machine, or a container (host/docker)",
  },
  {
    parts: "two XRTs",
    found: ({ xrtFolders }) =>
      xrtFolders.length > 1 ? `${xrtFolders.join(" and ")}: which one is loaded depends on LD_LIBRARY_PATH` : undefined,
    cure: "keep one of them; build the addon again with --xrt and its folder",
  },
];

/** Of two versions that are known. */
function isBefore(version: string | undefined, than: string): boolean {
  return version !== undefined && compareVersions(plain(version), plain(than)) < 0;
}

/** `2.25` of 2.25.0. */
const release = (version: string): string => version.split(".").slice(0, 2).join(".");

/** Without what follows the numbers: 6.14.1-amd64. */
const plain = (version: string): string => /^\d+(\.\d+)*/.exec(version)?.[0] ?? version;
