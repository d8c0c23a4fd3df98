import type { AiePartition } from "../aie-partition.ts";
import { writeAiePartition } from "../aie-partition-writer.ts";
import { type AxlfSection, readAxlf, writeAxlf } from "../axlf.ts";
import { buildXclbin } from "../build-xclbin.ts";
import type { CdoCommand } from "../cdo.ts";
import { writeCdo } from "../cdo-writer.ts";
import { npuKernelArgs } from "../kernel-args.ts";
import { buildPdi } from "../pdi-writer.ts";
import { arrayAddress } from "../registers/register-at.ts";
import { sectionKinds } from "../section-kinds.ts";
import { encodeTxn, type TxnOp, type TxnStream } from "../txn.ts";
import { readXclbin } from "../xclbin.ts";

export const at = arrayAddress;

/** A design of one core that copies: program, BDs with locks, queues, switches, core out of reset and on. */
export const goodCommands: readonly CdoCommand[] = [
  { command: "maskWrite", address: at(0, 2, 0x1de00), mask: 2, value: 2, wide: true },
  { command: "dmaWrite", address: at(0, 2, 0x20000), data: new Uint8Array(1024).fill(0x11) },
  { command: "maskWrite", address: at(0, 2, 0x1de00), mask: 2, value: 0, wide: true },
  { command: "maskWrite", address: at(0, 2, 0x32000), mask: 2, value: 2, wide: true },
  { command: "maskWrite", address: at(0, 2, 0x32000), mask: 2, value: 0, wide: true },
  { command: "write", address: at(0, 2, 0x1f000), value: 2, wide: true },
  { command: "dmaWrite", address: at(0, 2, 0x1d000), data: bd({ next: 1 }) },
  { command: "dmaWrite", address: at(0, 2, 0x1d020), data: bd({ next: 0 }) },
  { command: "write", address: at(0, 2, 0x1de04), value: 0, wide: true },
  { command: "write", address: at(0, 2, 0x3f004), value: 0x80000005, wide: true },
  { command: "write", address: at(0, 0, 0x3f034), value: 0x80000005, wide: true },
  { command: "maskWrite", address: at(0, 2, 0x32000), mask: 1, value: 1, wide: true },
];

/** Words of a compute tile's BD of 16 words that acquires lock 0, releases lock 1 and goes on with another BD. */
export function bd({ next, valid = true }: { readonly next: number; readonly valid?: boolean }): Uint8Array {
  const last = (next << 27) | (1 << 26) | (valid ? 1 << 25 : 0) | (1 << 18) | (1 << 13) | (1 << 12) | (127 << 5);
  return new Uint8Array(Uint32Array.from([(256 << 14) | 16, 0, 0, 0, 0, last >>> 0]).buffer);
}

export function pdiOf(commands: readonly CdoCommand[]): Uint8Array {
  const trailing = new Uint8Array();
  return buildPdi([{ name: "all", bytes: writeCdo({ version: 0x200, identifier: 0x004f4443, commands, trailing }) }]);
}

export function xclbinOfPdi(pdi: Uint8Array, kernelName = "MLIR_AIE"): Uint8Array {
  const args = npuKernelArgs(5);
  return buildXclbin({ kernelName, instanceName: "MLIRAIE", columns: 1, startColumns: [1, 2, 3, 4], args, pdi });
}

export const goodXclbin = xclbinOfPdi(pdiOf(goodCommands));

/** The good file with other commands. */
export function withCommands(change: (commands: readonly CdoCommand[]) => readonly CdoCommand[]): Uint8Array {
  return xclbinOfPdi(pdiOf(change(goodCommands)));
}

/** The good file without the sections of a kind. */
export function without(kind: number): Uint8Array {
  return withSections((sections) => sections.filter((section) => section.kind !== kind));
}

export function withSections(change: (sections: readonly AxlfSection[]) => readonly AxlfSection[]): Uint8Array {
  const { header, sections } = readAxlf(goodXclbin, "good.xclbin");
  return writeAxlf({ header, sections: change(sections), trailer: new Uint8Array() });
}

/** The good file with one section's bytes changed. */
export function withSection(kind: number, change: (data: Uint8Array) => Uint8Array): Uint8Array {
  return withSections((sections) =>
    sections.map((section) => (section.kind === kind ? { ...section, data: change(section.data.slice()) } : section)),
  );
}

export function withMetadata(change: (text: string) => string): Uint8Array {
  return withSection(sectionKinds.embeddedMetadata, (data) =>
    new TextEncoder().encode(change(new TextDecoder().decode(data))),
  );
}

export function withPartition(change: (partition: AiePartition) => AiePartition): Uint8Array {
  const { partition } = readXclbin(goodXclbin);
  return withSection(sectionKinds.aiePartition, () => writeAiePartition(change(partition!)));
}

/** The good file with a number of its own bytes changed. */
export function withBytes(change: (bytes: Uint8Array, view: DataView) => void): Uint8Array {
  const bytes = goodXclbin.slice();
  change(bytes, new DataView(bytes.buffer));
  return bytes;
}

const shimBd = (lengthWords: number) => [lengthWords, 0, 0, 0, 0x80000000, 0x02000000, 0, 0x02000000];

export const goodOps: readonly TxnOp[] = [
  { op: "blockwrite", address: 0x1d020, words: shimBd(16) },
  { op: "addressPatch", address: 0x1d024, argIndex: 2, argPlus: 0 },
  { op: "write32", address: 0x1d204, value: 0x80000001 },
  { op: "blockwrite", address: 0x1d000, words: shimBd(16) },
  { op: "addressPatch", address: 0x1d004, argIndex: 0, argPlus: 0 },
  { op: "write32", address: 0x1d214, value: 0 },
  { op: "sync", direction: 0, col: 0, row: 0, channel: 0, cols: 1, rows: 1 },
];

/** An instruction stream for the good file. */
export function streamOf(ops: readonly TxnOp[], header: Partial<TxnStream> = {}): Uint8Array {
  const npu1 = { major: 0, minor: 1, deviceGeneration: 3, rows: 6, cols: 1, memtileRows: 1 };
  return encodeTxn({ ...npu1, ...header, ops });
}
