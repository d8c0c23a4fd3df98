import type { DrivenTool } from "../../drivers/tool-command.ts";
import type { KnownMessage } from "../../drivers/tool-hint.ts";

/** A message of one of these tools that has one known cause. */
interface KnownError extends KnownMessage {
  readonly tools: readonly DrivenTool[];
}

const everyTool: readonly DrivenTool[] = ["aie-opt", "aie-translate", "opt", "llc", "clang", "clang++"];
const mlir: readonly DrivenTool[] = ["aie-opt", "aie-translate"];

/** First match wins. Source of the messages: the tools' own texts; many of aie-opt and aie-translate as seen when run. */
export const knownErrors: readonly KnownError[] = [
  {
    tools: everyTool,
    says: /version https:\/\/git-lfs/,
    hint: "the file is a Git LFS pointer: fetch its content, git lfs pull",
  },
  {
    tools: mlir,
    says: /allocated buffers exceeded available memory|allocation failed(?!, trying)|allocation also failed/,
    hint: "stack and objectFifo buffers of this tile exceed its memory (64 KiB a compute tile, 512 KiB a memtile): smaller tiles or depth, or allocationScheme basic-sequential where only banks are the problem",
  },
  {
    tools: mlir,
    says: /number of (?:output|input) DMA channel exceeded/,
    hint: "more objectFifos than the tile has DMA channels (2 each way on shims and compute tiles, 6 on memtiles): use another column, or join and distribute in a memtile",
  },
  {
    tools: mlir,
    says: /bdId attribute exceeds max|exhausted available BD IDs/,
    hint: "more buffer descriptors than the tile has (16, a memtile 48): fewer objectFifos, less depth, or fewer dimensions",
  },
  {
    tools: mlir,
    says: /Too many simultaneously active buffer descriptors/,
    hint: "a shim has 16 buffer descriptors: wait for a task and free it (s.wait, s.free) before more are started",
  },
  {
    tools: mlir,
    says: /exceeds hardware range|not a multiple of the 4-byte address-gen granule|Minimum data transfer size required is 32bits/,
    hint: "sizes of a host transfer have 10 bits and its strides count 4-byte words: split a size above 1023 into two dimensions, and move 4 bytes or a multiple",
  },
  {
    tools: mlir,
    says: /transfer length must be multiple of 4|bd address must be 4 byte/,
    hint: "DMA moves whole 32-bit words: pad the buffer to 4 bytes",
  },
  {
    tools: mlir,
    says: /does not refer to a registered pass|no such option|failed to add .* with options/,
    hint: "this mlir-aie is not the release that its list of passes says: aiekit doctor --target npu1 prints what was found",
  },
  {
    tools: mlir,
    says: /No such device: |No '[^']*' device in module/,
    hint: "the device has another symbol than main: leave the name of aie.device out",
  },
  {
    tools: mlir,
    says: /No such runtime sequence: /,
    hint: "the sequence is gone from the module: see npu_insts.mlir with --keep",
  },
  {
    tools: mlir,
    says: /Unable to find a legal routing/,
    hint: "more flows through a switchbox than it has ports: packet flows share a port, another column has ports of its own",
  },
  {
    tools: mlir,
    says: /npu1_4col|npu2_8col/,
    hint: "the whole array is called npu1 (4 columns) or npu2 (8 columns); npu1_4col is gone since June 2025",
  },
  {
    tools: mlir,
    says: /Unknown command line argument/,
    hint: "this aie-translate has no such translation: it is older than mlir-aie v1.1, or the option never existed (an xclbin is made by xclbinutil or by aiekit)",
  },
  {
    tools: mlir,
    says: /Cannot translate write32 with non-constant/,
    hint: "the sequence computes an address or a value at run time: a stream holds constants only",
  },
  {
    tools: mlir,
    says: /Expected lowered ELF file to be given as attribute/,
    hint: "a core reached the CDO without the name of its ELF: the step that puts ELF names into the module has missed it",
  },
  {
    tools: mlir,
    says: /Unable to open elf file|XAIE_INVALID_ELF|XAie_LoadElf failed/,
    hint: "an ELF that the module names is not in the work folder, or is no ELF",
  },
  {
    tools: mlir,
    says: /fopen Error|File could not be opened/,
    hint: "the folder that the CDO files go to is not there or cannot be written",
  },
  {
    tools: ["opt", "llc", "clang", "clang++"],
    says: /unrecognized architecture 'aie2p?'|unknown target triple|invalid target 'aie2p?'|unable to get target for/,
    hint: "this is not Peano: a system's LLVM has no aie2. Set PEANO_INSTALL_DIR to the llvm-aie folder of an llvm_aie wheel",
  },
  {
    tools: ["opt", "llc"],
    says: /floating point constant invalid for type|nocreateundeforpoison|immarg operand has non-immediate parameter|error: expected '\)'|error: expected type/,
    hint: "IR of a newer LLVM than Peano's that the downgrade step does not know: take mlir-aie and Peano of the same month",
  },
  {
    tools: ["llc", "opt"],
    says: /unable to legalize instruction|G_F(?:MAX|MIN)NUM|cannot select|LLVM ERROR: unable to/i,
    hint: "a vector type or operation that Peano does not have: keep bf16 vectors at 16 or 32 lanes, write min and max as compare and select, or take a newer Peano",
  },
  {
    tools: ["clang"],
    says: /will not fit in region '?program|section '?\.text'? will not fit/,
    hint: "the core's program is larger than its memory (16 KiB): unroll less, inline less, or give the core fewer kernels",
  },
  {
    tools: ["clang"],
    says: /will not fit in region/,
    hint: "statics of the kernels do not fit beside stack and buffers in the tile's 64 KiB: smaller tables, smaller stack, less depth",
  },
  {
    tools: ["clang"],
    says: /undefined symbol: /,
    hint: 'the linked objects do not define it: declare the C++ function extern "C", and check the object that the design names for it',
  },
  {
    tools: ["clang"],
    says: /malformed number/,
    hint: "a textual .ll stands where the linker script names an object: link an object file",
  },
  {
    tools: ["clang"],
    says: /orphan section|is being placed in/,
    hint: "a section that the linker script does not place: compile with -fno-exceptions, or remove it with llvm-objcopy --remove-section",
  },
  {
    tools: ["clang++"],
    says: /'adf\.h' file not found/,
    hint: "aie_api of this mlir_aie asks for AMD's headers: __AIE_API_AIE_ADF_HPP__ has to be defined",
  },
  {
    tools: ["clang++"],
    says: /file not found/,
    hint: "headers are looked for in kernels/ and in the include folder of mlir_aie, which has aie_api",
  },
];

/** What a tool's output is known to mean; undefined for a message that is not in the table. */
export function knownErrorIn(output: string, tool: string): KnownError | undefined {
  return knownErrors.find(({ tools, says }) => (tools as readonly string[]).includes(tool) && says.test(output));
}
