import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ToolError, ToolMissingError } from "@aiekit/core";
import { afterEach, beforeEach, expect, test } from "vitest";
import { bootgenVersion, runBootgen } from "./bootgen.ts";
import { fakeTool } from "./fake-tool.test-support.ts";
import { runXclbinutil, xclbinutilVersion } from "./xclbinutil.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "aiekit-drivers-"));
});
afterEach(() => rm(folder, { recursive: true }));

const say = (text: string, code: number): string => `cat <<'END'\n${text}\nEND\nexit ${code}`;
const files = { memTopology: "m.json", kernels: "k.json", aiePartition: "p.json", xclbin: "x.xclbin" };

// The words of bootgen 2022.2 where each of these was done to it.
test.each([
  ["cannot open file: nope.bin\n[ERROR]  : Error parsing CDO file", "a file of the BIF is not there"],
  ["[ERROR]  : Unable to open file - nope.bin", "a file of the BIF is not there"],
  ["cannot parse source cdo file: a.bin\n[ERROR]  : Error parsing CDO file", "empty or damaged"],
  ["[ERROR]  : Cannot read empty file - zero.bin", "empty or damaged"],
  ["[ERROR]  : Incorrect cdo length read from : zero.bin", "empty or damaged"],
  ["[ERROR]  : Output File ok.pdi already exists in the path\n           Use '-w on' option to force overwrite", "-w"],
  ["[ERROR]  : Cannot write output file : nodir/x.pdi", "may not be written to"],
  ["ERROR:BootGen - syntax error\n[ERROR]  : BIF file - c.bif, parsing failed with code 1", "no blank, comma"],
  ["[ERROR]  : Cannot read file - sp", "no blank, comma"],
])("bootgen's %j comes with what to do", async (text, hint) => {
  const program = await fakeTool(folder, "bootgen", say(text, 1));

  const error = await runBootgen({ program, folder, bif: "d.bif", pdi: "d.pdi", stage: "pack d.pdi" }).catch((e) => e);

  expect(error).toBeInstanceOf(ToolError);
  expect(error.hint).toContain(hint);
  expect(error.message).toContain(text);
  expect(error.failure.command).toBe(`cd ${folder} && ${program} -arch versal -image d.bif -o d.pdi -w`);
});

// The words of xclbinutil 2.25 where each of these was done to it.
test.each([
  ["Error: Memory tag 'DDR' not found in the MEM_TOPOLOGY section.", "give MEM_TOPOLOGY with this tag"],
  ["Kernel name already exists in the EMBEDDED_METADATA section: 'MLIR_AIE'", "another name, kernel id and PDI uuid"],
  ["Error: Missing start columns for the AIE partition.", "at least one column"],
  ["Error: Missing AIE partition column width", "column_width 1 to 65535"],
  ["ERROR: Unable to open the file for reading: nope.pdi", "relative to the folder of the JSON file"],
  [
    "ERROR: The AIE_PARTITION section in the xclbin is not compliant with IP_LAYOUT section",
    "must hold the dpu_kernel_id",
  ],
  ["ERROR: Section 'AIE_PARTITION' subsection '' already exists", "--add-replace-section"],
  ["ERROR: The following output file already exists on disk (use the force option to overwrite): x", "--force"],
  ["ERROR: The m_name entry length (69), exceeds the allocated space (64).  Name: 'MLIR_AIE:xx'", "63 characters"],
])("xclbinutil's %j comes with what to do", async (text, hint) => {
  const program = await fakeTool(folder, "xclbinutil", say(text, 255));

  const error = await runXclbinutil({ program, folder, ...files, stage: "pack x.xclbin" }).catch((e) => e);

  expect(error).toBeInstanceOf(ToolError);
  expect(error.hint).toContain(hint);
  expect(error.message).toContain(text);
  expect(error.failure.command).toBe(
    `cd ${folder} && ${program} --add-replace-section 'MEM_TOPOLOGY:JSON:m.json' --add-kernel k.json ` +
      "--add-replace-section 'AIE_PARTITION:JSON:p.json' --force --quiet --output x.xclbin",
  );
});

test("an error that is not known keeps the tool's words and gets no hint", async () => {
  const program = await fakeTool(folder, "bootgen", say("something new", 1));

  const error = await runBootgen({ program, folder, bif: "d.bif", pdi: "d.pdi", stage: "pack" }).catch((e) => e);

  expect(error.hint).toBeUndefined();
  expect(error.message).toContain("something new");
});

test("versions are read from bootgen's banner and from xclbinutil --version", async () => {
  const bootgen = await fakeTool(folder, "bootgen", say("\n\n****** Xilinx Bootgen v2022.2\n  **** Build date : x", 0));
  const xclbinutil = await fakeTool(folder, "xclbinutil", say("       XRT Build Version: 2.25.00\n", 0));

  expect(await bootgenVersion(bootgen)).toBe("2022.2");
  expect(await xclbinutilVersion(xclbinutil)).toBe("2.25.00");
});

test("a tool that is not there comes with what gets it", async () => {
  const nowhere = join(folder, "nowhere");

  expect((await bootgenVersion(nowhere).catch((e) => e)).hint).toContain("xilinx-bootgen");
  expect((await xclbinutilVersion(nowhere).catch((e) => e)).hint).toContain("trixie-backports");
});

test("another program called bootgen is not taken for it", async () => {
  const program = await fakeTool(folder, "bootgen", say("bootgen: generate boot images", 0));

  await expect(bootgenVersion(program)).rejects.toThrow(/expected "Xilinx Bootgen v...", got "bootgen: generate/);
});

test.each([
  [
    "the wrapper of Debian 12 and 13",
    "line 39: /usr/bin/unwrapped/xclbinutil: No such file or directory",
    127,
    /only a wrapper/,
  ],
  [
    "a release from before kernels for NPUs",
    "       XRT Build Version: 2.13.466",
    0,
    /expected 2\.15 or later.*got 2\.13/,
  ],
  ["something without a version", "hello", 0, /expected "XRT Build Version/],
] as const)("%s is no xclbinutil to pack with", async (_, text, code, message) => {
  const program = await fakeTool(folder, "xclbinutil", say(text, code));

  const error = await xclbinutilVersion(program).catch((e) => e);

  expect(error).toBeInstanceOf(ToolMissingError);
  expect(error.message).toMatch(message);
  expect(error.hint).toContain("trixie-backports");
});
