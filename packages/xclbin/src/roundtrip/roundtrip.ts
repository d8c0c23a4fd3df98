import { parseManifest } from "@aiekit/core";
import { readCdo } from "../cdo.ts";
import { writeCdo } from "../cdo-writer.ts";
import { readElf } from "../core-elf.ts";
import { writeCoreElf } from "../core-elf-writer.ts";
import { type FileKind, fileKind } from "../file-kind.ts";
import { isLegacyStream, legacyWords, readLegacyStream } from "../legacy-stream.ts";
import { decodeSimImage, encodeSimImage } from "../sim-image.ts";
import { encodeTxn, readTxn } from "../txn.ts";
import { instructionWords, isHexText } from "../txn-words.ts";
import {
  type Encoded,
  type EncodedPart,
  encodedPart,
  finish,
  keptPart,
  newCanvas,
  type OpenRange,
  put,
  sameBytes,
} from "./canvas.ts";
import { encodePdi } from "./encode-pdi.ts";
import { encodeXclbin } from "./encode-xclbin.ts";

/** What came of reading a file fully and writing it back. */
export interface Roundtrip {
  readonly name: string;
  readonly kind: FileKind;
  readonly bytes: number;
  readonly equal: boolean;
  /** What is compared: `words` of instruction streams in text form, else `bytes`. */
  readonly unit: "bytes" | "words";
  /** First byte or word that differs. */
  readonly difference?: { readonly at: number; readonly was: string; readonly is: string };
  readonly parts: readonly EncodedPart[];
  /** Padding and reserved bytes that no field describes and that are not what a writer would put: taken over as found. */
  readonly padding: readonly { readonly at: number; readonly bytes: number; readonly what: string }[];
}

/**
 * Reads a file of any binary kind to its end, encodes it anew from what was read, and compares.
 * @throws FormatError where the file cannot be read.
 */
export function roundtrip(bytes: Uint8Array, name: string): Roundtrip {
  const kind = fileKind(bytes, name);
  if (kind === "instruction stream" && isHexText(bytes)) {
    const words = instructionWords(bytes, name);
    const encoded = encodeStream(bytes, name);
    const view = new DataView(encoded.bytes.buffer);
    const again = Array.from({ length: encoded.bytes.length / 4 }, (_, i) => view.getUint32(i * 4, true));
    return compare({ name, kind, unit: "words", was: words, is: again, encoded });
  }
  const encoded = encode(kind, bytes, name);
  const padded = withPadding(encoded, bytes);
  return { ...compare({ name, kind, unit: "bytes", was: bytes, is: padded.bytes, encoded }), padding: padded.padding };
}

function encode(kind: FileKind, bytes: Uint8Array, name: string): Encoded {
  switch (kind) {
    case "xclbin":
      return encodeXclbin(bytes, name);
    case "PDI":
      return encodePdi(bytes, name);
    case "CDO": {
      const cdo = readCdo(bytes, name);
      const what = `CDO of ${cdo.commands.length} commands`;
      return withTail(writeCdo({ ...cdo, trailing: new Uint8Array() }), bytes.length, what);
    }
    case "ELF":
      return encodeElf(bytes, name);
    case "simulator image":
      return encodedPart(encodeSimImage(decodeSimImage(bytes, name)), "simulator image");
    case "instruction stream":
      return encodeStream(bytes, name);
    case "manifest":
      return encodeManifest(bytes, name);
  }
}

/** JSON as builds write it, two spaces a level; in another layout the text is kept. */
function encodeManifest(bytes: Uint8Array, name: string): Encoded {
  const manifest = parseManifest(new TextDecoder().decode(bytes), name);
  const what = `manifest of ${manifest.kernel}`;
  const text = JSON.stringify(manifest, null, 2);
  const forms = [`${text}\n`, text, JSON.stringify(manifest), `${JSON.stringify(manifest)}\n`];
  const same = forms.map((form) => new TextEncoder().encode(form)).find((form) => sameBytes(form, bytes));
  return same === undefined
    ? keptPart(bytes, what, "the same values, its text laid out otherwise")
    : encodedPart(same, what);
}

function encodeStream(bytes: Uint8Array, name: string): Encoded {
  const words = instructionWords(bytes, name);
  if (isLegacyStream(words)) {
    const stream = readLegacyStream(bytes, name);
    const encoded = wordBytes(legacyWords(stream));
    const restBytes = (stream.rest?.words.length ?? 0) * 4;
    return streamParts(encoded, { ops: stream.ops.length, restBytes, why: stream.rest?.why.message });
  }
  const { stream, rest } = readTxn(bytes, name);
  const encoded = encodeTxn(stream);
  const whole = new Uint8Array(encoded.length + (rest?.words.length ?? 0) * 4);
  whole.set(encoded);
  if (rest === undefined) return streamParts(whole, { ops: stream.ops.length, restBytes: 0, why: undefined });
  // The header counts what could not be read as well.
  const view = new DataView(whole.buffer);
  view.setUint32(8, words[2]!, true);
  view.setUint32(12, words[3]!, true);
  whole.set(wordBytes(rest.words), encoded.length);
  return streamParts(whole, { ops: stream.ops.length, restBytes: rest.words.length * 4, why: rest.why.message });
}

function streamParts(
  bytes: Uint8Array,
  { ops, restBytes, why }: { readonly ops: number; readonly restBytes: number; readonly why: string | undefined },
): Encoded {
  const read = { what: `${ops} operations`, at: 0, bytes: bytes.length - restBytes, how: "encoded" as const };
  const kept = { what: "the rest", at: read.bytes, bytes: restBytes, how: "kept as bytes" as const, why: why ?? "" };
  return { bytes, open: [], parts: restBytes === 0 ? [read] : [read, kept] };
}

function encodeElf(bytes: Uint8Array, name: string): Encoded {
  const elf = readElf(bytes, name);
  const encoded = writeCoreElf(elf);
  const canvas = newCanvas(bytes.length);
  const take = (at: number, size: number, what: string) => put(canvas, at, encoded.subarray(at, at + size), what);
  take(0, 52, "header");
  if (elf.segments.length > 0) take(elf.programHeaderOffset, elf.segments.length * 32, "program headers");
  if (elf.sections.length > 0) take(elf.sectionHeaderOffset, elf.sections.length * 40, "section headers");
  for (const { offset, data, name: section } of elf.sections) take(offset, data.length, `section ${section}`);
  for (const [i, { offset, data }] of elf.segments.entries()) take(offset, data.length, `segment ${i}`);
  const what = `${elf.segments.length} segments, ${elf.sections.length} sections, ${elf.symbols.length} symbols`;
  canvas.parts.push({ what, at: 0, bytes: bytes.length, how: "encoded" });
  return finish(canvas);
}

function withTail(data: Uint8Array, sizeBytes: number, what: string): Encoded {
  const canvas = newCanvas(sizeBytes);
  put(canvas, 0, data, what);
  canvas.parts.push({ what, at: 0, bytes: data.length, how: "encoded" });
  return finish(canvas);
}

/** Takes over the padding that is not as a writer would make it, and says so. */
function withPadding({ bytes, open }: Encoded, was: Uint8Array) {
  const whole = bytes.slice();
  const padding = open.filter(({ from, to }) => differs(bytes, was, { from, to, what: "" }));
  for (const { from, to } of padding) whole.set(was.subarray(from, to), from);
  return { bytes: whole, padding: padding.map(({ from, to, what }) => ({ at: from, bytes: to - from, what })) };
}

function differs(a: Uint8Array, b: Uint8Array, { from, to }: OpenRange): boolean {
  for (let at = from; at < to; at++) if (a[at] !== b[at]) return true;
  return false;
}

interface Comparison {
  readonly name: string;
  readonly kind: FileKind;
  readonly unit: "bytes" | "words";
  readonly was: ArrayLike<number>;
  readonly is: ArrayLike<number>;
  readonly encoded: Encoded;
}

function compare({ name, kind, unit, was, is, encoded }: Comparison): Roundtrip {
  const length = Math.max(was.length, is.length);
  let at = 0;
  while (at < length && was[at] === is[at]) at++;
  const told = (value: number | undefined) => (value === undefined ? "the end" : `0x${value.toString(16)}`);
  const base = { name, kind, bytes: unit === "bytes" ? was.length : was.length * 4, unit, parts: encoded.parts };
  const same = { ...base, equal: at === length, padding: [] };
  return at === length ? same : { ...same, difference: { at, was: told(was[at]), is: told(is[at]) } };
}

function wordBytes(words: readonly number[]): Uint8Array {
  const view = new DataView(new ArrayBuffer(words.length * 4));
  words.forEach((word, i) => {
    view.setUint32(i * 4, word, true);
  });
  return new Uint8Array(view.buffer);
}
