// Good files for fuzz-parsers.mjs to damage, from the project's own writers, and real ones of other projects where they lie
// beside the repository.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import * as x from "../packages/xclbin/dist/index.js";

const words = (list) => new Uint8Array(Uint32Array.from(list).buffer);
const tile = 2 << 20;
const commands = [
  { command: "nop", words: 2 },
  { command: "maskWrite", address: tile | 0x32000, mask: 2, value: 2, wide: true },
  { command: "dmaWrite", address: tile | 0x20000, data: new Uint8Array(1040).fill(0x11) },
  { command: "dmaWrite", address: tile | 0x1d000, data: words([(256 << 14) | 16, 0, 0, 0, 0, 0x0606bfe0]) },
  { command: "write", address: tile | 0x1de04, value: 0, wide: true },
  { command: "write", address: tile | 0x3f004, value: 0x80000005, wide: false },
  { command: "other", id: 0x101, payload: words([1, 2, 3]) },
];
export const cdo = x.writeCdo({ version: 0x200, identifier: 0x004f4443, commands, trailing: new Uint8Array(8) });
export const pdi = x.buildPdi([{ name: "cdo", bytes: cdo }]);
export const simImage = x.encodeSimImage({
  ...{ loweredMlir: "module {}", device: "npu1_1col" },
  ...{ cores: [{ col: 0, row: 2, module: 0 }], modules: [Uint8Array.of(0, 0x61, 0x73, 0x6d)] },
});
const xclbinOf = (image, buffers) =>
  x.buildXclbin({
    ...{ kernelName: "MLIR_AIE", instanceName: "MLIRAIE", columns: 1, startColumns: [1, 2, 3, 4] },
    ...{ args: x.npuKernelArgs(buffers), pdi: image },
  });
export const xclbins = [xclbinOf(pdi, 5), xclbinOf(simImage, 1)];

const shimBd = [16, 0, 0, 0, 0x80000000, 0x02000000, 0, 0x02000000];
const ops = [
  { op: "blockwrite", address: 0x1d020, words: shimBd },
  { op: "addressPatch", address: 0x1d024, argIndex: 2, argPlus: 64 },
  { op: "maskwrite32", address: 0x1d200, value: 0xf00, mask: 0x1f00 },
  { op: "write32", address: 0x1d204, value: 0x80000001 },
  { op: "maskpoll32", address: 0x10, value: 1, mask: 3 },
  { op: "preempt", level: 1 },
  { op: "noop" },
  { op: "loadPdi", id: 1, bytes: 64, address: 0x100000002n },
  { op: "sync", direction: 0, col: 0, row: 0, channel: 0, cols: 1, rows: 1 },
];
const header = { deviceGeneration: 3, rows: 6, cols: 1, memtileRows: 1, ops };
export const older = words(
  x.legacyWords({
    prolog: x.legacyProlog,
    offsets: [],
    rest: undefined,
    ops: [
      { op: "writeBd", col: 0, cols: 1, buffer: 2, bd: 1, addressIncrement: 0, words: shimBd },
      { op: "write32", col: 0, row: 0, address: 0x1d204, value: 0x80000001 },
      { op: "sync", col: 0, row: 0, direction: 0, channel: 0, cols: 1, rows: 1 },
    ],
  }),
);

const strings = new TextEncoder().encode("\0.text\0.symtab\0.strtab\0main\0");
const section = { address: 0, link: 0, info: 0, alignment: 4, entryBytes: 0, flags: 0 };
const symbols = [0, 1].map((i) => ({
  nameOffset: i * 23,
  value: i,
  sizeBytes: 4,
  binding: 1,
  type: 2,
  other: 0,
  sectionIndex: i,
}));
const text = new Uint8Array(64).fill(0x90);
export const elf = x.writeCoreElf({
  ...{ machine: 264, ident: Uint8Array.of(0x7f, 0x45, 0x4c, 0x46, 1, 1, 1), type: 2, version: 1, entry: 0, flags: 1 },
  ...{ programHeaderOffset: 52, sectionHeaderOffset: 260, sectionNamesIndex: 3, fileBytes: 420, symbols },
  segments: [
    {
      type: 1,
      offset: 128,
      virtualAddress: 0,
      physicalAddress: 0,
      data: text,
      memoryBytes: 64,
      flags: 5,
      alignment: 16,
    },
    {
      type: 1,
      offset: 192,
      virtualAddress: 0x70400,
      physicalAddress: 0x70400,
      data: text.subarray(0, 4),
      memoryBytes: 16,
      flags: 6,
      alignment: 4,
    },
  ],
  sections: [
    { ...section, nameOffset: 0, type: 0, offset: 0, sizeBytes: 0, data: new Uint8Array() },
    { ...section, nameOffset: 1, type: 1, offset: 128, sizeBytes: 64, data: text },
    {
      ...section,
      nameOffset: 7,
      type: 2,
      offset: 228,
      sizeBytes: 32,
      data: new Uint8Array(32),
      link: 3,
      entryBytes: 16,
    },
    { ...section, nameOffset: 15, type: 3, offset: 196, sizeBytes: strings.length, data: strings },
  ],
});

const streamOf = (list) => x.encodeTxn({ ...header, ops: list, major: 0, minor: 1 });
export const fullElf = x.writeFullElf({
  ...{ kernel: "main", argCount: 3, pdis: [{ id: 1, bytes: pdi }] },
  instances: [
    { name: "one", insts: streamOf(ops.slice(0, 4)) },
    { name: "another", insts: streamOf([ops[7], ...ops.slice(0, 4)]) },
  ],
});

const hash = "ab".repeat(32);
const file = (path) => ({ path, bytes: 64, sha256: hash });
export const manifest = new TextEncoder().encode(
  JSON.stringify({
    ...{ format: "aiekit-manifest", version: 1, kernel: "mel", about: "log-mel", target: "sim", device: "npu1_1col" },
    ...{ params: { tiles: 3, mode: "fast" }, design: file("design.mlir"), lowered: file("lowered.mlir") },
    ...{ xclbin: file("mel.xclbin"), xclbinKernel: "MLIR_AIE", inputs: [file("kernels/mel.cc")] },
    sequences: [
      {
        ...{ name: "sequence", insts: file("insts.bin"), units: 4 },
        args: [
          {
            name: "pcm",
            direction: "in",
            dtype: "i16",
            shape: [4, 400],
            padded: [4, 512],
            bytes: 4096,
            meaning: "PCM",
          },
          {
            name: "mel",
            direction: "out",
            dtype: "f32",
            shape: [4, 80],
            bytes: 1280,
            units: { axis: 0, hop: 1, window: 1 },
          },
        ],
        parameters: [
          { name: "rows", argument: "pcm", min: 1, max: 4, words: [{ index: 3, step: 1, factor: 4, constant: 0 }] },
        ],
      },
    ],
    tools: [{ name: "clang", version: "22.0" }],
  }),
);

const safetensorsHeader = new TextEncoder().encode(
  JSON.stringify({
    __metadata__: { format: "pt" },
    "model.encoder.conv1.bias": { dtype: "F16", shape: [3, 2], data_offsets: [0, 12] },
    "proj_out.weight": { dtype: "F32", shape: [2], data_offsets: [12, 20] },
    empty: { dtype: "BF16", shape: [0], data_offsets: [20, 20] },
  }),
);
export const safetensors = new Uint8Array([
  ...words([safetensorsHeader.length, 0]),
  ...safetensorsHeader,
  ...new Uint8Array(20),
]);

/** Sections of a kind, taken out of xclbins. */
export function sectionsOf(files, kind) {
  return files.flatMap((bytes) =>
    x
      .readXclbin(bytes, "seed")
      .sections.filter((found) => found.kind === kind)
      .map(({ offset, sizeBytes }) => bytes.slice(offset, offset + sizeBytes)),
  );
}

/** Real files, the smaller ones: a large file takes long to damage and teaches the same. */
export function real(folder, largest = 20_000) {
  const path = fileURLToPath(new URL(`../../shared/data/${folder}/`, import.meta.url));
  if (!existsSync(path)) return [];
  const files = readdirSync(path).map((entry) => new Uint8Array(readFileSync(path + entry)));
  return files.filter(({ length }) => length <= largest);
}

export const realXclbins = real("xclbin");
export const realPdis = realXclbins.flatMap(
  (bytes) => x.readXclbin(bytes, "seed").partition?.pdis.map(({ image }) => image.slice()) ?? [],
);
export const isOlder = (bytes) => bytes[0] === 0x11;
export const realStreams = real("insts");

/** An instruction stream of every operation, in a version of its header. */
export function txn(major, minor) {
  return x.encodeTxn({ ...header, major, minor });
}

export const instsElf = x.writeInstsElf(streamOf(ops.slice(0, 4)));
