import type { CdoFiles, PackageRequest } from "./packager.ts";

interface SampleCore {
  readonly col: number;
  readonly row: number;
  /** Words of the program; 0 leaves the core without one. */
  readonly programWords: number;
  readonly enabled?: boolean;
}

/** CDO files of the kind that aie-translate writes: per core a program and data, locks, a BD, a route, and its start. */
export function sampleCdo(cores: readonly SampleCore[], changes: { readonly routed?: boolean } = {}): CdoFiles {
  const at = ({ col, row }: SampleCore, offset: number): number => col * 2 ** 25 + row * 2 ** 20 + offset;
  const elfs = cores.flatMap((core) => {
    if (core.programWords === 0) return [];
    return [
      ...maskWrite(at(core, coreControl), 1, 0),
      ...dmaChannels.flatMap((channel) => maskWrite(at(core, channel), 2, 2)),
      ...block(at(core, 0x20000), words(core.programWords, core.col + 1)),
      // A segment of one word and one that is not a multiple of 16 bytes.
      ...block(at(core, 0x404), [7]),
      ...block(at(core, 0x410), [8, 9, 10]),
      ...dmaChannels.flatMap((channel) => maskWrite(at(core, channel), 2, 0)),
    ];
  });
  const init = cores.flatMap((core) => [
    ...maskWrite(at(core, coreControl), 2, 2),
    ...maskWrite(at(core, coreControl), 2, 0),
    ...Array.from({ length: 16 }, (_, lock) => write(at(core, 0x1f000 + 16 * lock), lock === 0 ? 1 : 0)).flat(),
    ...block(at(core, 0x1d000), [256, 0, 0, 0, 0, 0x0200_0000]),
    ...(changes.routed === false ? [] : write(at(core, 0x3f000), 0x8000_0001)),
  ]);
  const enable = cores.flatMap((core) => (core.enabled === false ? [] : maskWrite(at(core, coreControl), 1, 1)));
  return { elfs: cdoFile([...nop, ...elfs]), init: cdoFile([...nop, ...init]), enable: cdoFile([...nop, ...enable]) };
}

export const oneCore: readonly SampleCore[] = [{ col: 0, row: 2, programWords: 300 }];

/** A design on one column of npu1. */
export function sampleRequest(changes: Partial<PackageRequest> = {}): PackageRequest {
  return {
    deviceSymbol: "main",
    cdo: sampleCdo(oneCore),
    device: "npu1_1col",
    kernelName: "MLIR_AIE",
    instanceName: "MLIRAIE",
    bufferCount: 5,
    ...changes,
  };
}

/** A CDO file of these commands. */
export function cdoFile(commands: readonly number[]): Uint8Array {
  const head = [4, 0x004f4443, 0x200, commands.length];
  const all = [...head, ~head.reduce((sum, word) => sum + word, 0) >>> 0, ...commands];
  const view = new DataView(new ArrayBuffer(all.length * 4));
  all.forEach((word, i) => {
    view.setUint32(i * 4, word, true);
  });
  return new Uint8Array(view.buffer);
}

const coreControl = 0x32000;
const dmaChannels = [0x1de00, 0x1de08, 0x1de10, 0x1de18];
const nop = [0x111];

export function write(address: number, value: number): number[] {
  return [0x00030108, 0, address, value];
}

export function maskWrite(address: number, mask: number, value: number): number[] {
  return [0x00040107, 0, address, mask, value];
}

export function block(address: number, data: readonly number[]): number[] {
  const length = data.length + 2;
  const head = length < 255 ? [(length << 16) | 0x105] : [0x00ff0105, length];
  return [...head, 0, address, ...data];
}

function words(count: number, seed: number): number[] {
  return Array.from({ length: count }, (_, i) => (i * 0x01010101 + seed) >>> 0);
}
