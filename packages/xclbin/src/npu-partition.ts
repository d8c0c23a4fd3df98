/**
 * Values that every AIE_PARTITION of aiecc has and that XRT does not read on NPUs. A packaging by xclbinutil gets them as
 * JSON, one by this package as bytes. Source: mlir-aie, aiecc; the four real xclbins of 2023 to 2026 have them too.
 */
export const npuPartition = {
  /** xclbinutil 2.16 to 2.25 writes it as an empty string. */
  jsonName: "QoS",
  operationsPerCycle: 2048,
  inferenceFingerprint: 23423n,
  prePostFingerprint: 12345n,
  groupName: "DPU",
  pdiId: 1n,
  preCdoGroup: 0xc1n,
} as const;

/** Links EMBEDDED_METADATA, IP_LAYOUT and AIE_PARTITION of a design's only kernel. */
export const defaultDpuKernelId = 0x901;
