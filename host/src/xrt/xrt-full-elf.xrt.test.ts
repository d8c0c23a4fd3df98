import { spawn } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { tensor } from "@aiekit/core";
import { loadingPdi, readXclbin, writeFullElf, writeInstsElf } from "@aiekit/xclbin";
import { expect, test } from "vitest";
import type { Device, HwContext } from "../device.ts";
import { loadKernel } from "../load-kernel.ts";
import { LoopbackBuild } from "../loopback-build.test-support.ts";
import { loadAddon } from "./native-addon.ts";
import { generation, loopback, openXrt, xrtAddonPath } from "./xrt-bench.test-support.ts";

const pdi = readXclbin(loopback.xclbin(0)).partition!.pdis[0]!.image;
const insts = (send: number, fetch: number) => loadingPdi(loopback.insts({ send, fetch }), 1);
const fullElf = (kernel = "loopback") =>
  writeFullElf({
    ...{ kernel, argCount: 2, pdis: [{ id: 1, bytes: pdi }] },
    instances: [
      { name: "one", insts: insts(1, 1) },
      { name: "three", insts: insts(3, 3) },
      { name: "ahead", insts: insts(2, 1) },
    ],
  });

const objectBytes = loopback.objectWords * 4;

async function withElf(body: (device: Device, context: HwContext) => Promise<void>): Promise<void> {
  const device = await openXrt();
  try {
    await body(device, await device.createElfContext(fullElf(), "full.elf"));
  } finally {
    await device.close();
  }
}

async function buffers(device: Device, objects: number, start = 3) {
  const alloc = () => device.allocBo(objects * objectBytes, { flags: "hostOnly", group: 0 });
  const [input, output] = [await alloc(), await alloc()];
  new Int32Array(input.map()).forEach((_, i, words) => {
    words[i] = 11 * i + start;
  });
  await input.sync("toDevice");
  await output.sync("toDevice");
  return { input, output };
}

const onNpu1 = generation === "npu1";

/** A host program in C++, on the same machine: what XRT itself makes of a full ELF. */
async function runHostProgram(): Promise<{ code: number | null; stdout: string; output: Buffer; input: Buffer }> {
  const folder = await mkdtemp(join(tmpdir(), "aiekit-full-elf-"));
  try {
    const input = Buffer.from(Int32Array.from({ length: 3 * loopback.objectWords }, (_, i) => 5 * i + 1).buffer);
    const [elf, given, out] = ["full.elf", "in.bin", "out.bin"].map((name) => join(folder, name)) as [
      string,
      string,
      string,
    ];
    await Promise.all([writeFile(elf, fullElf()), writeFile(given, input), writeFile(out, "")]);
    const program = fileURLToPath(new URL("../../../build/emulated-npu/run_full_elf", import.meta.url));
    const child = spawn(program, [elf, "loopback:three", `${input.length}`, out, given], {
      stdio: ["ignore", "pipe", "ignore"],
      // Beside this program lies no xrt.ini that lets XRT call the driver for syncs: its caches are coherent.
      env: { ...process.env, AIEKIT_NPU_SYNC: "" },
    });
    let stdout = "";
    child.stdout.on("data", (chunk) => {
      stdout += chunk;
    });
    const code = await new Promise<number | null>((resolve) => child.on("close", resolve));
    return { code, stdout, output: await readFile(out), input };
  } finally {
    await rm(folder, { recursive: true });
  }
}

test("this XRT has both flows with ELFs", () => {
  expect(loadAddon(xrtAddonPath)).toMatchObject({ addon: { hasModuleFlow: true, hasFullElfFlow: true } });
});

test("an ELF that goes with an xclbin is refused as a full one, and the other way round", async () => {
  const device = await openXrt();
  try {
    const elf = writeInstsElf(loopback.insts({ send: 1, fetch: 1 }));
    await expect(device.createElfContext(elf, "insts.elf")).rejects.toThrow(/insts\.elf: expected a full ELF/);
    const context = await device.createContext(await device.registerXclbin(loopback.xclbin(0)));
    expect(() => context.moduleKernel("MLIR_AIE", fullElf(), "full.elf")).toThrow(/got a full ELF/);
  } finally {
    await device.close();
  }
});

if (onNpu1) {
  test("npu1 runs no full ELF, and says why before XRT makes a context that never answers", async () => {
    await expect(withElf(async () => {})).rejects.toThrow(/full\.elf: npu1 runs no full ELFs: its driver takes/);
  });

  test("XRT 2.25 itself makes that context, and its wait then throws while the command's state stays NEW (1)", async () => {
    const { code, stdout } = await runHostProgram();

    expect({ code, stdout }).toEqual({ code: 1, stdout: "qds_device::wait() unexpected command state (state 1)\n" });
  });
} else {
  test("a host program in C++ gets through XRT what it sent, by our full ELF", async () => {
    const { code, stdout, output, input } = await runHostProgram();

    expect({ code, stdout }).toEqual({ code: 0, stdout: "" });
    expect(output.equals(input)).toBe(true);
  });

  test("a full ELF is a context of its own: kernels by instance, results equal, no xclbin", () =>
    withElf(async (device, context) => {
      expect(context.kernels).toEqual(["loopback:ahead", "loopback:one", "loopback:three"]);
      for (const [name, objects] of [
        ["loopback:one", 1],
        ["loopback:three", 3],
      ] as const) {
        const { input, output } = await buffers(device, objects);
        const kernel = context.kernel(name);

        await kernel.run(input, output).finish();
        await output.sync("fromDevice");

        expect(new Int32Array(output.map())).toEqual(new Int32Array(input.map()));
        expect(() => kernel.createRun(input)).toThrow(/use buffers 0, 1, the run has 1/);
        expect(() => kernel.createRun(3, 0, 0, input, output)).toThrow(/expected at most 2 arguments, got 5/);
      }
      expect(() => context.kernel("loopback")).toThrow(/expected one of loopback:ahead, loopback:one, loopback:three/);
    }));

  test("each run configures the columns anew: what one run left there, the next does not fetch", () =>
    withElf(async (device, context) => {
      const [ahead, own] = [await buffers(device, 2, 100), await buffers(device, 1, 900)];
      const list = context.createRunlist();
      list.add(context.kernel("loopback:ahead").createRun(ahead.input, ahead.output));
      list.add(context.kernel("loopback:one").createRun(own.input, own.output));

      list.execute();
      expect(await list.wait()).toBe("COMPLETED");
      await own.output.sync("fromDevice");

      expect(new Int32Array(own.output.map())).toEqual(new Int32Array(own.input.map()));
    }));

  test("a build's full ELF is loaded in place of its xclbin, and gives the bytes that the xclbin gives", async () => {
    const folder = await mkdtemp(join(tmpdir(), "aiekit-full-elf-build-"));
    const device = await openXrt();
    try {
      const builds = new LoopbackBuild(folder);
      const sequence = { ...(await builds.sequence(3)), name: "three" };
      const fullElfFile = await builds.write("loopback.elf", fullElf("MLIR_AIE"));
      const manifest = await builds.manifest([sequence], { device: "npu2_1col", fullElf: fullElfFile });
      const data = Int32Array.from({ length: 3 * loopback.objectWords }, (_, i) => 9 * i - 4);
      const input = tensor("i32", [3, loopback.objectWords], data);

      const kernel = await loadKernel(device, manifest);
      const { outputs } = await kernel.launch("three", { in: input });

      expect(kernel.flow).toBe("full-elf");
      expect(outputs.out).toEqual(input);
      await kernel.close();
    } finally {
      await device.close();
      await rm(folder, { recursive: true });
    }
  });

  test("a stream that loads no PDI, or a PDI for hardware, is refused before XRT gets it", async () => {
    const device = await openXrt();
    try {
      const spec = { kernel: "k", argCount: 2, pdis: [{ id: 1, bytes: pdi }] };
      const without = writeFullElf({
        ...spec,
        instances: [{ name: "s", insts: loopback.insts({ send: 1, fetch: 1 }) }],
      });
      const instances = [{ name: "s", insts: insts(1, 1) }];
      const hardware = writeFullElf({ ...spec, pdis: [{ id: 1, bytes: new Uint8Array(64) }], instances });

      await expect(device.createElfContext(without)).rejects.toThrow(/begins by loading a PDI, got blockwrite/);
      await expect(device.createElfContext(hardware)).rejects.toThrow(/\.pdi\.1 is for hardware/);
    } finally {
      await device.close();
    }
  });
}
