export type { AiePartition, AiePdi, CdoGroup } from "./aie-partition.ts";
export { type AxlfHeader, placeInXclbin, withoutAppended } from "./axlf.ts";
export { buildXclbin, contentUuid, type XclbinSpec } from "./build-xclbin.ts";
export { type Cdo, type CdoCommand, type CdoFile, readCdo } from "./cdo.ts";
export { writeCdo } from "./cdo-writer.ts";
export { summarizeConfiguration, type TileConfiguration } from "./configuration-summary.ts";
export type { Connection } from "./connectivity.ts";
export {
  type ControlCode,
  type ControlElf,
  type ControlPatch,
  isControlElf,
  patchedArguments,
  readControlElf,
} from "./control-elf/control-elf.ts";
export { type FullElfSpec, loadingPdi, writeFullElf, writeInstsElf } from "./control-elf/control-elf-writer.ts";
export {
  aieMachine,
  type CoreElf,
  type ElfSection,
  type ElfSegment,
  type ElfSymbol,
  elfLayout,
  elfTypes,
  readCoreElf,
  readElf,
} from "./core-elf.ts";
export { writeCoreElf } from "./core-elf-writer.ts";
export { describeXclbin, describeXclbinText, type XclbinDescription } from "./describe.ts";
export { type CdoDescription, commandLines, describeCdo, tileLines } from "./describe-cdo.ts";
export {
  containerLines,
  describeContainer,
  describePdi,
  type PdiContainerDescription,
  type PdiDescription,
} from "./describe-pdi.ts";
export { describeStream, type OperationDescription, type StreamDescription, streamLines } from "./describe-stream.ts";
export type { AddressQualifier, KernelArg, XclbinKernel } from "./embedded-metadata.ts";
export { assertLoadable, explainXclbin, type XclbinProblem } from "./explain.ts";
export { type FileKind, fileKind } from "./file-kind.ts";
export { type HostTraffic, hostTraffic } from "./host-traffic.ts";
export type { IpEntry } from "./ip-layout.ts";
export { argOffsets, npuKernelArgs, type XclbinArg } from "./kernel-args.ts";
export { legacyProlog, legacyWords, readLegacyStream } from "./legacy-stream.ts";
export { type LintInput, lintXclbin } from "./lint/lint.ts";
export type { LintDevice } from "./lint/partition-checks.ts";
export { type LintCode, type LintFinding, lintRules, type Severity } from "./lint/rules.ts";
export { type MemoryBank, npuMemoryBanks } from "./mem-topology.ts";
export { defaultDpuKernelId, npuPartition } from "./npu-partition.ts";
export { isPdi, type Pdi, readPdi } from "./pdi.ts";
export { type PdiContainer, readPdiContainer } from "./pdi-container.ts";
export { buildPdi } from "./pdi-writer.ts";
export { registerAt } from "./registers/register-at.ts";
export { switchPorts } from "./registers/switch-ports.ts";
export type { EncodedPart } from "./roundtrip/canvas.ts";
export { type Roundtrip, roundtrip } from "./roundtrip/roundtrip.ts";
export { sectionKindName, sectionKinds } from "./section-kinds.ts";
export { decodeSimImage, encodeSimImage, isSimImage, type SimImage } from "./sim-image.ts";
export { decodeTxn, encodeTxn, type TxnOp, type TxnStream } from "./txn.ts";
export { unawaitedOutputs, unawaitedText } from "./unawaited-outputs.ts";
export { readXclbin, type SectionContent, writeXclbin, type Xclbin, type XclbinSection } from "./xclbin.ts";
export { parseXml, type XmlElement } from "./xml.ts";
