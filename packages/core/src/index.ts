export { bf16ToFloat, floatToBf16 } from "./bf16.ts";
export { allocate, type DType, type DTypeArray, dtypeBytes, dtypes, isDType, viewAs } from "./dtype.ts";
export {
  AbortedError,
  AiekitError,
  type AiekitErrorOptions,
  BudgetError,
  DesignError,
  DeviceError,
  DeviceUnavailableError,
  type ErrorCode,
  FormatError,
  ShapeError,
  ToolError,
  type ToolFailure,
  ToolMissingError,
  UsageError,
} from "./errors.ts";
export {
  type ArgSpec,
  type FileRef,
  type LaunchParameter,
  type Manifest,
  type ParameterWord,
  parseManifest,
  type SequenceSpec,
  type Target,
  targets,
  type UnitSpan,
} from "./manifest.ts";
export { readNpy, writeNpy } from "./npy.ts";
export {
  type RoundingMode,
  roundingModes,
  type SaturationMode,
  saturate,
  saturationModes,
  shiftRound,
} from "./rounding.ts";
export { describeShape, elementCount, type Tensor, tensor, tensorBytes } from "./tensor.ts";
