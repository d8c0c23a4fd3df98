import { stat } from "node:fs/promises";
import { join } from "node:path";
import type { Check } from "./check.ts";
import type { DoctorEnvironment } from "./environment.ts";
import type { Npu } from "./npu-device.ts";
import { namesIn, readTrimmed } from "./system-files.ts";

/** The node that programs open, and whether this process may. */
export async function checkNode(environment: DoctorEnvironment, npu: Npu | undefined): Promise<Check> {
  const { systemRoot } = environment;
  // The driver's folder says which number the node has: a second accelerator may have taken accel0.
  const [named] = npu ? (await namesIn(join(npu.folder, "accel"))).filter((name) => /^accel\d+$/.test(name)) : [];
  const node = `dev/accel/${named ?? "accel0"}`;
  const path = join(systemRoot, node);
  const base = { group: "npu", name: "device node", about: "how programs open the NPU", lookedIn: [path] } as const;
  const info = await stat(path).catch(() => undefined);
  if (info === undefined) {
    const cure = `it appears when the driver starts; in a container: docker run --device /${node}`;
    return { ...base, status: npu ? "fail" : "absent", found: "not there", cure };
  }
  if (await environment.canReadWrite(path)) return { ...base, status: "ok", found: `${path}, readable and writable` };
  const group = await groupName(systemRoot, info.gid);
  const found = `${path} is not accessible: it belongs to group ${group}, this process has ${environment.groups.join(", ")}`;
  const cure = environment.groups.includes(info.gid)
    ? `the group may not write: sudo chmod g+rw ${path}`
    : `sudo usermod -aG render $USER, then log in again; in a container: --group-add ${info.gid}`;
  return { ...base, status: "fail", found, cure };
}

/** `render (109)`. */
async function groupName(systemRoot: string, gid: number): Promise<string> {
  const groups = (await readTrimmed(join(systemRoot, "etc/group"))) ?? "";
  const line = groups.split("\n").find((entry) => entry.split(":")[2] === String(gid));
  return line === undefined ? String(gid) : `${line.split(":")[0]} (${gid})`;
}

/** The driver pins 64 MiB at the first open, then every data buffer. */
const heapBytes = 64 * 1024 * 1024;
/** CAP_IPC_LOCK, which lifts the limit. Source: linux/capability.h. */
const capIpcLock = 14n;

export async function checkLockedMemory(
  { systemRoot, platform }: DoctorEnvironment,
  npu: Npu | undefined,
): Promise<Check> {
  const limits = join(systemRoot, "proc/self/limits");
  const status = join(systemRoot, "proc/self/status");
  const base = {
    group: "npu",
    name: "locked memory",
    about: "buffers for the NPU are pinned",
    lookedIn: [limits, status],
  } as const;
  const limit = /^Max locked memory\s+(\S+)/m.exec((await readTrimmed(limits)) ?? "")?.[1];
  if (limit === undefined) return { ...base, status: "absent", found: `no limits on ${platform}` };
  if (limit === "unlimited") return { ...base, status: "ok", found: "unlimited" };
  const capabilities = /^CapEff:\s*([0-9a-fA-F]+)/m.exec((await readTrimmed(status)) ?? "")?.[1];
  if (capabilities !== undefined && (BigInt(`0x${capabilities}`) >> capIpcLock) & 1n)
    return { ...base, status: "ok", found: `${limit} B, which this process is exempt from (CAP_IPC_LOCK)` };
  const found = `${limit} B; the driver pins ${heapBytes} B at once, data comes on top`;
  if (Number(limit) > heapBytes) return { ...base, status: "ok", found };
  const cure =
    "/etc/security/limits.d/99-amdxdna.conf: `* soft memlock unlimited` and `* hard memlock unlimited`, then log in " +
    "again; of a service: LimitMEMLOCK=infinity; in a container: --ulimit memlock=-1";
  return { ...base, status: npu ? "warn" : "absent", found, cure };
}

export async function checkEmulationMode({ env }: DoctorEnvironment): Promise<Check> {
  const mode = env.XCL_EMULATION_MODE;
  const base = {
    group: "npu",
    name: "XCL_EMULATION_MODE",
    about: "redirects XRT to an emulator",
    lookedIn: ["environment"],
  } as const;
  if (mode === undefined) return { ...base, status: "ok", found: "not set" };
  const cure = "unset XCL_EMULATION_MODE";
  return { ...base, status: "warn", found: `set to ${mode}: XRT will not see the NPU`, cure };
}
