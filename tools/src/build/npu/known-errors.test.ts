import { readFile } from "node:fs/promises";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import type { DrivenTool } from "../../drivers/tool-command.ts";
import type { FakeTools } from "./fake-tools.test-support.ts";
import { knownErrorIn, knownErrors } from "./known-errors.ts";
import { builtMelSteps, type MelSteps } from "./mel-steps.test-support.ts";

let mel: MelSteps;
let tools: FakeTools;

beforeAll(async () => {
  mel = await builtMelSteps();
  tools = mel.tools;
});
afterAll(() => mel.remove());
beforeEach(() => mel.mendTools());

interface Row {
  readonly tool: DrivenTool;
  readonly step: string;
  readonly prints: string;
  readonly exitCode?: number;
  readonly hint: RegExp;
  readonly about?: RegExp;
}

const mlirDump = (error: string): string =>
  `design.mlir:4:18: error: ${error}\n    %tile_0_2 = aie.tile(0, 2)\n                ^\ndesign.mlir:4:18: note: see current operation: %1 = "aie.tile"() <{col = 0 : i32, row = 2 : i32}> : () -> index\n`;

// Every message that the tools are known to end with, as they print it.
const rows: readonly Row[] = [
  {
    tool: "aie-opt",
    step: "addresses",
    prints:
      "design.mlir:4:18: warning: Not all requested buffers fit in the available memory.\n" +
      "design.mlir:4:18: note: Current configuration of buffers in bank(s) : MemoryMap:\n\t(no stack allocated)\n\n" +
      "design.mlir:4:18: warning: Bank-aware allocation failed, trying basic sequential allocation.\n" +
      "design.mlir:4:18: error: 'aie.tile' op allocated buffers exceeded available memory\n" +
      "design.mlir:4:18: error: 'aie.tile' op Basic sequential allocation also failed.\n",
    hint: /64 KiB a compute tile.*basic-sequential/,
    about:
      /^tile \(0,2\) \(.*design\.mlir:4\), which holds objectFifo pcm 2 x 800 B, objectFifo mel 2 x 160 B, stack 8192 B$/,
  },
  {
    tool: "aie-opt",
    step: "addresses",
    prints: mlirDump("'aie.tile' op Bank-aware allocation failed."),
    hint: /smaller tiles or depth/,
  },
  {
    tool: "aie-opt",
    step: "addresses",
    prints: mlirDump("'aie.tile' op number of output DMA channel exceeded!"),
    hint: /DMA channels/,
  },
  {
    tool: "aie-opt",
    step: "addresses",
    prints: mlirDump("'aie.dma_bd' op bdId attribute exceeds max: 15"),
    hint: /fewer objectFifos/,
  },
  {
    tool: "aie-opt",
    step: "addresses",
    prints: mlirDump("'aie.dma_bd' op Allocator exhausted available BD IDs (maximum 16 available)."),
    hint: /fewer objectFifos/,
  },
  {
    tool: "aie-opt",
    step: "lower sequences",
    prints:
      "npu_insts.mlir:1:1: error: 'aiex.dma_configure_task' op Too many simultaneously active buffer descriptors\n",
    hint: /wait for a task and free it/,
  },
  {
    tool: "aie-opt",
    step: "lower sequences",
    prints: "error: 'aiex.npu.dma_memcpy_nd' op Size 3 exceeds hardware range [0:1023]\n",
    hint: /10 bits/,
  },
  {
    tool: "aie-opt",
    step: "lower sequences",
    prints: "error: Stride 1 is 3, which is not a multiple of the 4-byte address-gen granule\n",
    hint: /10 bits/,
  },
  {
    tool: "aie-opt",
    step: "lower sequences",
    prints: "error: Minimum data transfer size required is 32bits\n",
    hint: /move 4 bytes or a multiple/,
  },
  {
    tool: "aie-opt",
    step: "addresses",
    prints: mlirDump("'aie.dma_bd' op transfer length must be multiple of 4 (i.e., represent 4 byte aligned address)"),
    hint: /pad the buffer/,
  },
  {
    tool: "aie-opt",
    step: "lower sequences",
    prints: "error: bd address must be 4 byte (32b) aligned\n",
    hint: /pad the buffer/,
  },
  {
    tool: "aie-opt",
    step: "addresses",
    prints:
      "<unknown>:0: error: MLIR Textual PassPipeline Parser:1:20: error: 'aie-register-objectFifos' does not refer to a registered pass or pass pipeline\n",
    hint: /not the release/,
  },
  {
    tool: "aie-opt",
    step: "addresses",
    prints: "<Pass-Options-Parser>: no such option dynamic-objFifos\n",
    hint: /not the release/,
  },
  { tool: "aie-translate", step: "cdo", prints: "error: No such device: foo\n", hint: /another symbol than main/ },
  {
    tool: "aie-opt",
    step: "lower core (0,2)",
    prints: "error: No 'main' device in module\n",
    hint: /another symbol than main/,
    about: /core \(0,2\)/,
  },
  {
    tool: "aie-translate",
    step: "translate insts frames_16",
    prints: "error: No such runtime sequence: frames_16\n",
    hint: /npu_insts\.mlir/,
    about: /sequence frames_16/,
  },
  {
    tool: "aie-opt",
    step: "route",
    prints: "error: Unable to find a legal routing\n",
    hint: /packet flows share a port/,
  },
  {
    tool: "aie-opt",
    step: "addresses",
    prints:
      "design.mlir:2:14: error: custom op 'aie.device' expected ::xilinx::AIE::AIEDevice to be one of: npu1, npu2, got npu1_4col\n",
    hint: /the whole array is called npu1/,
  },
  {
    tool: "aie-translate",
    step: "cdo",
    prints: "aie-translate: Unknown command line argument '--aie-generate-xclbin'.  Try: 'aie-translate --help'\n",
    hint: /no such translation/,
  },
  {
    tool: "aie-translate",
    step: "translate insts frames_16",
    prints: "error: Cannot translate write32 with non-constant address to a static TXN binary\n",
    hint: /constants only/,
  },
  {
    tool: "aie-translate",
    step: "cdo",
    prints:
      "error: 'aie.core' op Expected lowered ELF file to be given as attribute `elf_file` for this core. Compile cores first.\n",
    hint: /without the name of its ELF/,
  },
  {
    tool: "aie-translate",
    step: "cdo",
    prints:
      "[AIE ERROR] XAie_LoadElfPartial():602: Unable to open elf file\nXAie_LoadElf failed with XAIE_INVALID_ELF\n",
    hint: /not in the work folder/,
  },
  { tool: "aie-translate", step: "cdo", prints: "File could not be opened, fopen Error\n", hint: /cannot be written/ },
  {
    tool: "opt",
    step: "optimize core (0,2)",
    prints: "opt: unrecognized architecture 'aie2' provided.\n",
    hint: /not Peano/,
  },
  {
    tool: "llc",
    step: "compile core (0,2)",
    prints: "llc: error: unable to get target for 'aie2-none-unknown-elf', see --version and --triple.\n",
    hint: /not Peano/,
  },
  {
    tool: "clang",
    step: "link core (0,2)",
    prints: "clang: error: unknown target triple 'aie2-none-unknown-elf'\n",
    hint: /not Peano/,
  },
  { tool: "llc", step: "compile core (0,2)", prints: "llc: error: : invalid target 'aie2'.\n", hint: /not Peano/ },
  {
    tool: "opt",
    step: "optimize core (0,2)",
    prints:
      "opt: main_core_0_2.peanohack.ll:17:14: error: floating point constant invalid for type\n  store float 0.1, ptr %p\n              ^\n",
    hint: /mlir-aie and Peano of the same month/,
  },
  {
    tool: "opt",
    step: "optimize core (0,2)",
    prints: "opt: main_core_0_2.peanohack.ll:3:9: error: expected ')' at end of argument list\n",
    hint: /same month/,
  },
  {
    tool: "opt",
    step: "optimize core (0,2)",
    prints: "opt: x.ll:9:1: error: invalid attribute nocreateundeforpoison\n",
    hint: /same month/,
  },
  {
    tool: "opt",
    step: "optimize core (0,2)",
    prints: "immarg operand has non-immediate parameter\nptr %p\nopt: error: input module is broken!\n",
    hint: /same month/,
  },
  {
    tool: "llc",
    step: "compile core (0,2)",
    prints: "LLVM ERROR: unable to legalize instruction: %5:_(<8 x s16>) = G_FADD %3:_, %4:_ (in function: core_0_2)\n",
    exitCode: 134,
    hint: /vector type or operation that Peano does not have/,
  },
  {
    tool: "llc",
    step: "compile core (0,2)",
    prints: "LLVM ERROR: cannot select: %7:fpr(s32) = G_FMAXNUM %5, %6\n",
    exitCode: 134,
    hint: /min and max/,
  },
  {
    tool: "clang",
    step: "link core (0,2)",
    prints:
      "ld.lld: error: section '.text' will not fit in region 'program': overflowed by 5120 bytes\nclang: error: ld.lld command failed with exit code 1 (use -v to see invocation)\n",
    hint: /16 KiB.*unroll less/,
    about: /core \(0,2\)/,
  },
  {
    tool: "clang",
    step: "link core (0,2)",
    prints: "ld.lld: error: section '.bss' will not fit in region 'data': overflowed by 64 bytes\n",
    hint: /beside stack and buffers/,
  },
  {
    tool: "clang",
    step: "link core (0,2)",
    prints:
      "ld.lld: error: undefined symbol: mel_frame_i16\n>>> referenced by LLVMDialectModule\n>>>               main_core_0_2.o:(core_0_2)\nclang: error: ld.lld command failed with exit code 1 (use -v to see invocation)\n",
    hint: /extern "C"/,
    about: /core \(0,2\): function mel_frame_i16 of mel\.o \(.*design\.mlir:\d+\), called by core \(0,2\)/,
  },
  {
    tool: "clang",
    step: "link core (0,2)",
    prints: "ld.lld: error: mel.ll:1: malformed number: target\n",
    hint: /link an object file/,
  },
  {
    tool: "clang",
    step: "link core (0,2)",
    prints: "ld.lld: error: mel.o:(.eh_frame) is being placed in '.eh_frame'\n",
    hint: /-fno-exceptions/,
  },
  {
    tool: "clang",
    step: "link core (0,2)",
    prints: "ld.lld: error: orphan section '.stack_sizes'\n",
    hint: /--remove-section/,
  },
  {
    tool: "clang++",
    step: "compile mel.o",
    prints: "In file included from kernels/mel/mel.cc:1:\naie_api/aie.hpp:30:10: fatal error: 'adf.h' file not found\n",
    hint: /__AIE_API_AIE_ADF_HPP__/,
    about: /^kernels\/mel\/mel\.cc$/,
  },
  {
    tool: "clang++",
    step: "compile mel.o",
    prints: "kernels/mel/mel.cc:1:10: fatal error: 'nowhere.h' file not found\n",
    hint: /kernels\/ and in the include folder/,
  },
  {
    tool: "aie-opt",
    step: "addresses",
    prints: "design.mlir:1:1: error: custom op 'version' is unknown\nversion https://git-lfs.github.com/spec/v1\n^\n",
    hint: /git lfs pull/,
  },
];

test.each(rows.map((row) => [`${row.tool}: ${row.prints.trim().split("\n").at(-1)?.slice(0, 90)}`, row] as const))(
  "%s",
  async (_, { tool, step, prints, exitCode = 1, hint, about }) => {
    await tools.fail(tool, { prints, exitCode });

    const error = await mel.failureOf(step);

    expect(error.hint).toMatch(hint);
    expect(error.failure).toMatchObject({ stage: step, tool, exitCode });
    expect(error.message).toMatch(
      new RegExp(
        `^${step.replace(/[()+]/g, "\\$&")}: ${tool.replace(/\+/g, "\\+")} failed \\(exit code ${exitCode}\\)\\ncd \\S+/\\.cache/failed/npu1/mel/\\S+ && \\S+/${tool.replace(/\+/g, "\\+")} `,
      ),
    );
    expect(error.message).not.toContain("see current operation");
    if (about) expect(error.failure.about).toMatch(about);
    // The whole of what was printed is beside the files that the command needs.
    expect(await readFile(error.failure.logPath ?? "", "utf8")).toBe(`${prints.trimEnd()}\n`);
  },
);

test("every row of the table of known errors is met by a program above", () => {
  const met = new Set(rows.map(({ tool, prints }) => knownErrorIn(prints, tool)));

  expect(knownErrors.filter((known) => !met.has(known)).map(({ says }) => String(says))).toEqual([]);
});
