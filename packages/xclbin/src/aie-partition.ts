import { failAt, rangeOf, requireRange, type SectionSource } from "./section-source.ts";
import { uuidText } from "./uuid.ts";

/** A group of kernels that a PDI serves. Kernels are found by their id in `dpuKernelIds`. */
export interface CdoGroup {
  readonly name: string;
  /** 0 unknown, 1 primary, 2 lite, 3 pre/post. */
  readonly type: number;
  readonly pdiId: bigint;
  readonly dpuKernelIds: readonly bigint[];
  readonly preCdoGroups: readonly bigint[];
}

export interface AiePdi {
  readonly uuid: string;
  /** The PDI, or the simulator's image in its place. */
  readonly image: Uint8Array;
  readonly cdoGroups: readonly CdoGroup[];
}

/** AIE_PARTITION: which columns a design needs and the PDIs that configure them. */
export interface AiePartition {
  readonly schemaVersion: number;
  /** Empty in files of xclbinutil, whatever was asked for. */
  readonly name: string;
  readonly operationsPerCycle: number;
  readonly inferenceFingerprint: bigint;
  readonly prePostFingerprint: bigint;
  readonly columnWidth: number;
  /** First columns where the partition may be placed. */
  readonly startColumns: readonly number[];
  /** Absent in files of XRT 2.17 and earlier. */
  readonly kernelCommitId?: string;
  readonly pdis: readonly AiePdi[];
}

export const aiePartitionLayout = { headerBytes: 184, pdiBytes: 96, groupBytes: 96, alignment: 8 } as const;

/**
 * Reads the section; images are views, not copies.
 * @throws FormatError with the byte offset of the first array or string that lies outside the section, or where the arrays
 * together are larger than the section (they would share bytes). Source: XRT xclbin.h, struct aie_partition.
 */
export function readAiePartition(source: SectionSource): AiePartition {
  const { headerBytes, pdiBytes } = aiePartitionLayout;
  requireRange(source, 0, headerBytes, "header");
  const { view } = source;
  const budget = { left: source.bytes.length - headerBytes };
  const startColumns = arrayAt(source, budget, { at: 40, elementBytes: 2, what: "start_columns" });
  const pdis = arrayAt(source, budget, { at: 120, elementBytes: pdiBytes, what: "aie_pdi" });
  const commitAt = view.getUint32(128, true);
  return {
    schemaVersion: view.getUint8(0),
    name: heapText(source, view.getUint32(4, true), "name"),
    operationsPerCycle: view.getUint32(8, true),
    inferenceFingerprint: view.getBigUint64(16, true),
    prePostFingerprint: view.getBigUint64(24, true),
    columnWidth: view.getUint16(32, true),
    startColumns: startColumns.map((at) => view.getUint16(at, true)),
    ...(commitAt === 0 ? {} : { kernelCommitId: heapText(source, commitAt, "kernel_commit_id") }),
    pdis: pdis.map((at, i) => readPdi(source, budget, { at, what: `PDI ${i}` })),
  };
}

interface Place {
  readonly at: number;
  readonly what: string;
}

/** Bytes that arrays may still claim: bounds the work that overlapping arrays of a hostile file could ask for. */
interface Budget {
  left: number;
}

function readPdi(source: SectionSource, budget: Budget, { at, what }: Place): AiePdi {
  const { view, bytes } = source;
  const [size, offset] = [view.getUint32(at + 16, true), view.getUint32(at + 20, true)];
  const image = rangeOf(source, offset, size, `${what} image`);
  spend(source, budget, { bytes: size, at: at + 16, what: `${what} image` });
  const { groupBytes } = aiePartitionLayout;
  const groups = arrayAt(source, budget, { at: at + 24, elementBytes: groupBytes, what: `${what} cdo_group` });
  return {
    uuid: uuidText(bytes.subarray(at, at + 16)),
    image,
    cdoGroups: groups.map((group, i) => readGroup(source, budget, { at: group, what: `${what} group ${i}` })),
  };
}

function readGroup(source: SectionSource, budget: Budget, { at, what }: Place): CdoGroup {
  const { view } = source;
  const ids = (field: number, list: string): bigint[] =>
    arrayAt(source, budget, { at: field, elementBytes: 8, what: `${what} ${list}` }).map((id) =>
      view.getBigUint64(id, true),
    );
  return {
    name: heapText(source, view.getUint32(at, true), `${what} name`),
    type: view.getUint8(at + 4),
    pdiId: view.getBigUint64(at + 8, true),
    dpuKernelIds: ids(at + 16, "dpu_kernel_ids"),
    preCdoGroups: ids(at + 24, "pre_cdo_groups"),
  };
}

/** Offsets of the elements of the array whose count and offset are the two words at `at`. */
function arrayAt(source: SectionSource, budget: Budget, array: Place & { readonly elementBytes: number }): number[] {
  const { at, what, elementBytes } = array;
  const [count, offset] = [source.view.getUint32(at, true), source.view.getUint32(at + 4, true)];
  requireRange(source, offset, count * elementBytes, `${what}[${count}]`);
  spend(source, budget, { bytes: count * elementBytes, at, what });
  return Array.from({ length: count }, (_, i) => offset + i * elementBytes);
}

function spend(source: SectionSource, budget: Budget, claim: { bytes: number; at: number; what: string }): void {
  budget.left -= claim.bytes;
  if (budget.left < 0) failAt(source, claim.at, `${claim.what}: arrays of the section overlap`);
}

// A name is a few characters; the limit bounds the work a hostile file can ask for.
const heapTextLimit = 255;

/** A NUL-terminated string of the heap; offset 0 stands for none. */
function heapText(source: SectionSource, at: number, what: string): string {
  if (at === 0) return "";
  requireRange(source, at, 1, what);
  const text = source.bytes.subarray(at, at + heapTextLimit + 1);
  const length = text.indexOf(0);
  if (length < 0) failAt(source, at, `${what}: expected text that ends within ${heapTextLimit} bytes`);
  return new TextDecoder().decode(text.subarray(0, length));
}
