export { type BuildOptions, type BuildResult, buildKernel } from "./build/build-kernel.ts";
export { checkFresh, type Freshness, type FreshnessOptions } from "./build/check-fresh.ts";
export { type CoreProgram, corePrograms } from "./build/core-programs.ts";
export type { InstsSource } from "./build/npu/insts-steps.ts";
export { type KernelPlan, planKernel } from "./build/plan-kernel.ts";
export { findProject, type Project, type ProjectOptions } from "./build/project.ts";
export type { BuildRequest } from "./build/request.ts";
export { resolveRequest } from "./build/request.ts";
export { compareDesign } from "./conformance/compare-design.ts";
export type { ConformanceDesign, Stage, ToolAnswer, ToolStream } from "./conformance/design.ts";
export { type ConformanceFolder, readConformanceDesign, readConformanceIndex } from "./conformance/read-folder.ts";
export { type ConformanceReport, conformanceReport, type ReportedDifference } from "./conformance/report.ts";
export type { DesignVerdict, Difference, StageVerdict } from "./conformance/verdict.ts";
export type { Check, CheckGroup, CheckStatus } from "./doctor/check.ts";
export { doctor } from "./doctor/doctor.ts";
export { type AddonReport, type DoctorEnvironment, localEnvironment } from "./doctor/environment.ts";
export { type NewKernel, newKernel } from "./new-kernel/new-kernel.ts";
export { type NpuToBinaryOptions, npuToBinary } from "./npu-to-binary.ts";
export { buildOwnKernels, type OwnKernels, type OwnKernelsSource } from "./own-design/build-own-kernels.ts";
export type { KernelFile } from "./own-design/compile-kernels.ts";
export { type OwnDesign, type OwnDesignSource, readOwnDesign } from "./own-design/read-own-design.ts";
export { lowerOwnModule, readOwnModule } from "./own-design/read-own-module.ts";
export type { SequenceArgument } from "./own-design/sequence-arguments.ts";
export { type FoundPackagingTools, findPackagingTools, type PackagingTool } from "./packaging/find-packaging-tools.ts";
export { ownPackager, packageOwn } from "./packaging/own-packager.ts";
export {
  type CdoFiles,
  type PackagedDesign,
  type PackageRequest,
  type Packager,
  type PackagerName,
  packageFileNames,
  packagerNames,
  partitionOf,
} from "./packaging/packager.ts";
export { type PackagingStepsSource, packagingSteps } from "./packaging/packaging-steps.ts";
export { type PackagingTools, packageWithTools, toolsPackager } from "./packaging/tools-packager.ts";
export type { PreviewedStep, StepFate } from "./plan/preview-steps.ts";
export type { BuildEvent } from "./plan/step.ts";
export { type DownloadOptions, download, sha256OfFile } from "./toolchain/download.ts";
export { type FetchAdvice, FetchError } from "./toolchain/fetch-error.ts";
export {
  type FoundTool,
  findTool,
  localToolEnvironment,
  type MissingTool,
  mlirAieRoot,
  requireTool,
  type ToolEnvironment,
  type ToolName,
} from "./toolchain/find-tools.ts";
export {
  type InstallEvent,
  type InstallRequest,
  type InstallResult,
  installWheels,
} from "./toolchain/install-wheels.ts";
export { type InstalledPackage, installedPackages, type Receipt } from "./toolchain/installed-packages.ts";
export { type BusyDownload, claimPartial, type PartialDownload } from "./toolchain/partial-download.ts";
export { removePackages } from "./toolchain/remove-packages.ts";
export { cacheFolder, requireToolchainFolder, toolchainFolder } from "./toolchain/toolchain-folder.ts";
export { readToolchainLock, type ToolchainLock } from "./toolchain/toolchain-lock.ts";
export { type PackageVerdict, verifyPackage } from "./toolchain/verify-package.ts";
export { freeBytes, localWheelHost } from "./toolchain/wheel-host.ts";
export { type FolderWatch, watchFolders } from "./watch/folder-watch.ts";
export { type KernelWatch, type WatchOptions, type WatchOutcome, watchKernel } from "./watch/watch-kernel.ts";
export { type PackedWeightsRequest, packedWeights } from "./weights/packed-weights.ts";
