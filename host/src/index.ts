export {
  AieArray,
  type FaultRecord,
  type KernelFault,
  loadArrayConfig,
  type RunReport as ArrayReport,
  SimFault,
} from "@aiekit/sim";
export type {
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
export { fillGuard, unwrittenUnits } from "./guard-pattern.ts";
export type { ParameterValues } from "./launch-parameters.ts";
export { type Launch, planLaunches } from "./launch-plan.ts";
export { type DeviceLimits, deviceLimits } from "./limits.ts";
export { type LaunchOptions, type LaunchReport, type LaunchResult, LoadedKernel, loadKernel } from "./load-kernel.ts";
export { type OpenDeviceOptions, openDevice } from "./open-device.ts";
export { type RunOverUnitsOptions, runOverUnits, type UnitsPhases, type UnitsRun } from "./run-over-units.ts";
