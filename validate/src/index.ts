export { type Bias, bias } from "./metrics/bias.ts";
export { cosine, gain, pearson } from "./metrics/correlation.ts";
export { maxAbsErr, maxErrWithin, meanSignedErr, type WorstError } from "./metrics/error.ts";
export { checkOutput, type LiveBins, type LivenessOptions, liveBins, type OutputCheck } from "./metrics/liveness.ts";
export { normalisedText } from "./metrics/normalised-text.ts";
export { relativeL2 } from "./metrics/relative-error.ts";
export { type WordErrors, wordErrorRate, wordErrors } from "./metrics/word-errors.ts";
export { conv1dReference } from "./references/conv1d-reference.ts";
export { encoderFrontReference } from "./references/encoder-front-reference.ts";
export { encoderLayerReference, type ProductObserver } from "./references/encoder-layer-reference.ts";
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
export { slaneyFilterBank, slaneyHzToMel, slaneyMelToHz } from "./references/whisper-mel-filters.ts";
export { type WhisperFeatures, whisperFeatures, whisperMel } from "./references/whisper-reference.ts";
export { type ColourMap, differenceMap, levelMap, type Rgb } from "./report/colour-map.ts";
export { type HtmlReportOptions, htmlReport } from "./report/html-page.ts";
export { junitXml } from "./report/junit.ts";
export { type MelPictureOptions, melPicture } from "./report/mel-picture.ts";
export { decodePng, encodePng, type RgbImage } from "./report/png.ts";
export { type ReportDocument, resultJson } from "./report/result-json.ts";
export { suiteText, type TextTableOptions, verdictLine } from "./report/text-table.ts";
export { type EncoderFrontArrays, encoderFrontNoise } from "./signals/encoder-front-arrays.ts";
export {
  type EncoderLayerArrays,
  type EncoderLayerShape,
  encoderLayerNoise,
} from "./signals/encoder-layer-arrays.ts";
export { type EspeakOptions, espeakClips, type RunProgram } from "./signals/espeak.ts";
export { type FftSignal, type FftSignalOptions, fftSignals } from "./signals/fft-signals.ts";
export { type LogmelCase, type LogmelCaseOptions, logmelCases } from "./signals/logmel-cases.ts";
export {
  type ClipGroup,
  clipGroups,
  type MelClip,
  type MelClipOptions,
  type MelClips,
  melClips,
} from "./signals/mel-clips.ts";
export { createRandom, type Random } from "./signals/random.ts";
export { syntheticSpeech } from "./signals/synthetic-speech.ts";
export {
  chirp,
  clippedSine,
  impulses,
  type Span,
  silence,
  sine,
  whiteNoise,
} from "./signals/waveforms.ts";
export { addSuite } from "./suites/add-suite.ts";
export type { ArraySubject, ArraySuite, ArraySuiteOptions, Arrays, KernelParams } from "./suites/array-subject.ts";
export { attentionSuite } from "./suites/attention-suite.ts";
export { conv1dSuite } from "./suites/conv1d-suite.ts";
export { encoderFrontCriteria, encoderLayerCriteria, judgeEncoderLayer } from "./suites/encoder-layer-judge.ts";
export {
  type FftRunner,
  type FftSubject,
  type FftSuiteOptions,
  fftCriteria,
  fftSuite,
} from "./suites/fft-suite.ts";
export { geluSuite } from "./suites/gelu-suite.ts";
export { gemvSuite } from "./suites/gemv-suite.ts";
export { layernormSuite } from "./suites/layernorm-suite.ts";
export { type LogmelSuiteOptions, logmelCriteria, logmelLimits, logmelSuite } from "./suites/logmel-suite.ts";
export { matmulSuite } from "./suites/matmul-suite.ts";
export { type MelOutput, melCriteria, melLimits } from "./suites/mel-criteria.ts";
export { melDb } from "./suites/mel-judge.ts";
export { type MelRunner, type MelSubject, type MelSuiteOptions, melSuite } from "./suites/mel-suite.ts";
export { softmaxSuite } from "./suites/softmax-suite.ts";
export type {
  CaseEvidence,
  CaseResult,
  Check,
  Criterion,
  Fact,
  Origin,
  Subject,
  SuiteControl,
  SuiteResult,
  SuiteRun,
} from "./suites/suite-result.ts";
export { topkSuite } from "./suites/topk-suite.ts";
export { transposeSuite } from "./suites/transpose-suite.ts";
