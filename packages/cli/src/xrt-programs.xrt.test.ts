import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { type Manifest, tensor, tensorBytes } from "@aiekit/core";
import { loadKernel, openDevice } from "@aiekit/host";
import { afterAll, beforeAll, expect, test } from "vitest";

const root = resolve(dirname(fileURLToPath(import.meta.url)), "../../..");
const aiekit = join(root, "packages/cli/bin/aiekit.js");
const run = promisify(execFile);
const generation = process.env.AIEKIT_NPU_GENERATION === "npu2" ? "npu2" : "npu1";
const npu = ["--npu", generation];

let folder: string;
/** What a host program needs to run mel: files, and what the simulator says of the same input. */
let mel: {
  readonly args: readonly string[];
  readonly input: string;
  readonly out: string;
  readonly expected: Uint8Array;
};

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "aiekit-xrt-programs-"));
  await run(process.execPath, [aiekit, "build", "mel", ...npu], { cwd: root });
  const built = join(root, `xclbin/sim/mel-device=${generation}`);
  const manifest = JSON.parse(await readFile(join(built, "manifest.json"), "utf8")) as Manifest;
  const { name, insts, args } = manifest.sequences[0]!;
  const [pcm, features] = [args[0]!, args[1]!];
  // A tone of 1 kHz at 16 kHz, loud enough for every band that it reaches.
  const samples = tensor(
    "i16",
    pcm.shape,
    Int16Array.from({ length: pcm.bytes / 2 }, (_, i) => 20000 * Math.sin((2 * Math.PI * i) / 16)),
  );
  const device = await openDevice("sim", { generation });
  const { outputs } = await (await loadKernel(device, join(built, "manifest.json"))).launch(name, {
    [pcm.name]: samples,
  });
  await device.close();
  const [input, out] = [join(folder, "pcm.bin"), join(folder, "mel.bin")];
  await writeFile(input, tensorBytes(samples));
  mel = {
    args: [
      join(built, manifest.xclbin.path),
      manifest.xclbinKernel,
      join(built, insts.path),
      String(features.bytes),
      out,
    ],
    input,
    out,
    expected: tensorBytes(outputs[features.name]!),
  };
});

afterAll(() => rm(folder, { recursive: true }));

test("aiekit validate mel --device xrt passes on three clips, and says that driver and array are emulated", async () => {
  // Without espeak-ng, which hangs where a sanitizer's library comes before its own.
  const env = { ...process.env, PATH: dirname(process.execPath) };

  const { stdout } = await run(process.execPath, [aiekit, "validate", "mel", "--device", "xrt", "--clips", "3"], {
    cwd: root,
    env,
  });

  expect(stdout).toMatch(/pass/);
  expect(stdout).not.toMatch(/FAIL/);
  expect(stdout).toContain("emulated driver, simulated array");
}, 240_000);

test("aiekit evidence holds over XRT, and aiekit devices lists the NPU; both say that it is emulated", async () => {
  const argv = [aiekit, "evidence", "--kernel", "transpose", "--out", folder];

  const { stdout } = await run(process.execPath, argv, { cwd: root });

  expect(stdout).toMatch(/transpose.*all \d+ equal.*simulated on npu[12] \(emulated driver, simulated array\)/);
  const parts = ["--part", "launches", "--part", "bandwidth", "--part", "gemm"];
  const figures = await run(process.execPath, [aiekit, "evidence", ...parts, "--out", folder], { cwd: root });
  const lines = figures.stdout.split("\n").filter((line) => /^(launches|bandwidth|gemm):/.test(line));
  expect(lines).toHaveLength(6);
  for (const line of lines) {
    expect(line).toMatch(/ all \d+ equal .* simulated on npu[12] \(emulated driver, simulated array\)/);
  }
  const devices = await run(process.execPath, [aiekit, "devices"], { cwd: root });
  expect(devices.stdout).toMatch(/ok +xrt +RyzenAI-npu[14] \(emulated driver, simulated array\) +0000:c5:00.1/);
  expect(devices.stdout).toMatch(
    /0000:c5:00.1: XRT 2\.\d+\S*, amdxdna of the kernel, firmware 0.0.0.0, columns \d, in use 0 column\(s\) by 0 context\(s\), power mode default/,
  );
}, 240_000);

test("aiekit doctor says that the addon loads, with both versions of XRT, and that the NPU opens", async () => {
  const { stdout } = await run(process.execPath, [aiekit, "doctor", "--json"], { cwd: root });

  const { checks } = JSON.parse(stdout) as { checks: { name: string }[] };
  expect(checks.find(({ name }) => name === "XRT addon")).toMatchObject({
    status: "ok",
    found: expect.stringMatching(/^built against XRT 2\.\d+, runs with 2\.\d+; opens RyzenAI-npu/),
  });
}, 60_000);

test("mel with its instructions in ELFs, as a build leaves them, gives the bytes that the simulator gives", async () => {
  await run(process.execPath, [aiekit, "build", "mel", ...npu, "--insts-format", "elf"], { cwd: root });
  const device = await openDevice("xrt", { xrtAddon: process.env.AIEKIT_XRT_ADDON });
  const kernel = await loadKernel(
    device,
    join(root, `xclbin/sim/mel-device=${generation}-instsFormat=elf/manifest.json`),
  );
  const { name, args } = kernel.manifest.sequences[0]!;
  const [pcm, features] = [args[0]!, args[1]!];
  const samples = new Int16Array(new Uint8Array(await readFile(mel.input)).buffer);

  const { outputs } = await kernel.launch(name, { [pcm.name]: tensor("i16", pcm.shape, samples) });

  expect(kernel.flow).toBe("elf");
  expect(tensorBytes(outputs[features.name]!)).toEqual(mel.expected);
  await device.close();
}, 240_000);

test("a pyxrt program runs mel, with the bytes that the simulator gives", async () => {
  const python = join(dirname(process.execPath), "python3");
  const library = join(dirname(dirname(process.execPath)), "root", "usr");

  await run(python, [join(root, "host/emulation/programs/run_kernel.py"), ...mel.args, mel.input], {
    env: { ...process.env, PYTHONHOME: library, PYTHONPATH: join(library, "lib/python3/dist-packages") },
  });

  expect(new Uint8Array(await readFile(mel.out))).toEqual(mel.expected);
});

test("a C++ program runs mel, one launch at a time and in runlists, with the bytes that the simulator gives", async () => {
  const program = join(root, "build/emulated-npu/run_kernel");
  // Its XRT flushes caches by itself: no xrt.ini lies beside it.
  const env = { ...process.env, AIEKIT_NPU_SYNC: "" };
  for (const list of ["1", "3"]) {
    await rm(mel.out, { force: true });

    await run(program, [...mel.args, "2", list, mel.input], { env });

    expect(new Uint8Array(await readFile(mel.out))).toEqual(mel.expected);
  }
});
