/** Names of xclbin sections by number, as xclbinutil prints them. Source: XRT core/include/xrt/detail/xclbin.h, axlf_section_kind. */
const names = [
  "BITSTREAM",
  "CLEARING_BITSTREAM",
  "EMBEDDED_METADATA",
  "FIRMWARE",
  "DEBUG_DATA",
  "SCHED_FIRMWARE",
  "MEM_TOPOLOGY",
  "CONNECTIVITY",
  "IP_LAYOUT",
  "DEBUG_IP_LAYOUT",
  "DESIGN_CHECK_POINT",
  "CLOCK_FREQ_TOPOLOGY",
  "MCS",
  "BMC",
  "BUILD_METADATA",
  "KEYVALUE_METADATA",
  "USER_METADATA",
  "DNA_CERTIFICATE",
  "PDI",
  "BITSTREAM_PARTIAL_PDI",
  "PARTITION_METADATA",
  "EMULATION_DATA",
  "SYSTEM_METADATA",
  "SOFT_KERNEL",
  "ASK_FLASH",
  "AIE_METADATA",
  "GROUP_TOPOLOGY",
  "GROUP_CONNECTIVITY",
  "SMARTNIC",
  "AIE_RESOURCES",
  "OVERLAY",
  "VENDER_METADATA",
  "AIE_PARTITION",
  "IP_METADATA",
  "AIE_RESOURCES_BIN",
  "AIE_TRACE_METADATA",
  "DTBO",
] as const;

/** The sections of an NPU xclbin. */
export const sectionKinds = {
  embeddedMetadata: 2,
  memTopology: 6,
  connectivity: 7,
  ipLayout: 8,
  groupTopology: 26,
  groupConnectivity: 27,
  aiePartition: 32,
} as const;

export function sectionKindName(kind: number): string {
  return names[kind] ?? `section kind ${kind}`;
}
