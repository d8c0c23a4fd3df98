export { AieArray } from "./aie-array.ts";
export type {
  ArrayConfig,
  BdConfig,
  BufferConfig,
  CascadeConfig,
  CoreConfig,
  DmaStart,
  ExternalBufferConfig,
  FlowConfig,
  LockConfig,
  PortPlace,
  ShimAllocation,
} from "./array-config.ts";
export type { AieArrayOptions, RunOptions, RunProgress } from "./array-options.ts";
export { type BankConflict, bankConflicts } from "./bank-conflicts.ts";
export type { CoreReport } from "./core.ts";
export { type CostModel, costModel } from "./cost-model.ts";
export { type DepthChange, type DepthFix, type DepthSearch, smallestDepthFix, withDepths } from "./depth-fix.ts";
export { type DesignLink, designLinks, type LinkKind } from "./design-links.ts";
export {
  type FaultKind,
  type FaultRecord,
  faultKinds,
  type KernelFault,
  SimFault,
  type Wait,
  type WasmFrame,
} from "./fault.ts";
export { bufferOwner } from "./fifo-names.ts";
export type { MovableMemory } from "./host-buffer.ts";
export type { KernelReport } from "./kernel-report.ts";
export { lastWriters, type WordOrigin, type WriteStep } from "./last-writers.ts";
export { type ConfigOptions, loadArrayConfig } from "./load-array-config.ts";
export type { OpenTransfer } from "./open-transfers.ts";
export { parseArrayConfig } from "./parse-array-config.ts";
export { channelAgent, type PathReport } from "./path-report.ts";
export { type PerfettoOptions, perfettoTrace } from "./perfetto-trace.ts";
export { type Resource, type ResourceUse, resourceUse } from "./resource-use.ts";
export type { ChannelReport, RunReport, TileReport } from "./run-report.ts";
export type { Delays } from "./scheduler.ts";
export { type LeaveOutBy, type LeftOut, leaveOut } from "./silicon/fit-silicon.ts";
export { medianError, type NoPrediction, predictRow, type RowPrediction } from "./silicon/predict-row.ts";
export {
  type ConstantName,
  constantNames,
  type SiliconModel,
  siliconBounds,
  siliconModel,
} from "./silicon/silicon-model.ts";
export { parseSiliconRows, type SiliconRow } from "./silicon/silicon-row.ts";
export { switchUse } from "./switch-use.ts";
export {
  type HardwareTrace,
  hardwareTrace,
  type KernelTimes,
  type TracedEvent,
  type TracedUnit,
} from "./trace-packets/hardware-trace.ts";
export type { TraceProblem } from "./trace-packets/read-packets.ts";
export { type TraceUnitSettings, traceUnitSettings } from "./trace-packets/unit-settings.ts";
export { TraceRecorder, type TraceSlice, type TraceValue } from "./trace-recorder.ts";
export type { WaitReport } from "./wait-report.ts";
