export { cosine, gain, pearson } from "./metrics/correlation.ts";
export { maxAbsErr, maxErrWithin, meanSignedErr, type WorstError } from "./metrics/error.ts";
export { checkOutput, type LiveBins, type LivenessOptions, liveBins, type OutputCheck } from "./metrics/liveness.ts";
export { createFft, type Fft, fftReference } from "./references/fft-reference.ts";
export { floorDb, frameCount, type MelDefinition, mel80, toDb } from "./references/mel-definition.ts";
export {
  emptyBands,
  type FilterBank,
  hzToMel,
  melEdgesHz,
  melFilterBank,
  melToHz,
  snappedFilterBank,
} from "./references/mel-filters.ts";
export {
  bandsInDb,
  type MelFrames,
  melReference,
  type PowerFrames,
  periodicHann,
  powerReference,
  windowedFrames,
} from "./references/mel-reference.ts";
export {
  type MeydaFrame,
  type MeydaMel,
  type MeydaOptions,
  meydaExtractor,
  meydaMel,
} from "./references/meyda-reference.ts";
