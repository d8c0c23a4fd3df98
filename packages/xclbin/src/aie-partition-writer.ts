import { UsageError } from "@aiekit/core";
import { type AiePartition, type AiePdi, aiePartitionLayout, type CdoGroup } from "./aie-partition.ts";
import { uuidBytes } from "./uuid.ts";

const { headerBytes, pdiBytes, groupBytes, alignment } = aiePartitionLayout;

/**
 * Writes AIE_PARTITION the way xclbinutil lays it out: a header, then a heap of items at multiples of 8 bytes (name, commit
 * id, start columns; a PDI's image, its groups' names and ids, its groups; last the PDIs).
 * @throws UsageError where a number does not fit its field.
 */
export function writeAiePartition(partition: AiePartition): Uint8Array {
  const heap = newHeap();
  const header = new Uint8Array(headerBytes);
  const view = new DataView(header.buffer);
  view.setUint8(0, fit(partition.schemaVersion, 8, "schema version"));
  view.setUint32(4, add(heap, nulTerminated(partition.name)), true);
  view.setUint32(8, fit(partition.operationsPerCycle, 32, "operations per cycle"), true);
  view.setBigUint64(16, partition.inferenceFingerprint, true);
  view.setBigUint64(24, partition.prePostFingerprint, true);
  view.setUint16(32, fit(partition.columnWidth, 16, "column width"), true);
  if (partition.kernelCommitId !== undefined)
    view.setUint32(128, add(heap, nulTerminated(partition.kernelCommitId)), true);
  setArray(view, 40, partition.startColumns.length, add(heap, u16Array(partition.startColumns)));
  const pdis = concat(partition.pdis.map((pdi) => pdiRecord(heap, pdi)));
  setArray(view, 120, partition.pdis.length, add(heap, pdis));
  return concat([header, ...heap.items]);
}

function pdiRecord(heap: Heap, pdi: AiePdi): Uint8Array {
  const record = new Uint8Array(pdiBytes);
  const view = new DataView(record.buffer);
  record.set(uuidBytes(pdi.uuid));
  setArray(view, 16, pdi.image.length, add(heap, pdi.image));
  const groups = concat(pdi.cdoGroups.map((group) => groupRecord(heap, group)));
  setArray(view, 24, pdi.cdoGroups.length, add(heap, groups));
  return record;
}

function groupRecord(heap: Heap, group: CdoGroup): Uint8Array {
  const record = new Uint8Array(groupBytes);
  const view = new DataView(record.buffer);
  view.setUint32(0, add(heap, nulTerminated(group.name)), true);
  view.setUint8(4, fit(group.type, 8, "CDO group type"));
  view.setBigUint64(8, group.pdiId, true);
  setArray(view, 16, group.dpuKernelIds.length, add(heap, u64Array(group.dpuKernelIds)));
  // xclbinutil leaves the offset 0 where there are none.
  if (group.preCdoGroups.length > 0) {
    setArray(view, 24, group.preCdoGroups.length, add(heap, u64Array(group.preCdoGroups)));
  }
  return record;
}

interface Heap {
  readonly items: Uint8Array[];
  end: number;
}

function newHeap(): Heap {
  return { items: [], end: headerBytes };
}

/** Appends an item, padded to the alignment, and tells its offset in the section. */
function add(heap: Heap, item: Uint8Array): number {
  const offset = heap.end;
  const padded = new Uint8Array(Math.ceil(item.length / alignment) * alignment);
  padded.set(item);
  heap.items.push(padded);
  heap.end += padded.length;
  return offset;
}

function setArray(view: DataView, at: number, count: number, offset: number): void {
  view.setUint32(at, count, true);
  view.setUint32(at + 4, offset, true);
}

function nulTerminated(text: string): Uint8Array {
  return new TextEncoder().encode(`${text}\0`);
}

function u16Array(values: readonly number[]): Uint8Array {
  const view = new DataView(new ArrayBuffer(values.length * 2));
  values.forEach((value, i) => {
    view.setUint16(i * 2, fit(value, 16, "start column"), true);
  });
  return new Uint8Array(view.buffer);
}

function u64Array(values: readonly bigint[]): Uint8Array {
  const view = new DataView(new ArrayBuffer(values.length * 8));
  values.forEach((value, i) => {
    view.setBigUint64(i * 8, value, true);
  });
  return new Uint8Array(view.buffer);
}

function concat(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

function fit(value: number, bits: number, what: string): number {
  if (Number.isInteger(value) && value >= 0 && value < 2 ** bits) return value;
  throw new UsageError(`AIE_PARTITION: ${what}: expected 0 to ${2 ** bits - 1}, got ${value}`);
}
