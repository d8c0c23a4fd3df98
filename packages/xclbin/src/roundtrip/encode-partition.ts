import { FormatError } from "@aiekit/core";
import { type AiePartition, aiePartitionLayout, readAiePartition } from "../aie-partition.ts";
import { writeAiePartition } from "../aie-partition-writer.ts";
import type { SectionSource } from "../section-source.ts";
import { uuidBytes } from "../uuid.ts";
import { type Canvas, type Encoded, finish, newCanvas, put, putEncoded, putU32, sameBytes } from "./canvas.ts";
import { encodeImage } from "./encode-pdi.ts";

/**
 * AIE_PARTITION with its PDIs, encoded again: as xclbinutil lays it out where that gives the same bytes, else every item at
 * the place where it was found.
 * @throws FormatError where the section or a PDI is damaged.
 */
export function encodePartition(source: SectionSource): Encoded {
  const partition = readAiePartition(source);
  const images = partition.pdis.map(({ image }, i) => {
    // Where the image lies in the file: it is a view of the section.
    const fileOffset = source.fileOffset + image.byteOffset - source.bytes.byteOffset;
    return inFile(() => encodeImage(image, `PDI ${i}`), { name: source.name, fileOffset });
  });
  const encoded = encodeInPlace(source, partition, images);
  const usual = writeAiePartition(partition);
  const layout = sameBytes(usual, source.bytes) ? "in xclbinutil's layout" : "in a layout of its own";
  const part = { what: `AIE_PARTITION, ${layout}`, at: 0, bytes: source.bytes.length, how: "encoded" as const };
  return { ...encoded, parts: [part, ...encoded.parts] };
}

function encodeInPlace(source: SectionSource, partition: AiePartition, images: readonly Encoded[]): Encoded {
  const { pdiBytes, groupBytes } = aiePartitionLayout;
  const canvas = newCanvas(source.bytes.length);
  const word = (at: number): number => source.view.getUint32(at, true);
  put(canvas, 0, Uint8Array.of(partition.schemaVersion), "schema_version");
  putText(canvas, { at: 4, place: word(4), text: partition.name, what: "name" });
  putU32(canvas, 8, partition.operationsPerCycle, "operations_per_cycle");
  putU64(canvas, 16, partition.inferenceFingerprint, "inference_fingerprint");
  putU64(canvas, 24, partition.prePostFingerprint, "pre_post_fingerprint");
  put(canvas, 32, u16(partition.columnWidth), "column_width");
  const starts = putArray(canvas, {
    at: 40,
    place: word(44),
    count: partition.startColumns.length,
    what: "start_columns",
  });
  for (const [i, column] of partition.startColumns.entries()) put(canvas, starts + i * 2, u16(column), "start_columns");
  const { kernelCommitId } = partition;
  if (kernelCommitId === undefined) putU32(canvas, 128, 0, "kernel_commit_id");
  else putText(canvas, { at: 128, place: word(128), text: kernelCommitId, what: "kernel_commit_id" });

  const pdis = putArray(canvas, { at: 120, place: word(124), count: partition.pdis.length, what: "aie_pdi" });
  for (const [i, pdi] of partition.pdis.entries()) {
    const at = pdis + i * pdiBytes;
    put(canvas, at, uuidBytes(pdi.uuid), "PDI uuid");
    const imageAt = putArray(canvas, { at: at + 16, place: word(at + 20), count: pdi.image.length, what: "pdi_image" });
    putEncoded(canvas, imageAt, images[i]!, `PDI ${i}`);
    const count = pdi.cdoGroups.length;
    const groups = putArray(canvas, { at: at + 24, place: word(at + 28), count, what: "cdo_group" });
    for (const [k, group] of pdi.cdoGroups.entries()) {
      const g = groups + k * groupBytes;
      putText(canvas, { at: g, place: word(g), text: group.name, what: "group name" });
      put(canvas, g + 4, Uint8Array.of(group.type), "group type");
      putU64(canvas, g + 8, group.pdiId, "pdi_id");
      putIds(canvas, { at: g + 16, place: word(g + 20), ids: group.dpuKernelIds, what: "dpu_kernel_ids" });
      putIds(canvas, { at: g + 24, place: word(g + 28), ids: group.preCdoGroups, what: "pre_cdo_groups" });
    }
  }
  return finish(canvas);
}

/** Errors of a part, with the file's name and an offset in the file. */
function inFile(
  encode: () => Encoded,
  { name, fileOffset }: { readonly name: string; readonly fileOffset: number },
): Encoded {
  try {
    return encode();
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    const offset = fileOffset + (error.offset ?? 0);
    const hint = error.hint === undefined ? {} : { hint: error.hint };
    throw new FormatError(`${name}: ${error.message}`, { offset, cause: error, ...hint });
  }
}

interface Place {
  /** Of the word that holds the offset, or of the count before it. */
  readonly at: number;
  /** The offset. */
  readonly place: number;
  readonly what: string;
}

/** Count and offset of an array; its elements' place is the result. */
function putArray(canvas: Canvas, { at, place, count, what }: Place & { readonly count: number }): number {
  putU32(canvas, at, count, what);
  putU32(canvas, at + 4, place, what);
  return place;
}

function putIds(canvas: Canvas, { at, place, ids, what }: Place & { readonly ids: readonly bigint[] }): void {
  putArray(canvas, { at, place, count: ids.length, what });
  for (const [i, id] of ids.entries()) putU64(canvas, place + i * 8, id, what);
}

/** Offset 0 stands for no text. */
function putText(canvas: Canvas, { at, place, text, what }: Place & { readonly text: string }): void {
  putU32(canvas, at, place, what);
  if (place !== 0) put(canvas, place, new TextEncoder().encode(`${text}\0`), what);
}

function putU64(canvas: Canvas, at: number, value: bigint, what: string): void {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, value, true);
  put(canvas, at, bytes, what);
}

function u16(value: number): Uint8Array {
  return Uint8Array.of(value & 0xff, value >>> 8);
}
