import type { AiePartition } from "../aie-partition.ts";
import { buildXclbin } from "../build-xclbin.ts";
import type { CdoCommand } from "../cdo.ts";
import { npuKernelArgs } from "../kernel-args.ts";
import { legacyProlog, legacyWords } from "../legacy-stream.ts";
import { invertedSum } from "../pdi-container.ts";
import { sectionKinds } from "../section-kinds.ts";
import { encodeSimImage } from "../sim-image.ts";
import {
  at,
  bd,
  goodCommands,
  goodOps,
  goodXclbin,
  pdiOf,
  streamOf,
  withBytes,
  withCommands,
  withMetadata,
  without,
  withPartition,
  withSection,
  withSections,
  xclbinOfPdi,
} from "./good-xclbin.test-support.ts";
import type { LintInput } from "./lint.ts";
import type { LintCode } from "./rules.ts";

const words = (list: readonly number[]) => new Uint8Array(Uint32Array.from(list).buffer);
const pdi0 = (change: (pdi: AiePartition["pdis"][number]) => object) =>
  withPartition((p) => ({ ...p, pdis: p.pdis.map((pdi, i) => (i === 0 ? { ...pdi, ...change(pdi) } : pdi)) }));
const secondPdi = (change: (pdi: AiePartition["pdis"][number]) => object) =>
  withPartition((p) => ({ ...p, pdis: [...p.pdis, { ...p.pdis[0]!, uuid: "11".repeat(16), ...change(p.pdis[0]!) }] }));
const ids = (id: bigint) => (pdi: AiePartition["pdis"][number]) => ({
  cdoGroups: pdi.cdoGroups.map((group) => ({ ...group, dpuKernelIds: [id] })),
});
const drop = (test: (command: CdoCommand) => boolean) => withCommands((commands) => commands.filter((c) => !test(c)));
const isAt = (offset: number) => (command: CdoCommand) =>
  "address" in command && (command.address & 0xfffff) === offset && command.address >>> 20 === 2;
const kernelXml = (text: string) => text.slice(text.indexOf("<kernel"), text.indexOf("</kernel>") + "</kernel>".length);
const secondKernel = (change: (xml: string) => string) =>
  withMetadata((text) => text.replace("</core>", `${change(kernelXml(text))}</core>`));
/** Words of the PDI's image header table changed, its sum made right. */
function pdiTable(change: (table: Uint32Array) => void): Uint8Array {
  return pdi0(({ image }) => {
    const changed = image.slice();
    const table = new Uint32Array(changed.buffer, 0x10, 32);
    change(table);
    table[31] = invertedSum([...table.subarray(0, 31)]);
    return { image: changed };
  });
}
/** The partition's type changed from CDO (2) to another, its header's sum made right. */
function pdiPartitionType(type: number): Uint8Array {
  return pdi0(({ image }) => {
    const changed = image.slice();
    const header = new Uint32Array(changed.buffer, 0xd0, 32);
    header[9] = (type << 24) | 6;
    header[31] = invertedSum([...header.subarray(0, 31)]);
    return { image: changed };
  });
}
const legacy = words(
  legacyWords({
    prolog: legacyProlog,
    offsets: [],
    rest: undefined,
    ops: [{ op: "write32", col: 0, row: 0, address: 0x1d204, value: 0 }],
  }),
);
export const oldCall = () =>
  buildXclbin({
    ...{
      kernelName: "MLIR_AIE",
      instanceName: "MLIRAIE",
      columns: 1,
      startColumns: [1],
      pdi: pdiOf(goodCommands),
    },
    args: npuKernelArgs(3).slice(1),
  });
const stream = (bytes: Uint8Array) => ({ stream: { name: "insts.bin", bytes } });
const ops = (change: (list: typeof goodOps) => typeof goodOps) => stream(streamOf(change(goodOps)));
const push =
  (offset: number, size = 4) =>
  (_: Uint8Array, view: DataView) =>
    view.setUint32(offset, size, true);
const headerOf = (index: number) => 456 + index * 40;

/** A damaged file, or a stream for the good one: what the finding says, and which others follow from the same damage. */
export type Damage = Partial<LintInput> & { readonly says: string; readonly also?: readonly LintCode[] };

/** One damaged file, or stream for the good file, for every rule. */
export const damages: Readonly<Record<LintCode, Damage>> = {
  "foreign-file": {
    bytes: new TextEncoder().encode("version https://git-lfs.github.com/spec/v1\n"),
    says: "Git LFS pointer",
  },
  magic: { bytes: withBytes((bytes) => bytes.fill(0x58, 0, 1)), says: 'got "Xclbin2' },
  "file-cut-off": { bytes: goodXclbin.slice(0, 3000), says: `${goodXclbin.length} bytes declared, the file has 3000` },
  "file-longer": { bytes: new Uint8Array([...goodXclbin, 0, 0]), says: `the file has ${goodXclbin.length + 2}` },
  "section-count": { bytes: withBytes(push(448, 99_999)), says: "99999 sections declared" },
  "section-outside": { bytes: withBytes(push(headerOf(1) + 24, 999_999)), says: "at 999999" },
  "section-overlap": {
    bytes: withBytes((_, v) => v.setUint32(headerOf(3) + 24, v.getUint32(headerOf(2) + 24, true) + 8, true)),
    says: "inside section EMBEDDED_METADATA",
  },
  "section-misaligned": {
    also: ["bank-unknown"],
    bytes: withBytes((_, v) => {
      v.setUint32(headerOf(0) + 24, 738, true);
      v.setUint32(headerOf(0) + 32, 80, true);
    }),
    says: "begins at byte 738",
  },
  "section-twice": {
    bytes: withSections((sections) => [...sections, sections[1]!]),
    says: "there is another one before it",
  },
  "section-damaged": {
    bytes: withSection(sectionKinds.aiePartition, (data) => data.slice(0, 100)),
    says: "header: expected 184 bytes",
  },
  "uuid-zero": { bytes: withBytes((bytes) => bytes.fill(0, 416, 432)), says: "all zeros" },
  "metadata-absent": {
    bytes: without(sectionKinds.embeddedMetadata),
    says: "the section is absent, so there is no kernel",
  },
  "no-dpu-kernel": { bytes: withMetadata((text) => text.replace('type="dpu"', 'type="pl"')), says: 'MLIR_AIE is "pl"' },
  "kernel-twice": { bytes: secondKernel((xml) => xml), says: "two kernels are called MLIR_AIE" },
  "kernel-id-shared": {
    also: ["no-compute-unit", "argument-unconnected"],
    bytes: secondKernel((xml) => xml.replace("MLIR_AIE", "OTHER")),
    says: "both have id 0x901",
  },
  "no-opcode": { bytes: oldCall(), says: 'no argument "opcode", its first argument is instr' },
  "argument-index": {
    also: ["argument-unconnected", "connection-stray"],
    bytes: withMetadata((text) => text.replace('id="7"', 'id="9"')),
    says: "expected id 7, got 9",
  },
  "argument-size": {
    bytes: withMetadata((text) =>
      text.replace(
        'name="bo0" addressQualifier="1" id="3" size="0x8"',
        'name="bo0" addressQualifier="1" id="3" size="0x4"',
      ),
    ),
    says: "argument bo0 (void*): expected 8 bytes, got size 4",
  },
  "argument-overlap": {
    bytes: withMetadata((text) => text.replace('offset="0x1c"', 'offset="0x18"')),
    says: "bo0 (8 bytes at 0x14) and bo1 (8 bytes at 0x18) overlap",
  },
  "ip-layout-absent": {
    also: ["argument-unconnected"],
    bytes: without(sectionKinds.ipLayout),
    says: "kernel MLIR_AIE has no compute unit",
  },
  "no-compute-unit": {
    also: ["argument-unconnected", "compute-unit-stray"],
    bytes: withSection(sectionKinds.ipLayout, (data) => data.fill(0x58, 24, 25)),
    says: 'expected an entry "MLIR_AIE:<instance>"',
  },
  "compute-unit-type": {
    bytes: withSection(sectionKinds.ipLayout, (data) => data.fill(0, 8, 9)),
    says: "got type 0, subtype 1",
  },
  "compute-unit-id": {
    bytes: withSection(sectionKinds.ipLayout, (data) => data.fill(2, 14, 15)),
    says: "expected kernel id 0x901",
  },
  "compute-unit-stray": {
    bytes: withSection(sectionKinds.ipLayout, (data) => {
      const two = new Uint8Array([...data, ...data.subarray(8)]);
      two[0] = 2;
      two[88 + 16] = 0x58;
      return two;
    }),
    says: "XLIR_AIE:MLIRAIE belongs to no kernel",
  },
  "memory-absent": { bytes: without(sectionKinds.memTopology), says: "the section is absent" },
  "argument-unconnected": {
    bytes: withSection(sectionKinds.connectivity, (data) => data.slice(0, 4 + 12 * 5).fill(5, 0, 1)),
    says: "argument 7 (bo4) of kernel MLIR_AIE is connected to no memory",
  },
  "bank-unknown": {
    bytes: withSection(sectionKinds.connectivity, (data) => data.fill(9, 24, 25)),
    says: "is connected to bank 9, MEM_TOPOLOGY has 2",
  },
  "bank-unused": {
    bytes: withSection(sectionKinds.memTopology, (data) => data.fill(0, 9, 10)),
    says: "HOST is connected to arguments and marked as not used",
  },
  "bank-empty": {
    bytes: withSection(sectionKinds.memTopology, (data) => data.fill(0, 16, 24)),
    says: "HOST is connected to arguments and has 0 KiB",
  },
  "group-unconnected": {
    bytes: withSection(sectionKinds.groupConnectivity, () => words([0])),
    says: "argument 1 of compute unit 0 is connected to no group",
  },
  "connection-stray": {
    bytes: withSection(sectionKinds.connectivity, (data) => {
      const more = new Uint8Array([...data, ...words([0, 0, 0])]);
      more[0] = 7;
      return more;
    }),
    says: "argument opcode is no buffer",
  },
  "instr-memory": {
    bytes: withSection(sectionKinds.connectivity, (data) => data.fill(0, 12, 13)),
    says: "argument instr of kernel MLIR_AIE is connected to HOST",
  },
  "partition-absent": { bytes: without(sectionKinds.aiePartition), says: "kernel MLIR_AIE has no PDI" },
  "no-pdi-for-kernel": {
    bytes: pdi0(ids(0x902n)),
    says: "expected a PDI for kernel id 0x901 of MLIR_AIE, the PDIs serve 0x902",
  },
  "pdi-empty": { bytes: pdi0(() => ({ image: new Uint8Array() })), says: "the PDI of kernel MLIR_AIE is empty" },
  "pdi-shared-id": { bytes: secondPdi(() => ({})), says: "kernel id 0x901 is served by a PDI before it" },
  "pdi-uuid-twice": {
    also: ["pdi-shared-id"],
    bytes: secondPdi(({ uuid }) => ({ uuid })),
    says: "a PDI before it has the same uuid",
  },
  "pdi-unused": { bytes: secondPdi(ids(0x902n)), says: "no kernel has one of its ids" },
  "pdi-unknown": { bytes: pdi0(() => ({ image: Uint8Array.of(1, 2, 3, 4) })), says: "got 01 02 03 04" },
  "pdi-damaged": {
    bytes: pdi0(({ image }) => ({ image: image.slice().fill(0x77, 0x14, 0x15) })),
    says: "image header table: expected checksum",
  },
  "pdi-id-code": { bytes: pdiTable((table) => table.fill(0x04ca8093, 6, 7)), says: "id code 0x4ca8093" },
  "pdi-no-cdo": { bytes: pdiPartitionType(1), says: "none of its 1 partition(s) is a CDO" },
  "pdi-for-simulator": {
    bytes: xclbinOfPdi(encodeSimImage({ loweredMlir: "", device: "npu1", cores: [], modules: [] })),
    device: "npu1",
    says: "an image for the simulator",
  },
  "column-width": {
    bytes: withPartition((p) => ({ ...p, columnWidth: 8, startColumns: [0] })),
    device: "npu1",
    says: "column_width 8, npu1 has 4 columns",
  },
  "start-columns": {
    bytes: withPartition((p) => ({ ...p, startColumns: [1, 7] })),
    device: "npu1",
    says: "from column 7 on end beyond npu1",
  },
  "cdo-empty": {
    bytes: withCommands(() => [{ command: "nop", words: 0 }]),
    says: "none of its 1 commands writes to the array",
  },
  "cdo-unknown-command": {
    bytes: withCommands((c) => [...c, { command: "other", id: 0x1ee, payload: new Uint8Array() }]),
    says: "code 0x1ee",
  },
  "no-switch": {
    bytes: drop((c) => "address" in c && (c.address & 0xff000) === 0x3f000),
    says: "no write to a stream switch",
  },
  "core-without-program": { bytes: drop(isAt(0x20000)), says: "the core is enabled, and no program was written" },
  "core-not-enabled": {
    bytes: withCommands((c) => c.slice(0, -1)),
    says: "a program of 1024 bytes is written, and the core is never enabled",
  },
  "core-in-reset": {
    bytes: drop((c) => c.command === "maskWrite" && isAt(0x32000)(c) && c.mask === 2 && c.value === 0),
    says: "the last write to Core_Control leaves it in reset",
  },
  "channel-in-reset": {
    bytes: drop((c) => c.command === "maskWrite" && isAt(0x1de00)(c) && c.value === 0),
    says: "the last write to DMA_S2MM_0_Ctrl leaves it in reset",
  },
  "program-too-large": {
    bytes: withCommands((c) => [
      { command: "dmaWrite", address: at(0, 2, 0x20000), data: new Uint8Array(16_400) },
      ...c,
    ]),
    says: "the program ends at 16400, program memory has 16384 bytes",
  },
  "tile-outside-partition": {
    bytes: withCommands((c) => [...c, { command: "write", address: at(1, 0, 0x3f034), value: 1, wide: true }]),
    says: "the partition has 1 column(s)",
  },
  "tile-outside-array": {
    bytes: withCommands((c) => [...c, { command: "write", address: at(0, 7, 0x3f034), value: 1, wide: true }]),
    says: "the array has rows 0 to 5",
  },
  "bd-not-written": { bytes: drop(isAt(0x1d020)), says: "BD 1, which DMA_S2MM_0_Start_Queue starts, is never written" },
  "bd-not-valid": {
    bytes: withCommands((c) =>
      c.map((x) =>
        isAt(0x1d020)(x) ? { command: "dmaWrite", address: at(0, 2, 0x1d020), data: bd({ next: 0, valid: false }) } : x,
      ),
    ),
    says: "BD 1, which DMA_S2MM_0_Start_Queue starts, has no valid bit",
  },
  "stream-damaged": { ...stream(streamOf(goodOps).slice(0, -4)), says: "bytes declared" },
  "stream-unknown-op": {
    ...stream(streamOf(goodOps).fill(0x0d, 16, 17)),
    says: "op 0 at byte 16: expected a TXN operation",
  },
  "stream-empty": { ...stream(streamOf([])), says: "16 bytes of header alone" },
  "stream-kind": { ...stream(legacy), says: "a stream of before June 2024" },
  "stream-device": {
    ...stream(streamOf(goodOps, { deviceGeneration: 4 })),
    device: "npu1",
    says: "made for npu2 (device generation 4), the device is npu1",
  },
  "stream-device-unsure": {
    ...stream(streamOf(goodOps)),
    device: "npu2",
    says: "made for npu1 (device generation 3), the device is npu2",
  },
  "stream-column": {
    ...ops((o) => [...o, { op: "write32", address: at(3, 0, 0x34000), value: 0 }]),
    says: "it uses column 3, the partition has 1",
  },
  "stream-argument": {
    ...ops((o) => o.map((x) => (x.op === "addressPatch" ? { ...x, argIndex: 5 } : x))),
    says: "it uses bo5, kernel MLIR_AIE declares 5 buffer(s)",
  },
  "stream-patch": {
    ...ops((o) => [...o, { op: "addressPatch", address: 0x1d008, argIndex: 0, argPlus: 0 }]),
    says: "no address word of a shim BD",
  },
  "stream-bd-unwritten": {
    ...ops((o) => o.slice(1)),
    says: "BD 1 of column 0, which DMA_S2MM_0_Task_Queue starts, is not written before",
  },
  "stream-bd-unpatched": {
    ...ops((o) => o.filter((_, i) => i !== 4)),
    says: "BD 0 of column 0, which DMA_MM2S_0_Task_Queue starts, has no host address",
  },
  "stream-no-token": {
    ...ops((o) => o.map((x) => (x.op === "write32" && x.address === 0x1d204 ? { ...x, value: 1 } : x))),
    says: "token of tile (0,0) S2MM 0, which no push before issues",
  },
  "stream-no-sync": { ...ops((o) => o.slice(0, -1)), says: "it starts transfers and waits for none" },
  "stream-unawaited": {
    ...ops((o) =>
      o.map((x) => {
        if (x.op === "sync") return { ...x, direction: 1 };
        return x.op === "write32" && x.address === 0x1d214 ? { ...x, value: 0x80000000 } : x;
      }),
    ),
    says: "S2MM 0 of tile (0,0) writes bo2 with BD 1, and nothing waits for it",
  },
};
