import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildPdi, buildXclbin, type CdoCommand, encodeTxn, npuKernelArgs, writeCdo } from "@aiekit/xclbin";
import { afterAll, beforeAll, expect, test } from "vitest";
import { runInProcess } from "./run-cli.test-support.ts";

const tile = 2 << 20;
const program: CdoCommand = { command: "dmaWrite", address: tile | 0x20000, data: new Uint8Array(64).fill(7) };
const rest: readonly CdoCommand[] = [
  { command: "write", address: tile | 0x3f004, value: 0x80000005, wide: true },
  { command: "maskWrite", address: tile | 0x32000, mask: 1, value: 1, wide: true },
];
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "aiekit-lint-"));
  const xclbin = (commands: readonly CdoCommand[]) => {
    const cdo = { version: 0x200, identifier: 0x004f4443, commands, trailing: new Uint8Array() };
    const pdi = buildPdi([{ name: "all", bytes: writeCdo(cdo) }]);
    const spec = { kernelName: "MLIR_AIE", instanceName: "MLIRAIE", columns: 1, startColumns: [1] };
    return buildXclbin({ ...spec, args: npuKernelArgs(5), pdi });
  };
  const insts = encodeTxn({
    ...{ major: 0, minor: 1, deviceGeneration: 4, rows: 6, cols: 1, memtileRows: 1 },
    ops: [{ op: "write32", address: 0x34000, value: 0 }],
  });
  await writeFile(join(folder, "good.xclbin"), xclbin([program, ...rest]));
  await writeFile(join(folder, "no-program.xclbin"), xclbin(rest));
  await writeFile(join(folder, "insts.bin"), insts);
  await writeFile(join(folder, "text.xclbin"), "not an xclbin");
});

afterAll(() => rm(folder, { recursive: true }));

const lint = (...argv: string[]) => runInProcess(["lint", ...argv], { cwd: folder });

test("a good xclbin: exit code 0, and how many rules were looked at", async () => {
  const { code, stdout } = await lint("good.xclbin", "--device", "npu1");

  expect(code).toBe(0);
  expect(stdout).toMatch(
    /^good\.xclbin: nothing found on npu1 \(\d+ rules, none of them on instructions: give --insts\)$/m,
  );
});

test("a core that is enabled without a program: exit code 1, place, effect and cure", async () => {
  const { code, stdout } = await lint("no-program.xclbin");

  expect(code).toBe(1);
  expect(stdout.split("\n").slice(0, 4)).toEqual([
    "1. error core-without-program: AIE_PARTITION, PDI 0, tile (0,2): the core is enabled, and no program was written",
    "   then:  the core runs what was in its memory before: zeros, garbage or a hang",
    "   cure:  give the core an elf_file before --aie-generate-cdo; put the elfs CDO into the BIF",
    "no-program.xclbin: 1 error(s), 0 other finding(s)",
  ]);
});

test("a stream for the other generation is found with --insts and --device", async () => {
  const { code, stdout } = await lint("good.xclbin", "--insts", "insts.bin", "--device", "npu1", "--json");

  const { findings } = JSON.parse(stdout);
  expect(code).toBe(1);
  expect(findings).toMatchObject([{ code: "stream-device", severity: "error", where: "instruction stream" }]);
});

test("a file that is no xclbin is a finding too, with its byte", async () => {
  const { code, stdout } = await lint("text.xclbin");

  expect(code).toBe(1);
  expect(stdout).toContain('1. error magic: header, byte 0: expected the first bytes "xclbin2", got "not an x"');
});

test("a file that is not there is exit code 3", async () => {
  const { code, stderr } = await lint("nowhere.xclbin");

  expect(code).toBe(3);
  expect(stderr).toContain("nowhere.xclbin: there is no such file");
});
