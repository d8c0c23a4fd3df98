import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { Target } from "@aiekit/core";
import { deviceModel, findKernel, lowerDesign, placeTiles, printModule, routeFlows } from "@aiekit/mlir";
import { fakeTool } from "../../drivers/fake-tool.test-support.ts";
import { npuToBinary } from "../../npu-to-binary.ts";
import { packageOwn } from "../../packaging/own-packager.ts";
import { type MlirAieReleaseId, mlirAieReleases } from "../../toolchain/mlir-aie-releases.ts";
import { everyCore } from "../core-programs.ts";
import { deviceOnTarget } from "../request.ts";
import { minimumBuffers } from "../xclbin-kernel.ts";
import { cdoBytes, coreCdoFiles } from "./cdo.test-support.ts";
import { coreElfBytes } from "./core-elf.test-support.ts";
import { packageRequest } from "./pack-steps.ts";
import { loweringOf, passNames } from "./pass-pipelines.ts";

/**
 * Programs with the names and arguments of the real tools, as scripts in a folder of their own. They refuse what the real
 * ones refuse when a file is missing, print and exit as a test tells them to, and otherwise give the answer that stands in
 * `answers/` under the name of the file to write. The answers are made by this project's own lowering: a build with these
 * programs shows what the build does, and nothing about the real tools.
 */
export interface FakeTools {
  readonly root: string;
  /** Variables by which the build finds them. */
  readonly env: Readonly<Record<string, string>>;
  /** What a tool writes for a file of that name, from now on. */
  readonly answer: (file: string, content: Uint8Array | string) => Promise<void>;
  /** From now on the tool prints this and ends so, where its arguments hold `when`; with exit code 0 it goes on to work. */
  readonly fail: (tool: string, failure: FakeFailure) => Promise<void>;
  /** Command lines so far, without the questions for versions. */
  readonly calls: () => Promise<readonly string[]>;
  /** Makes a tool anew with another version. */
  readonly update: (tool: string, version: string) => Promise<void>;
  readonly removeTool: (tool: string) => Promise<void>;
  readonly remove: () => Promise<void>;
}

interface FakeFailure {
  readonly prints: string;
  readonly exitCode?: number;
  /** Ends by this signal in place of an exit code: `SEGV`. */
  readonly signal?: string;
  readonly when?: string;
}

interface FakeToolsOptions {
  readonly target?: Exclude<Target, "sim">;
  readonly params?: Readonly<Record<string, number | string>>;
  readonly release?: MlirAieReleaseId;
}

/** Those of mlir-aie and Peano, and the two that pack. */
export async function newFakeTools(options: FakeToolsOptions = {}): Promise<FakeTools> {
  const { release = "2026-03" } = options;
  const root = await mkdtemp(join(tmpdir(), "aiekit-tools-"));
  const put = async (path: string, content: Uint8Array | string): Promise<void> => {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), content);
  };
  const tools = fakeToolsIn(root);
  await put("mlir_aie/include/aie_api/aie.hpp", "// stands for the real one\n");
  for (const tool of Object.keys(folderOf)) await tools.update(tool, versions[tool] ?? "");
  await put("answers/aie-opt.help", helpText(listedPasses(release)));
  await put("answers/aie-translate.help", helpText(["aie-device-name=<string>", "aie-generate-cdo"]));
  for (const [name, content] of Object.entries(await answersFor(options))) await put(`answers/${name}`, content);
  return tools;
}

/** The same tools in a folder of their own. */
export async function copyFakeTools(from: FakeTools): Promise<FakeTools> {
  const root = await mkdtemp(join(tmpdir(), "aiekit-tools-"));
  await cp(from.root, root, { recursive: true, preserveTimestamps: true });
  return fakeToolsIn(root);
}

const folderOf: Readonly<Record<string, string>> = {
  "aie-opt": "mlir_aie/bin",
  "aie-translate": "mlir_aie/bin",
  clang: "llvm-aie/bin",
  "clang++": "llvm-aie/bin",
  opt: "llvm-aie/bin",
  llc: "llvm-aie/bin",
  bootgen: "mlir_aie/bin",
  xclbinutil: "xrt/bin",
};

const peanoVersion =
  "clang version 21.0.0 (llvm-aie c9c5ecb7)\n  Registered Targets:\n    aie2 - AIE2\n    aie2p - AIE2P";
const versions: Readonly<Record<string, string>> = {
  "aie-opt": "LLVM version 22.1.8\naie-opt 5ff2ab97d2dc",
  "aie-translate": "LLVM version 22.1.8\naie-translate 5ff2ab97d2dc",
  clang: peanoVersion,
  "clang++": peanoVersion,
  opt: peanoVersion,
  llc: peanoVersion,
  bootgen: "****** Xilinx Bootgen v2022.2",
  xclbinutil: "XRT Build Version: 2.25.00",
};

function fakeToolsIn(root: string): FakeTools {
  const at = (path: string): string => join(root, path);
  const program = (tool: string): string => at(join(folderOf[tool] ?? "", tool));
  return {
    root,
    env: { MLIR_AIE_INSTALL_DIR: at("mlir_aie"), PEANO_INSTALL_DIR: at("llvm-aie"), XILINX_XRT: at("xrt") },
    answer: (file, content) => writeFile(at(`answers/${file}`), content),
    async fail(tool, { prints, exitCode = 1, signal, when = "" }) {
      await writeFile(at(`answers/${tool}.prints`), prints);
      await writeFile(
        at(`answers/${tool}.fails`),
        `when=${shellText(when)}\ncode=${exitCode}\nsignal=${signal ?? ""}\n`,
      );
    },
    async calls() {
      const text = await readFile(at("calls.log"), "utf8").catch(() => "");
      return text.split("\n").filter((line) => line !== "");
    },
    async update(tool, version) {
      await mkdir(dirname(program(tool)), { recursive: true });
      await rm(program(tool), { force: true });
      await fakeTool(dirname(program(tool)), tool, script(tool, version));
    },
    removeTool: (tool) => rm(program(tool)),
    remove: () => rm(root, { recursive: true, force: true }),
  };
}

/** What a tool does follows from its name and arguments; the two that pack have a work of their own. */
function script(tool: string, version: string): string {
  return `# ${"-".repeat(version.length)}
root=$(cd "$(dirname "$0")/../.." && pwd)
answers=$root/answers
tool=$(basename "$0")
refuse() { echo "$tool: $1" >&2; exit 1; }
case "$1" in
  ""|--version) echo ${shellText(version)}; exit 0 ;;
  --help) cat "$answers/$tool.help"; exit 0 ;;
esac
echo "$tool $*" >> "$root/calls.log"
if [ -f "$answers/$tool.fails" ]; then
  . "$answers/$tool.fails"
  case "$*" in *"$when"*)
    cat "$answers/$tool.prints" >&2
    [ -n "$signal" ] && kill -s "$signal" $$
    [ "$code" = 0 ] || exit "$code" ;;
  esac
fi
${tool === "bootgen" || tool === "xclbinutil" ? packs : compiles}`;
}

/** Every file that the command line, or the BIF in it, names has to be there. */
const packs = `output= previous=
for word in "$@"; do
  case "$previous" in
    -o|--output) output=$word ;;
    -image)
      for file in "$word" $(tr ' ' '\\n' < "$word" | sed -n 's/^file=//p'); do
        [ -f "$file" ] || refuse "cannot open file: $file"
      done ;;
    --add-replace-section|--add-kernel)
      [ -f "\${word##*:}" ] || refuse "ERROR: Unable to open the file for reading: \${word##*:}" ;;
  esac
  previous=$word
done
cp "$answers/$output" "$output"
`;

const compiles = `output= input= previous= workdir= mode=
for word in "$@"; do
  case "$previous" in -o) output=$word; previous=$word; continue ;; esac
  case "$word" in
    --work-dir-path=*) workdir=\${word#--work-dir-path=} ;;
    -Wl,-T,*) script=\${word#-Wl,-T,} ;;
    --aie-generate-*|--aie-npu-to-binary|--mlir-to-llvmir) mode=$word ;;
    -*) ;;
    *) input=$word; [ -f "$input" ] || refuse "error: cannot open input file '$input': No such file or directory" ;;
  esac
  previous=$word
done
[ -n "$input" ] || refuse "error: no input"
if [ -n "$script" ]; then
  for object in $(sed -n 's/^ *INPUT(\\(.*\\))$/\\1/p' "$script"); do
    [ -f "$object" ] || refuse "ld.lld: error: cannot find $object"
  done
fi
case "$mode" in
  --aie-generate-target-arch) cat "$answers/target.txt"; exit 0 ;;
  --aie-generate-corelist) cat "$answers/cores.txt"; exit 0 ;;
  --aie-generate-cdo)
    for elf in $(sed -n 's/.*elf_file = "\\([^"]*\\)".*/\\1/p' "$input"); do
      [ -f "$workdir/$elf" ] || refuse "XAie_LoadElfPartial():602: Unable to open elf file"
    done
    cp "$answers"/main_aie_cdo_*.bin "$workdir/"
    exit 0 ;;
esac
[ -f "$answers/$output" ] || exit 0
cp "$answers/$output" "$output"
`;

function shellText(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

function helpText(names: readonly string[]): string {
  return ["OVERVIEW: MLIR driver", "", ...names.map((name) => `      --${name.padEnd(50)} -   About it`)].join("\n");
}

/** Passes that the aie-opt of a span lists: its own markers, those of the spans before it, and what its pipelines need. */
function listedPasses(release: MlirAieReleaseId): readonly string[] {
  const own = mlirAieReleases.findIndex(({ id }) => id === release);
  const { addresses, route, core, sequences } = loweringOf(release);
  const pipelines = [addresses("aie2"), route, core({ col: 0, row: 2 }, "aie2"), sequences];
  return [...new Set([...(mlirAieReleases[own]?.markers ?? []), ...pipelines.flatMap(passNames)])];
}

async function answersFor({
  target = "npu1",
  params = {},
}: FakeToolsOptions): Promise<Readonly<Record<string, Uint8Array | string>>> {
  const entry = findKernel("mel");
  const device = deviceOnTarget(entry.device, target);
  const defaults = Object.fromEntries(entry.params.map((param) => [param.name, param.default]));
  const design = entry.design({ device, params: { ...defaults, ...params } });
  const { module } = lowerDesign(placeTiles(design.module));
  const addresses = printModule(module);
  const streams = design.sequences.map(({ name }) => [`insts_${name}.bin`, npuToBinary(module, name)] as const);
  const cores = everyCore(design.module);
  const perCore = cores.flatMap(({ col, row, objects }) => {
    const name = `main_core_${col}_${row}`;
    return [
      [`${name}.ld.script`, `${objects.map((object) => `INPUT(${object})\n`).join("")}SECTIONS {}\n`],
      [`${name}.opt.mlir`, "module {\n}\n"],
      [`${name}.ll`, "  %1 = getelementptr inbounds nuw i8, ptr @b, i64 4, align 4\n"],
      [`${name}.opt.ll`, "; optimized\n"],
      [`${name}.o`, `object of ${name}`],
      [`${name}.elf`, coreElfBytes({ programBytes: 1024 })],
    ] as const;
  });
  const cdo = Object.fromEntries(
    Object.entries(coreCdoFiles(cores)).map(([part, commands]) => [part, cdoBytes(commands)]),
  );
  return {
    "target.txt": `${deviceModel(device).generation.toUpperCase()}\n`,
    "input_with_addresses.mlir": addresses,
    "input_physical.mlir": printModule(routeFlows(module)),
    "cores.txt": `[${cores.map(({ col, row }) => `(${col},${row},"main_core_${col}_${row}.elf"),`).join("")}]`,
    "npu_insts.mlir": "module {\n}\n",
    "mel.o": "object of mel",
    ...Object.fromEntries(streams),
    ...Object.fromEntries(perCore),
    ...Object.fromEntries(Object.entries(cdo).map(([part, bytes]) => [`main_aie_cdo_${part}.bin`, bytes])),
    ...(await packedAnswers(device, cdo)),
  };
}

/** What bootgen and xclbinutil answer: what this project's packager makes of the same CDO files. */
async function packedAnswers(device: string, { elfs, init, enable }: Readonly<Record<string, Uint8Array>>) {
  const none = new Uint8Array();
  const cdo = { elfs: elfs ?? none, init: init ?? none, enable: enable ?? none };
  const { pdi, xclbin } = await packageOwn({ ...packageRequest(device, minimumBuffers), cdo });
  return { "main.pdi": pdi, "final.xclbin": xclbin };
}
