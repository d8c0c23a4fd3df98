import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type CdoCommand, readPdi, readXclbin, writeCdo } from "@aiekit/xclbin";
import { afterAll, beforeAll, expect, test } from "vitest";
import { runInProcess } from "./run-cli.test-support.ts";

let folder: string;
const cdoNames = ["main_aie_cdo_elfs.bin", "main_aie_cdo_init.bin", "main_aie_cdo_enable.bin"];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "aiekit-pack-command-"));
  // Core (0,2): a program of two words, a route, its start.
  await writeFile(
    join(folder, "main_aie_cdo_elfs.bin"),
    cdoFile({ command: "dmaWrite", address: 0x220000, data: Uint8Array.of(1, 0, 0, 0, 2, 0, 0, 0) }),
  );
  await writeFile(
    join(folder, "main_aie_cdo_init.bin"),
    cdoFile({ command: "write", address: 0x23f000, value: 1, wide: true }),
  );
  await writeFile(
    join(folder, "main_aie_cdo_enable.bin"),
    cdoFile({ command: "maskWrite", address: 0x232000, mask: 1, value: 1, wide: true }),
  );
  await writeFile(join(folder, "text.bin"), "text");
});
afterAll(() => rm(folder, { recursive: true }));

const pack = (...argv: string[]) => runInProcess(["pack", ...argv], { cwd: folder });
const read = async (name: string) => new Uint8Array(await readFile(join(folder, name)));

test("CDO files become a PDI, that PDI an xclbin, and both at once the same xclbin", async () => {
  expect(await pack(...cdoNames, "-o", "main.pdi")).toMatchObject({ code: 0, stderr: "" });
  const { code, stdout } = await pack("main.pdi", "--device", "npu1_2col", "--buffers", "6", "-o", "two.xclbin");
  await pack(...cdoNames, "--device", "npu1_2col", "--buffers", "6", "-o", "one.xclbin");

  expect(code).toBe(0);
  const xclbin = readXclbin(await read("two.xclbin"));
  expect(stdout).toContain(`uuid ${xclbin.uuid}`);
  expect(xclbin.partition).toMatchObject({ columnWidth: 2, startColumns: [1, 2, 3] });
  expect(xclbin.partition?.pdis[0]?.image).toEqual(await read("main.pdi"));
  expect(xclbin.kernels[0]?.args).toHaveLength(9);
  expect(await read("one.xclbin")).toEqual(await read("two.xclbin"));
});

test("the command lines of a plan's packing steps can be pasted", async () => {
  const { ownPackager } = await import("@aiekit/tools");
  const request = {
    deviceSymbol: "main",
    device: "npu1_3col",
    bufferCount: 7,
    kernelName: "MLIR_AIE",
    instanceName: "MLIRAIE",
  };
  const { pdi, xclbin } = ownPackager.commands(request);

  for (const line of [pdi, xclbin]) {
    const [program, ...argv] = line.split(" ");
    expect(program).toBe("aiekit");
    expect(await runInProcess(argv, { cwd: folder })).toMatchObject({ code: 0, stderr: "" });
  }

  expect(await read("final.xclbin")).toEqual(await ownPackager.packXclbin({ ...request, pdi: await read("main.pdi") }));
});

test("--packager tools without the tools says where they were looked for, and with them they pack", async () => {
  const variables = { PATH: "/nonexistent", AIEKIT_TOOLCHAIN: join(folder, "nothing") };
  const environment = (more: Record<string, string>) => ({
    ...{ color: false, ci: true, clang: undefined },
    variables: { ...variables, ...more },
  });
  const argv = ["pack", ...cdoNames, "--packager", "tools", "-o", "by-tools.pdi"];

  const missing = await runInProcess(argv, { cwd: folder, environment: environment({}) });

  expect(missing.code).toBe(4);
  expect(missing.stderr).toContain("bootgen: not found; looked in $MLIR_AIE_INSTALL_DIR/bin (not set), ");
  expect(missing.stderr).toContain("aiekit toolchain install mlir_aie");

  await mkdir(join(folder, "mlir_aie/bin"), { recursive: true });
  const program = `#!/bin/sh\n[ $# = 0 ] && { echo "****** Xilinx Bootgen v2022.2"; exit 0; }\ncp "${folder}/main.pdi" "$6"\n`;
  await writeFile(join(folder, "mlir_aie/bin/bootgen"), program, { mode: 0o755 });
  const found = { cwd: folder, environment: environment({ MLIR_AIE_INSTALL_DIR: join(folder, "mlir_aie") }) };

  expect(await runInProcess(argv, found)).toMatchObject({ code: 0, stderr: "" });
  expect(await read("by-tools.pdi")).toEqual(await read("main.pdi"));
});

test("files whose names say what they are may come in any order", async () => {
  await pack(...cdoNames.toReversed(), "-o", "reversed.pdi");

  const { commands } = readPdi(await read("reversed.pdi")).cdo;
  expect(commands.map(({ command }) => command).filter((name) => name !== "nop")).toEqual([
    ...["dmaWrite", "write", "maskWrite"],
  ]);
});

test("--json tells file, size, uuid and packager", async () => {
  const { stdout } = await pack("main.pdi", "--device", "npu2", "-o", "x.xclbin", "--json");

  const bytes = await read("x.xclbin");
  expect(JSON.parse(stdout)).toEqual({
    output: "x.xclbin",
    bytes: bytes.length,
    uuid: readXclbin(bytes).uuid,
    packager: "own",
    version: "own packager 1",
  });
});

test.each<[string, string[], number, string]>([
  ["another ending", ["main.pdi", "-o", "x.bin"], 2, "-o x.bin: expected a name that ends in .pdi or .xclbin"],
  ["an xclbin without a device", ["main.pdi", "-o", "x.xclbin"], 2, "expected --device"],
  ["an unknown device", ["main.pdi", "--device", "npu9", "-o", "x.xclbin"], 2, "unknown device npu9"],
  ["a PDI of a PDI", ["main.pdi", "-o", "x.pdi"], 2, "main.pdi is a PDI already"],
  [
    "two files",
    [...cdoNames.slice(1), "-o", "x.pdi"],
    2,
    "expected three CDO files (elfs, init, enable) or one PDI, got 2",
  ],
  ["text as PDI", ["text.bin", "--device", "npu1", "-o", "x.xclbin"], 3, "text.bin: expected three CDO files"],
  ["text as CDO", ["text.bin", "text.bin", "text.bin", "-o", "x.pdi"], 3, "text.bin: header"],
  [
    "a file that is not there",
    ["none.pdi", "--device", "npu1", "-o", "x.xclbin"],
    3,
    "none.pdi: there is no such file",
  ],
])("%s is refused by name", async (_, argv, code, message) => {
  const result = await pack(...argv);

  expect(result.stderr).toContain(message);
  expect(result.code).toBe(code);
});

function cdoFile(command: CdoCommand): Uint8Array {
  return writeCdo({ version: 0x200, identifier: 0x004f4443, commands: [command], trailing: new Uint8Array() });
}
