import { createHash } from "node:crypto";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { type FileRef, type Manifest, sealManifest } from "@aiekit/core";
import { buildXclbin, encodeSimImage, encodeTxn, npuKernelArgs, writeInstsElf } from "@aiekit/xclbin";
import { afterEach, beforeEach, expect, test } from "vitest";
import { runInProcess } from "./run-cli.test-support.ts";

const insts = encodeTxn({
  ...{ major: 0, minor: 1, deviceGeneration: 3, rows: 6, cols: 1, memtileRows: 1 },
  ops: [{ op: "write32", address: 0x34000, value: 0 }],
});
const files: Readonly<Record<string, Uint8Array>> = {
  "add.xclbin": buildXclbin({
    ...{ kernelName: "MLIR_AIE", instanceName: "MLIRAIE", columns: 1, startColumns: [1], args: npuKernelArgs(2) },
    pdi: encodeSimImage({ loweredMlir: "module {}", device: "npu1_1col", cores: [], modules: [] }),
  }),
  "insts/run.bin": insts,
  "insts/run.elf": writeInstsElf(insts),
};
const ref = (path: string): FileRef => {
  const bytes = files[path]!;
  return { path, bytes: bytes.length, sha256: createHash("sha256").update(bytes).digest("hex") };
};
const manifest: Manifest = {
  ...{ format: "aiekit-manifest", version: 1, kernel: "add", about: "add", target: "sim", device: "npu1_1col" },
  ...{ params: {}, design: ref("add.xclbin"), xclbin: ref("add.xclbin"), xclbinKernel: "MLIR_AIE" },
  sequences: [{ name: "run", insts: ref("insts/run.bin"), instsElf: ref("insts/run.elf"), units: 1, args: [] }],
  ...{ inputs: [], tools: [] },
};
let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "aiekit-as-built-"));
  for (const [path, bytes] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), bytes);
  }
  await writeFile(join(folder, "manifest.json"), sealManifest(manifest));
});
afterEach(() => rm(folder, { recursive: true }));

const inspect = (...argv: string[]) => runInProcess(["inspect", ...argv], { cwd: folder });

test("a file of a build with any one byte changed is told or refused by inspect, one that is whole is not", async () => {
  for (const [path, bytes] of Object.entries(files)) {
    expect(await inspect(path), path).toMatchObject({ code: 0, stderr: "" });
    const step = Math.ceil(bytes.length / 50);
    for (let at = 0; at < bytes.length; at += step) {
      await writeFile(join(folder, path), bytes.with(at, bytes[at]! ^ 1));

      const { stderr } = await inspect(path);

      expect(stderr, `${path}, byte ${at}`).toMatch(
        /^warning: .*: expected sha256 [0-9a-f]{64} \(.*manifest.json\), got [0-9a-f]{64}: it was changed after the build$/m,
      );
    }
    await writeFile(join(folder, path), bytes);
  }
});

test("a file beside a manifest that cannot be read is said not to be held against it", async () => {
  await writeFile(join(folder, "manifest.json"), sealManifest(manifest).replace('"units": 1', '"units": 2'));

  expect((await inspect("insts/run.bin")).stderr).toMatch(
    /^warning: insts\/run.bin: not held against the build: .*manifest.json: sha256: expected [0-9a-f]{64}/,
  );
  expect(await inspect("manifest.json")).toMatchObject({ code: 3, stderr: expect.stringContaining("it was changed") });
});

test("another program's manifest.json, and a file that the build does not name, are no matter of ours", async () => {
  await writeFile(join(folder, "other.bin"), insts);
  expect((await inspect("other.bin")).stderr).toBe("");

  await writeFile(join(folder, "manifest.json"), '{"name": "an extension"}');
  expect((await inspect("add.xclbin")).stderr).toBe("");
});

test("lint holds the xclbin and the stream that it is given against their build", async () => {
  await writeFile(join(folder, "insts/run.bin"), insts.with(insts.length - 4, 1));

  const { stderr } = await runInProcess(["lint", "add.xclbin", "--insts", "insts/run.bin"], { cwd: folder });

  expect(stderr).toMatch(/^warning: insts\/run.bin: expected sha256/);
  expect(stderr).not.toContain("add.xclbin: expected");
});

test("sim holds the stream that it is given against its build", async () => {
  const design = "module { aie.device(npu1_1col) { aie.runtime_sequence @run() { } } }";
  await writeFile(join(folder, "own.mlir"), design);
  await writeFile(join(folder, "insts/run.bin"), insts.with(insts.length - 4, 1));

  const { stderr } = await runInProcess(["sim", "own.mlir", "--insts", "insts/run.bin"], { cwd: folder });

  expect(stderr).toMatch(/^warning: insts\/run.bin: expected sha256/m);
});
