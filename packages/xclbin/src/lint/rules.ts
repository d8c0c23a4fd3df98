/** How much a finding matters: an `error` stops XRT or spoils the result, a `warning` may. */
export type Severity = "error" | "warning" | "note";

interface Rule {
  readonly severity: Severity;
  /** What XRT, the driver or the array then does. */
  readonly effect: string;
  readonly cure: string;
}

const noDpuKernel = "XRT: No valid DPU kernel found in xclbin (err=22): Invalid argument";
const noBank =
  "group_id(n) is 131071: XRT finds no memory for the argument, and buffer objects for it fail or go astray";
const refused = "XRT refuses the file";
const rebuild = "build the xclbin again";
const addKernel =
  "xclbinutil --add-kernel kernels.json makes it, with EMBEDDED_METADATA, IP_LAYOUT, CONNECTIVITY and both GROUP sections";
const equalIds = "use one number for dpu_kernel_id in kernels.json and dpu_kernel_ids in aie_partition.json";
const noWait = "the run never ends: XRT reports ERT_CMD_STATE_TIMEOUT after 2 s and the context is lost";
const zeros = "the run completes, and the output stays as it was";

/** Every defect that `lint` finds. Sources: facts of XRT (xrt_xclbin.cpp, xdna-driver hwctx.cpp), aie-rt, mlir-aie. */
export const lintRules = {
  "foreign-file": { severity: "error", effect: refused, cure: "fetch or name the xclbin itself" },
  magic: { severity: "error", effect: "XRT: Invalid xclbin", cure: "name an xclbin; its first bytes are xclbin2" },
  "file-cut-off": {
    severity: "error",
    effect: "XRT reads past the end or refuses the file",
    cure: "copy or build the file again",
  },
  "file-longer": {
    severity: "warning",
    effect: "the bytes behind are no part of the xclbin",
    cure: "copy or build the file again",
  },
  "section-count": { severity: "error", effect: refused, cure: rebuild },
  "section-outside": { severity: "error", effect: "XRT reads past the end of the file", cure: rebuild },
  "section-overlap": { severity: "error", effect: "one of the two sections is read as garbage", cure: rebuild },
  "section-misaligned": {
    severity: "warning",
    effect: "XRT reads structs at addresses that are no multiple of 8",
    cure: rebuild,
  },
  "section-twice": {
    severity: "warning",
    effect: "XRT reads the first one only",
    cure: "use --add-replace-section in place of --add-section",
  },
  "section-damaged": { severity: "error", effect: "XRT throws on the section or reads garbage", cure: rebuild },
  "uuid-zero": {
    severity: "warning",
    effect: "XRT knows loaded xclbins by their uuid: two files with the same one are taken for one another",
    cure: "leave --skip-uuid-insertion out, or let the build derive a uuid from the content",
  },
  "metadata-absent": { severity: "error", effect: noDpuKernel, cure: addKernel },
  "no-dpu-kernel": { severity: "error", effect: noDpuKernel, cure: 'set "type": "dpu" in kernels.json' },
  "kernel-twice": {
    severity: "error",
    effect: "XRT finds the first one only",
    cure: "give each kernel a name of its own",
  },
  "kernel-id-shared": {
    severity: "warning",
    effect: "both kernels run the same PDI",
    cure: "give each kernel a dpu_kernel_id of its own",
  },
  "no-opcode": {
    severity: "warning",
    effect: "today's hosts call kernel(3, instr, ninstr, ...): every argument lands one place too far",
    cure: "build with mlir-aie of June 2024 or later, or call kernel(instr, ninstr, ...) with a stream of the older kind",
  },
  "argument-index": {
    severity: "error",
    effect: "XRT: mismatched argument index",
    cure: "number the arguments from 0 without gaps",
  },
  "argument-size": {
    severity: "error",
    effect: "XRT writes too many or too few bytes into the command: the firmware reads a wrong value",
    cure: "8 bytes for pointers, the size of the type for scalars",
  },
  "argument-overlap": {
    severity: "error",
    effect: "one argument overwrites another in the command",
    cure: "offsets 0x00, 0x08, 0x10, 0x14, 0x1c, ...: each behind the one before",
  },
  "ip-layout-absent": { severity: "error", effect: noDpuKernel, cure: addKernel },
  "no-compute-unit": {
    severity: "error",
    effect: noDpuKernel,
    cure: 'declare an instance: "instances": [{"name": "..."}] in kernels.json',
  },
  "compute-unit-type": {
    severity: "error",
    effect: noDpuKernel,
    cure: 'set "type": "dpu" and "subtype": "DPU" in kernels.json',
  },
  "compute-unit-id": {
    severity: "error",
    effect: "xclbinutil: The AIE_PARTITION section in the xclbin is not compliant with IP_LAYOUT section",
    cure: equalIds,
  },
  "compute-unit-stray": {
    severity: "warning",
    effect: "the entry is never used",
    cure: "remove it, or declare its kernel",
  },
  "memory-absent": {
    severity: "error",
    effect: noBank,
    cure: "add MEM_TOPOLOGY before the kernels, and leave --skip-bank-grouping out",
  },
  "argument-unconnected": {
    severity: "error",
    effect: noBank,
    cure: 'give the argument a "memory-connection" to a tag of MEM_TOPOLOGY in kernels.json',
  },
  "bank-unknown": { severity: "error", effect: noBank, cure: "connect the argument to a bank that MEM_TOPOLOGY has" },
  "bank-unused": { severity: "error", effect: noBank, cure: 'set "m_used": "1" for the bank in mem_topology.json' },
  "bank-empty": {
    severity: "error",
    effect: "XRT: no buffer fits into the bank",
    cure: "give the bank its size: m_sizeKB 0x10000",
  },
  "group-unconnected": {
    severity: "error",
    effect: noBank,
    cure: "let xclbinutil make the GROUP sections: leave --skip-bank-grouping out",
  },
  "connection-stray": {
    severity: "warning",
    effect: "XRT ignores it, or gives a scalar a memory",
    cure: "connect buffers only",
  },
  "instr-memory": {
    severity: "warning",
    effect: "the instruction buffer lies outside of the device's heap, where the firmware looks for it",
    cure: 'connect the argument instr to SRAM: "memory-connection": "SRAM"',
  },
  "partition-absent": {
    severity: "error",
    effect: noDpuKernel,
    cure: "xclbinutil --add-section AIE_PARTITION:JSON:aie_partition.json",
  },
  "no-pdi-for-kernel": { severity: "error", effect: noDpuKernel, cure: equalIds },
  "pdi-empty": {
    severity: "error",
    effect: "the hardware context cannot be made",
    cure: "name the PDI in aie_partition.json; its path is relative to that file",
  },
  "pdi-shared-id": {
    severity: "warning",
    effect: "XRT takes the first of the PDIs",
    cure: "give each PDI kernel ids of its own",
  },
  "pdi-uuid-twice": {
    severity: "warning",
    effect: "the second PDI is taken for the first one",
    cure: "give each PDI a uuid of its own",
  },
  "pdi-unused": { severity: "warning", effect: "the PDI is never loaded", cure: equalIds },
  "pdi-unknown": {
    severity: "error",
    effect: "the firmware refuses it: the hardware context cannot be made",
    cure: "pack the CDO files with bootgen or with this kit",
  },
  "pdi-damaged": {
    severity: "error",
    effect: "the firmware refuses it: the hardware context cannot be made",
    cure: rebuild,
  },
  "pdi-id-code": {
    severity: "warning",
    effect: "the firmware may refuse a PDI of another device",
    cure: "id_code = 0x14ca8093 in the BIF",
  },
  "pdi-no-cdo": {
    severity: "error",
    effect: "the array is not configured: runs time out",
    cure: "{ type=cdo file=... } in the BIF",
  },
  "pdi-for-simulator": { severity: "error", effect: "no NPU starts from it", cure: "build with --target npu1 or npu2" },
  "column-width": {
    severity: "error",
    effect: "XRT: the hardware context cannot be made (EINVAL)",
    cure: "column_width of aie_partition.json: the columns of the design's device",
  },
  "start-columns": {
    severity: "error",
    effect: "older XRT finds no place for the partition",
    cure: "start_columns of aie_partition.json: first columns where the design fits",
  },
  "cdo-empty": {
    severity: "error",
    effect: "the array is not configured: runs time out",
    cure: "aie-translate --aie-generate-cdo again; name all three CDO files in the BIF",
  },
  "cdo-unknown-command": {
    severity: "warning",
    effect: "the firmware may refuse the PDI",
    cure: "see where the command comes from: aiekit inspect --writes",
  },
  "no-switch": {
    severity: "error",
    effect: noWait,
    cure: "run aie-create-pathfinder-flows before --aie-generate-cdo: an unrouted module gives such a CDO",
  },
  "core-without-program": {
    severity: "error",
    effect: "the core runs what was in its memory before: zeros, garbage or a hang",
    cure: "give the core an elf_file before --aie-generate-cdo; put the elfs CDO into the BIF",
  },
  "core-not-enabled": { severity: "warning", effect: noWait, cure: "put the enable CDO into the BIF, last" },
  "core-in-reset": { severity: "error", effect: noWait, cure: "keep the CDO files in order: elfs, init, enable" },
  "channel-in-reset": {
    severity: "error",
    effect: noWait,
    cure: "keep the elfs CDO whole: it takes the channels out of reset at its end",
  },
  "program-too-large": {
    severity: "error",
    effect: "the rest of the program is written over other registers or lost: the core hangs",
    cure: "program memory has 16384 bytes: lower the optimisation level or split the kernel",
  },
  "tile-outside-partition": {
    severity: "error",
    effect: "writes go to columns of other contexts, or nowhere",
    cure: "column_width of aie_partition.json: as many columns as the design's device",
  },
  "tile-outside-array": {
    severity: "error",
    effect: "writes go nowhere",
    cure: "build for a device whose rows the design uses",
  },
  "bd-not-written": { severity: "error", effect: noWait, cure: "write the BD before the push that starts it" },
  "bd-not-valid": { severity: "error", effect: noWait, cure: "set valid_bd of the BD" },
  "stream-damaged": {
    severity: "error",
    effect: "the firmware stops at the damage: ERT_CMD_STATE_ERROR or a timeout",
    cure: "build the instruction stream again",
  },
  "stream-unknown-op": {
    severity: "error",
    effect: "the firmware stops there: ERT_CMD_STATE_ERROR or a timeout",
    cure: "build the stream with a release whose operations the firmware knows",
  },
  "stream-empty": {
    severity: "error",
    effect: zeros,
    cure: "lower the sequence before --aie-npu-to-binary: aie-dma-to-npu",
  },
  "stream-kind": {
    severity: "error",
    effect: "the firmware reads garbage: ERT_CMD_STATE_ERROR or a timeout",
    cure: "take xclbin and stream from the same build",
  },
  "stream-device": {
    severity: "error",
    effect: "the firmware refuses the stream of another generation",
    cure: "build the stream for this device",
  },
  "stream-device-unsure": {
    severity: "warning",
    effect: "the firmware may refuse a stream of another generation",
    cure: "build the stream for the same device as the xclbin",
  },
  "stream-column": {
    severity: "error",
    effect: "writes go to columns of other contexts: ERT_CMD_STATE_ERROR or a timeout",
    cure: "take xclbin and stream from the same build",
  },
  "stream-argument": {
    severity: "error",
    effect: "the address of a buffer that the host never gave is patched in: a fault, or garbage",
    cure: "declare as many buffers in kernels.json as the sequence has arguments",
  },
  "stream-patch": {
    severity: "error",
    effect: "an address is written over something that is no address",
    cure: "take the stream from aie-translate as it is",
  },
  "stream-bd-unwritten": { severity: "error", effect: noWait, cure: "write the BD before the push that starts it" },
  "stream-bd-unpatched": {
    severity: "error",
    effect: "the DMA reads or writes at address 0: a fault",
    cure: "an address patch for each shim BD",
  },
  "stream-no-token": { severity: "error", effect: noWait, cure: "issue a token with the push that the sync waits for" },
  "stream-no-sync": {
    severity: "warning",
    effect: "the run completes before the output is there",
    cure: "wait for the output's channel: dma_wait at the end of the sequence",
  },
  "stream-unawaited": {
    severity: "warning",
    effect: "the run may complete before the output is there, and the host then reads old data",
    cure: "wait for it at the end of the sequence, once for each transfer of its channel that gives a token: dma_wait",
  },
} as const satisfies Readonly<Record<string, Rule>>;

export type LintCode = keyof typeof lintRules;

/** A defect that was found: `cause` with names and numbers. */
export interface Finding {
  readonly code: LintCode;
  readonly where: string;
  readonly cause: string;
  /** In bytes from the file's start, where one place can be named. */
  readonly offset?: number;
}

/** A finding with what the rule says of it. */
export interface LintFinding extends Finding {
  readonly severity: Severity;
  readonly effect: string;
  readonly cure: string;
}

export function lintFinding(finding: Finding): LintFinding {
  const { severity, effect, cure } = lintRules[finding.code];
  return { ...finding, severity, effect, cure };
}
