import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { findProject } from "../build/project.ts";
import type { Check } from "./check.ts";
import type { DoctorEnvironment } from "./environment.ts";

/** A machine in a folder: with nothing on it but the files that the test puts there. */
export class Machine {
  readonly root: string;
  /** What the machine's programs print, by path. */
  readonly #programs: Record<string, string> = {};

  private constructor(root: string) {
    this.root = root;
  }

  static async make(): Promise<Machine> {
    return new Machine(await mkdtemp(join(tmpdir(), "aiekit-doctor-")));
  }

  environment(changes: Partial<DoctorEnvironment> = {}): DoctorEnvironment {
    const { root } = this;
    return {
      env: { PATH: join(root, "usr/bin") },
      systemRoot: root,
      toolchainFolder: join(root, "toolchain"),
      project: findProject({ projectRoot: join(root, "project") }),
      nodeVersion: "20.19.0",
      platform: "linux",
      host: { platform: "linux", arch: "x64", glibc: "2.41" },
      kernelRelease: "6.14.1",
      groups: [1000],
      canReadWrite: async () => true,
      ask: async (program) => this.#programs[program],
      addon: async () => ({
        ...{ loads: true, builtAgainst: "2.25", runtime: "2.25" },
        npus: [{ available: true, name: "RyzenAI-npu1", detail: "0000:c5:00.1" }],
      }),
      probeSimTarget: async () => "@yowasp/clang 22.0.0",
      ...changes,
    };
  }

  async file(path: string, content = ""): Promise<string> {
    const full = join(this.root, path);
    await mkdir(dirname(full), { recursive: true });
    await writeFile(full, content, { mode: 0o755 });
    return full;
  }

  /** A program that prints `output` whatever it is asked. */
  async program(path: string, output: string): Promise<void> {
    this.#programs[await this.file(path)] = output;
  }

  /** An NPU whose driver runs. */
  async npu(device: string, revision = "0x00"): Promise<void> {
    await this.file(`${npuFolder}/vendor`, "0x1022\n");
    await this.file(`${npuFolder}/device`, `${device}\n`);
    await this.file(`${npuFolder}/revision`, `${revision}\n`);
    await this.file(`${npuFolder}/vbnv`, "RyzenAI-npu1\n");
    await this.file(`${npuFolder}/fw_version`, "1.5.5.391\n");
    await this.file(`${npuFolder}/accel/accel0/dev`, "261:0");
    await this.file("sys/class/iommu/ivhd0/devices");
    await this.file("sys/module/amdxdna/refcnt", "0");
    await this.file("sys/bus/pci/drivers/amdxdna/bind");
    await symlink(join(this.root, "sys/bus/pci/drivers/amdxdna"), join(this.root, npuFolder, "driver"));
    await this.file("dev/accel/accel0");
  }

  remove(path = ""): Promise<void> {
    return rm(join(this.root, path), { recursive: true });
  }
}

export const npuFolder = "sys/bus/pci/devices/0000:c5:00.1";

export function findCheck(checks: readonly Check[], name: string): Check {
  const found = checks.find((check) => check.name === name);
  if (found === undefined) throw new Error(`no check ${name} in ${checks.map((check) => check.name).join(", ")}`);
  return found;
}
