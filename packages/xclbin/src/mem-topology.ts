import { fixedText } from "./fixed-text.ts";
import { entryOffsets, type SectionSource, textField } from "./section-source.ts";

/** A memory bank of MEM_TOPOLOGY or GROUP_TOPOLOGY; arguments are connected to banks by index. */
export interface MemoryBank {
  /** 2 = DRAM. */
  readonly type: number;
  readonly used: boolean;
  readonly sizeKib: bigint;
  readonly baseAddress: bigint;
  readonly tag: string;
}

const entryBytes = 40;
const start = 8;
const tagBytes = 16;

/** The banks that every NPU xclbin declares: HOST for buffers, SRAM for instructions. Source: xclbins made by aiecc. */
export const npuMemoryBanks: readonly MemoryBank[] = [
  { type: 2, used: true, sizeKib: 0x10000n, baseAddress: 0x4000000n, tag: "HOST" },
  { type: 2, used: true, sizeKib: 0xc000n, baseAddress: 0x4000000n, tag: "SRAM" },
];

/** @throws FormatError where the section is cut off. Source: XRT xclbin.h, struct mem_topology. */
export function readMemTopology(source: SectionSource): MemoryBank[] {
  return entryOffsets(source, start, entryBytes).map((at) => ({
    type: source.view.getUint8(at),
    used: source.view.getUint8(at + 1) !== 0,
    sizeKib: source.view.getBigUint64(at + 8, true),
    baseAddress: source.view.getBigUint64(at + 16, true),
    tag: textField(source, at + 24, tagBytes, "tag"),
  }));
}

export function writeMemTopology(banks: readonly MemoryBank[]): Uint8Array {
  const bytes = new Uint8Array(start + banks.length * entryBytes);
  const view = new DataView(bytes.buffer);
  view.setInt32(0, banks.length, true);
  for (const [i, bank] of banks.entries()) {
    const at = start + i * entryBytes;
    view.setUint8(at, bank.type);
    view.setUint8(at + 1, bank.used ? 1 : 0);
    view.setBigUint64(at + 8, bank.sizeKib, true);
    view.setBigUint64(at + 16, bank.baseAddress, true);
    bytes.set(fixedText(bank.tag, tagBytes, "memory tag"), at + 24);
  }
  return bytes;
}
