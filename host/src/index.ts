export {
  AieArray,
  type ArrayConfig,
  type BankConflict,
  bankConflicts,
  bufferOwner,
  type ChannelReport,
  type CoreReport,
  channelAgent,
  constantNames,
  costModel,
  type DepthChange,
  type DesignLink,
  designLinks,
  type FaultRecord,
  type HardwareTrace,
  hardwareTrace,
  type KernelFault,
  type KernelReport,
  type LeaveOutBy,
  type LeftOut,
  lastWriters,
  leaveOut,
  loadArrayConfig,
  medianError,
  type NoPrediction,
  type PathReport,
  parseSiliconRows,
  perfettoTrace,
  predictRow,
  type ResourceUse,
  type RowPrediction,
  type RunReport as ArrayReport,
  resourceUse,
  SimFault,
  siliconBounds,
  smallestDepthFix,
  switchUse,
  type TileReport,
  type TracedUnit,
  TraceRecorder,
  type TraceUnitSettings,
  traceUnitSettings,
  type WaitReport,
  type WordOrigin,
  type WriteStep,
} from "@aiekit/sim";
export { type AddonState, addonState } from "./addon-state.ts";
export {
  type ChainKernel,
  type ChainPlan,
  type ChainPlanRequest,
  type ChainStep,
  type PlannedArray,
  type PlannedRunlist,
  type PlannedStep,
  planChain,
} from "./chain/chain-plan.ts";
export type {
  ChainReport,
  ChainTime,
  ChainTotals,
  StepReport,
} from "./chain/chain-report.ts";
export { type ChainOptions, type ChainRunOptions, LaunchChain } from "./chain/launch-chain.ts";
export type {
  ArrayTime,
  Bo,
  BoFlags,
  BoOptions,
  BoRange,
  Device,
  DeviceKind,
  HwContext,
  Kernel,
  KernelArg,
  ModelledTime,
  NpuGeneration,
  Run,
  RunArg,
  Runlist,
  RunReport,
  RunState,
  SyncDirection,
  WaitOptions,
} from "./device.ts";
export { type ArrayLayout, allocTensor, DeviceTensor, layoutOf } from "./device-tensor.ts";
export { fillGuard, unwrittenUnits } from "./guard-pattern.ts";
export type { ParameterValues } from "./launch-parameters.ts";
export { type Launch, planLaunches } from "./launch-plan.ts";
export { type DeviceLimits, deviceLimits } from "./limits.ts";
export { type DeviceEntry, listDevices } from "./list-devices.ts";
export { type LaunchOptions, type LaunchReport, type LaunchResult, LoadedKernel, loadKernel } from "./load-kernel.ts";
export { type OpenDeviceOptions, openDevice } from "./open-device.ts";
export { type RunOverUnitsOptions, runOverUnits, type UnitsPhases, type UnitsRun } from "./run-over-units.ts";
export { targetOf } from "./target-of.ts";
export type { NpuFacts } from "./xrt/npu-facts.ts";
