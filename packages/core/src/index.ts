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
  type LaunchEstimate,
  type LaunchParameter,
  type Manifest,
  manifestFiles,
  type ParameterWord,
  parseManifest,
  type RowMargin,
  type SequenceSpec,
  type Target,
  targets,
  type UnitSpan,
} from "./manifest.ts";
export { sealManifest } from "./manifest-seal.ts";
export { nearestNames } from "./nearest-names.ts";
export { readNpy, writeNpy } from "./npy.ts";
export { type ArrayRun, arrayRuns, cropInto, cropped, padded, padInto } from "./padding.ts";
export {
  absMaxObserver,
  percentileObserver,
  type RangeObserver,
  RangeTable,
} from "./quantise/activation-range.ts";
export {
  type ActivationBits,
  activationScale,
  type QuantisedActivations,
  quantiseActivations,
} from "./quantise/activations.ts";
export { bf16Weights } from "./quantise/bf16-weights.ts";
export { type CalibratedScale, Calibration, type ProductCalibration } from "./quantise/calibration.ts";
export { bf16Conv1dArrays, type Conv1dArrays } from "./quantise/conv1d-arrays.ts";
export type { Weights } from "./quantise/finite-weights.ts";
export { bf16GemvArrays, type GemvArrays, type GemvLinear, int8GemvArrays } from "./quantise/gemv-arrays.ts";
export { type GroupedMatmulArrays, groupedMatmulArrays, matmulGroupSize } from "./quantise/grouped-arrays.ts";
export { dequantiseInt8, type Int8Options, type Int8Weights, int8Weights } from "./quantise/int8-weights.ts";
export {
  bf16ByInt8MatmulArrays,
  bf16MatmulArrays,
  type Int8LinearOptions,
  type Int8MatmulArrays,
  int8MatmulArrays,
  type MatmulArrays,
} from "./quantise/matmul-arrays.ts";
export { type ProductError, type ProductErrorOptions, productError } from "./quantise/product-error.ts";
export {
  afterScheme,
  type LayerError,
  type QuantisationError,
  quantisationError,
  quantisationReport,
  quantisationReportText,
  type WeightScheme,
  weightSchemes,
} from "./quantise/quantisation-error.ts";
export {
  type RoundingMode,
  roundingModes,
  type SaturationMode,
  saturate,
  saturationModes,
  shiftRound,
} from "./rounding.ts";
export { sha256 } from "./sha256.ts";
export { describeShape, elementCount, type Tensor, tensor, tensorBytes } from "./tensor.ts";
