import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildXclbin, encodeSimImage, encodeTxn, npuKernelArgs, readXclbin, writeXclbin } from "@aiekit/xclbin";
import { afterAll, beforeAll, expect, test } from "vitest";
import { runInProcess } from "./run-cli.test-support.ts";

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "aiekit-cli-"));
  const xclbin = buildXclbin({
    kernelName: "MLIR_AIE",
    instanceName: "MLIRAIE",
    columns: 1,
    startColumns: [1],
    args: npuKernelArgs(2),
    pdi: encodeSimImage({ loweredMlir: "module {}", device: "npu1_1col", cores: [], modules: [] }),
  });
  const { header, sections, trailer } = readXclbin(xclbin);
  const noMetadata = writeXclbin({ header, sections: sections.filter(({ kind }) => kind !== 2), trailer });
  const insts = encodeTxn({
    major: 0,
    minor: 1,
    deviceGeneration: 3,
    rows: 6,
    cols: 1,
    memtileRows: 1,
    ops: [
      { op: "write32", address: (1 << 25) | (2 << 20) | 0x1d214, value: 5 },
      { op: "addressPatch", address: 0x1d004, argIndex: 2, argPlus: 64 },
      { op: "sync", direction: 0, col: 1, row: 0, channel: 1, cols: 1, rows: 1 },
    ],
  });
  await writeFile(join(folder, "good.xclbin"), xclbin);
  await writeFile(join(folder, "renamed.dat"), xclbin);
  await writeFile(join(folder, "no-metadata.xclbin"), noMetadata);
  await writeFile(join(folder, "insts.bin"), insts);
});

afterAll(() => rm(folder, { recursive: true }));

const inspect = (...argv: string[]) => runInProcess(["inspect", ...argv], { cwd: folder });

test("an xclbin is recognised by its content, not its name, and shows kernel, arguments and PDI", async () => {
  const { code, stdout } = await inspect("renamed.dat");

  expect(code).toBe(0);
  expect(stdout).toContain("kernel MLIR_AIE:MLIRAIE");
  expect(stdout).toContain("image for the simulator: device npu1_1col");
});

test("instructions are shown with tile, register and buffer of each operation", async () => {
  const { stdout } = await inspect("insts.bin");

  expect(stdout.trimEnd().split("\n")).toEqual([
    "insts.bin: TXN 0.1, device generation 3 (npu1), 1 column(s), 6 rows, 1 of mem tiles",
    "3 operations",
    "  0  write32       tile (1,2) 0x1d214 = 0x5",
    "  1  addressPatch  tile (0,0) 0x1d004 = address of bo2 + 64 bytes",
    "  2  sync          tile (1,0) S2MM 1, 1 x 1 tiles",
  ]);
});

test("--explain is exit code 0 for an xclbin that XRT accepts, says when it is the simulator's, and 1 with XRT's words for one without metadata", async () => {
  const good = await inspect("good.xclbin", "--explain");
  const bad = await inspect("no-metadata.xclbin", "--explain");

  expect(good).toMatchObject({ code: 0, stdout: expect.stringMatching(/: XRT finds everything that it looks for$/m) });
  expect(good.stdout).toContain("note: its PDI is an image for the simulator; no NPU starts from it");
  expect(bad.code).toBe(1);
  expect(bad.stdout).toMatch(/1\. EMBEDDED_METADATA: .*absent/);
  expect(bad.stdout).toContain("XRT says: No valid DPU kernel found in xclbin (err=22): Invalid argument");
});

test.each(["good.xclbin", "no-metadata.xclbin", "insts.bin"])("--json of %s is one JSON value", async (file) => {
  const { code, stdout } = await inspect(file, "--json");

  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({ name: file });
});
