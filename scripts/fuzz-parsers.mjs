// The readers that fuzz-binary.mjs damages files for: what they read, words to put in, and what makes a damaged file pass
// their first checks.
import { parseManifest, readNpy, tensor, writeNpy } from "../packages/core/dist/index.js";
import { readAiePartition } from "../packages/xclbin/dist/aie-partition.js";
import { kernelsOf, readEmbeddedMetadata } from "../packages/xclbin/dist/embedded-metadata.js";
import * as x from "../packages/xclbin/dist/index.js";
import { sectionSource } from "../packages/xclbin/dist/section-source.js";
import { parseSafetensorsHeader, safetensorsHeaderBytes } from "../pipeline/dist/model/safetensors-header.js";
import {
  cdo,
  elf,
  fullElf,
  instsElf,
  isOlder,
  manifest,
  older,
  pdi,
  real,
  realPdis,
  realStreams,
  realXclbins,
  safetensors,
  sectionsOf,
  simImage,
  txn,
  xclbins,
} from "./fuzz-seeds.mjs";

const name = "fuzz";
const partitionKind = 32;
const metadataKind = 2;

const xmlTokens = [
  "<",
  ">",
  "/>",
  "</core>",
  "<kernel",
  "<arg",
  '"',
  "&amp;",
  "&#x41;",
  "&",
  "<!--",
  "-->",
  "<!DOCTYPE",
  "<?xml",
  "0x",
  "id=",
  "\0",
];
const jsonTokens = [
  "{",
  "}",
  "[",
  "]",
  ",",
  ":",
  '"',
  "null",
  "true",
  "-1",
  "1e999",
  "0.5",
  '"bytes"',
  '"shape"',
  "{}",
  "[]",
  "\\u0000",
];
const npyTokens = [
  "'descr'",
  "'shape'",
  "True",
  "False",
  "(",
  ")",
  ",",
  "1e9",
  "-1",
  "'<f8'",
  "'>i4'",
  "'|O'",
  "99999999999",
  "[",
  "{",
];

export const parsers = [
  {
    name: "safetensors header",
    seeds: [safetensors],
    tokens: [...jsonTokens, '"F16"', '"I64"', '"dtype"', '"data_offsets"', "12", "20", '"empty"'],
    read: (bytes) => {
      const size = safetensorsHeaderBytes(bytes.subarray(0, 8), bytes.length, name);
      const places = parseSafetensorsHeader(bytes.subarray(8, 8 + size), bytes.length, name);
      for (const { offsetBytes, sizeBytes } of places.values())
        if (offsetBytes < 8 + size || offsetBytes + sizeBytes > bytes.length)
          throw new Error("an array outside its file");
      return places;
    },
    mend: mendSafetensors,
  },
  {
    name: "xclbin",
    seeds: [...xclbins, ...realXclbins],
    read: (bytes) => x.readXclbin(bytes, name),
    mend: mendLength,
    deep: (bytes, xclbin) => {
      x.describeXclbinText(xclbin);
      x.lintXclbin({ name, bytes, device: "npu1" });
      x.roundtrip(bytes, name);
    },
  },
  {
    name: "lint of what is no xclbin any more",
    seeds: [...xclbins, ...realXclbins],
    read: (bytes) => x.lintXclbin({ name, bytes, stream: { name, bytes: bytes.subarray(0, 300) } }),
  },
  {
    name: "AIE_PARTITION",
    seeds: sectionsOf([...xclbins, ...realXclbins], partitionKind),
    read: (bytes) => readAiePartition(sectionSource(name, 0, bytes)),
  },
  {
    name: "EMBEDDED_METADATA",
    seeds: sectionsOf([...xclbins, ...realXclbins], metadataKind),
    tokens: xmlTokens,
    read: (bytes) => {
      const source = sectionSource(name, 0, bytes);
      return kernelsOf(readEmbeddedMetadata(source), source);
    },
  },
  {
    name: "PDI",
    seeds: [pdi, ...realPdis],
    read: (bytes) => x.readPdiContainer(bytes, name),
    mend: mendPdi,
    deep: (bytes) => {
      x.describePdi(bytes);
      x.roundtrip(bytes, name);
    },
  },
  {
    name: "CDO",
    seeds: [cdo, ...real("cdo")],
    read: (bytes) => x.readCdo(bytes, name),
    mend: (bytes) => mendCdo(bytes, 0),
    deep: (bytes, read) => {
      const description = x.describeCdo(read);
      x.tileLines(description);
      x.commandLines(description);
      x.roundtrip(bytes, name);
    },
  },
  {
    name: "instruction stream, TXN",
    seeds: [txn(0, 1), txn(1, 0), ...realStreams.filter((bytes) => !isOlder(bytes))],
    read: (bytes) => x.decodeTxn(bytes, name),
    mend: mendTxn,
  },
  {
    name: "instruction stream, looked into",
    seeds: [txn(0, 1), txn(1, 0), older, ...realStreams],
    read: (bytes) => {
      if (bytes.length % 4 === 0) x.streamLines(x.describeStream(bytes, name));
      return x.describeStream(bytes, name);
    },
    deep: (bytes) => x.roundtrip(bytes, `${name}.bin`),
  },
  {
    name: "instruction stream, before June 2024",
    seeds: [older, ...realStreams.filter(isOlder)],
    read: (bytes) => {
      const stream = x.readLegacyStream(bytes, name);
      if (stream.rest !== undefined) throw stream.rest.why;
      return stream;
    },
  },
  {
    name: "core ELF",
    seeds: [elf],
    read: (bytes) => x.readCoreElf(bytes, name),
    deep: (bytes) => x.roundtrip(bytes, name),
  },
  {
    name: "control ELF",
    seeds: [instsElf, fullElf],
    read: (bytes) => x.readControlElf(bytes, name),
  },
  {
    name: "simulator image",
    seeds: [simImage],
    read: (bytes) => x.decodeSimImage(bytes, name),
  },
  {
    name: "manifest",
    seeds: [manifest],
    tokens: jsonTokens,
    read: (bytes) => parseManifest(new TextDecoder().decode(bytes), name),
  },
  {
    name: ".npy",
    seeds: [
      writeNpy(tensor("f32", [2, 3], new Float32Array(6))),
      writeNpy(tensor("i16", [4], new Int16Array(4))),
      writeNpy(tensor("f64", [], new Float64Array(1))),
    ],
    tokens: npyTokens,
    read: (bytes) => readNpy(bytes, name),
  },
];

function viewOf(bytes) {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** The header's file length. */
function mendLength(bytes) {
  if (bytes.length >= 312) viewOf(bytes).setBigUint64(304, BigInt(bytes.length), true);
  return bytes;
}

/** The header ends with the last brace, and the arrays have their 20 bytes. */
function mendSafetensors(bytes) {
  const end = bytes.lastIndexOf(0x7d) + 1;
  if (end < 10) return bytes;
  const mended = new Uint8Array(end + 20);
  mended.set(bytes.subarray(0, end));
  viewOf(mended).setBigUint64(0, BigInt(end - 8), true);
  return mended;
}

function mendTxn(bytes) {
  if (bytes.length >= 16) viewOf(bytes).setUint32(12, bytes.length, true);
  return bytes;
}

/** Inverted sum of the words before `end`, from `start` on. */
function seal(bytes, start, end) {
  if (end + 4 > bytes.length) return;
  const view = viewOf(bytes);
  let sum = 0;
  for (let at = start; at < end; at += 4) sum += view.getUint32(at, true);
  view.setUint32(end, ~sum >>> 0, true);
}

function mendCdo(bytes, start) {
  seal(bytes, start, start + 16);
  return bytes;
}

function mendPdi(bytes) {
  seal(bytes, 0x10, 0x10 + 124);
  seal(bytes, 0x90, 0x90 + 60);
  seal(bytes, 0xd0, 0xd0 + 124);
  return mendCdo(bytes, 0x150);
}
