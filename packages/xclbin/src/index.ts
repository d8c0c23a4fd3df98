export type { AiePartition, AiePdi, CdoGroup } from "./aie-partition.ts";
export type { AxlfHeader } from "./axlf.ts";
export { buildXclbin, contentUuid, type XclbinSpec } from "./build-xclbin.ts";
export { type Cdo, type CdoCommand, readCdo } from "./cdo.ts";
export { summarizeConfiguration, type TileConfiguration } from "./configuration-summary.ts";
export type { Connection } from "./connectivity.ts";
export {
  aieMachine,
  type CoreElf,
  type ElfSection,
  type ElfSegment,
  type ElfSymbol,
  isElf,
  readCoreElf,
} from "./core-elf.ts";
export { writeCoreElf } from "./core-elf-writer.ts";
export { describeXclbin, describeXclbinText, type XclbinDescription } from "./describe.ts";
export { describePdi, type PdiDescription } from "./describe-pdi.ts";
export type { AddressQualifier, KernelArg, XclbinKernel } from "./embedded-metadata.ts";
export { assertLoadable, explainXclbin, type XclbinProblem } from "./explain.ts";
export { type HostTraffic, hostTraffic } from "./host-traffic.ts";
export type { IpEntry } from "./ip-layout.ts";
export { npuKernelArgs, type XclbinArg } from "./kernel-args.ts";
export type { MemoryBank } from "./mem-topology.ts";
export { isPdi, type Pdi, readPdi } from "./pdi.ts";
export { buildPdi } from "./pdi-writer.ts";
export { sectionKindName, sectionKinds } from "./section-kinds.ts";
export { decodeSimImage, encodeSimImage, isSimImage, type SimImage } from "./sim-image.ts";
export { decodeTxn, encodeTxn, type TxnOp, type TxnStream } from "./txn.ts";
export { readXclbin, type SectionContent, writeXclbin, type Xclbin, type XclbinSection } from "./xclbin.ts";
