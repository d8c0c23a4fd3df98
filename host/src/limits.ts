import type { NpuGeneration } from "./device.ts";

/** What a generation's driver and firmware allow. */
export interface DeviceLimits {
  readonly contexts: number;
  /** Columns that one context may take. */
  readonly columns: number;
}

// Contexts: hwctx_limit of the amdxdna driver's device tables (npu1: PCI 1022:1502; npu4, npu5, npu6: 17f0).
// Columns: as the driver reports them; a context of npu1 that takes all five must start at column 0.
export const deviceLimits: Readonly<Record<NpuGeneration, DeviceLimits>> = {
  npu1: { contexts: 6, columns: 5 },
  npu2: { contexts: 16, columns: 8 },
};

/**
 * Where a part of a BO may start: a cache line. A sync works on whole lines, so two parts that shared one would undo each
 * other's bytes. XRT itself takes sub-buffers at multiples of 64 that are no pages.
 */
export const partAlignmentBytes = 64;
