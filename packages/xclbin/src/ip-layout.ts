import { fixedText } from "./fixed-text.ts";
import { entryOffsets, type SectionSource, textField } from "./section-source.ts";

/** A compute unit of IP_LAYOUT. */
export interface IpEntry {
  /** 7 = PS kernel, which NPU kernels are declared as. */
  readonly type: number;
  /** 0 = PS, 1 = DPU. */
  readonly subtype: number;
  /** 0 = DPU, 1 = PrePost. */
  readonly functional: number;
  readonly kernelId: number;
  /** Other bits of the properties word, in place. */
  readonly otherProperties: number;
  /** All ones: not used. */
  readonly baseAddress: bigint;
  /** "kernel:instance". */
  readonly name: string;
}

const entryBytes = 80;
const start = 8;
const nameBytes = 64;
const subtypeMask = 0x3;
const functionalShift = 4;
const functionalMask = 0x3;
const kernelIdShift = 16;
const kernelIdMask = 0xfff;
const otherMask = ~(subtypeMask | (functionalMask << functionalShift) | (kernelIdMask << kernelIdShift)) >>> 0;

export const ipTypePsKernel = 7;
export const unusedBaseAddress = 0xffffffffffffffffn;

/** @throws FormatError where the section is cut off. Source: XRT xclbin.h, struct ip_data. */
export function readIpLayout(source: SectionSource): IpEntry[] {
  return entryOffsets(source, start, entryBytes).map((at) => {
    const properties = source.view.getUint32(at + 4, true);
    return {
      type: source.view.getUint32(at, true),
      subtype: properties & subtypeMask,
      functional: (properties >>> functionalShift) & functionalMask,
      kernelId: (properties >>> kernelIdShift) & kernelIdMask,
      otherProperties: (properties & otherMask) >>> 0,
      baseAddress: source.view.getBigUint64(at + 8, true),
      name: textField(source, at + 16, nameBytes, "name"),
    };
  });
}

export function writeIpLayout(entries: readonly IpEntry[]): Uint8Array {
  const bytes = new Uint8Array(start + entries.length * entryBytes);
  const view = new DataView(bytes.buffer);
  view.setInt32(0, entries.length, true);
  for (const [i, entry] of entries.entries()) {
    const at = start + i * entryBytes;
    const { subtype, functional, kernelId, otherProperties } = entry;
    view.setUint32(at, entry.type, true);
    const properties = subtype | (functional << functionalShift) | (kernelId << kernelIdShift) | otherProperties;
    view.setUint32(at + 4, properties >>> 0, true);
    view.setBigUint64(at + 8, entry.baseAddress, true);
    bytes.set(fixedText(entry.name, nameBytes, "kernel:instance"), at + 16);
  }
  return bytes;
}
