export { type Audio, audioSeconds } from "./audio/audio.ts";
export { type AudioKind, audioKind, kindBytes } from "./audio/audio-kind.ts";
export type { AudioFormat, AudioStream } from "./audio/audio-stream.ts";
export { type ByteSource, bytesSource, fileSource, namedSource, pipeSource } from "./audio/byte-source.ts";
export { loadSpeech, readSpeech, type Speech } from "./audio/load-speech.ts";
export { toMono } from "./audio/mono.ts";
export { type OpenAudioOptions, openAudio } from "./audio/open-audio.ts";
export type { RawPcm } from "./audio/pcm-stream.ts";
export { toPcm16 } from "./audio/pcm16.ts";
export { isRecordingName } from "./audio/recording-names.ts";
export { resample } from "./audio/resample.ts";
export { createResampler, type Rates, type Resampler } from "./audio/resampler.ts";
export { speechRateHz } from "./audio/speech-notes.ts";
export { openSpeech, type SpeechStream } from "./audio/speech-stream.ts";
export { readWav } from "./audio/wav-reader.ts";
export { writeWav } from "./audio/wav-writer.ts";
export { demoModelPath } from "./demo-model.ts";
export {
  type EncoderFrontSizes,
  encoderFrontBuilds,
  encoderFrontPositions,
  encoderFrontSteps,
} from "./encoder/encoder-front-chain.ts";
export { type Convolution, type EncoderFrontWeights, encoderFrontArrays } from "./encoder/encoder-front-weights.ts";
export {
  type EncoderLayerNames,
  encoderLayerBuilds,
  encoderLayerSteps,
  type KernelBuild,
  singleLayer,
} from "./encoder/encoder-layer-chain.ts";
export { checkEncoderLayerSizes, type EncoderLayerSizes, whisperTinyEncoder } from "./encoder/encoder-layer-sizes.ts";
export {
  type EncoderLayerWeights,
  encoderLayerArrays,
  type LayerNorm,
  type Linear,
} from "./encoder/encoder-layer-weights.ts";
export { type EncoderWeights, readEncoderWeights, type WeightSource } from "./encoder/encoder-weights.ts";
export {
  type ClockMs,
  type FeaturePhases,
  type LoadedSpeech,
  type MelFeatures,
  type MelFeaturesSource,
  melFeatures,
  timedSpeech,
} from "./features.ts";
export { encoderWeightSource } from "./model/encoder-weight-source.ts";
export type { FeatureConfig } from "./model/feature-config.ts";
export type { GenerationConfig } from "./model/generation-config.ts";
export type { FiledTensor, ModelTensors, Rows } from "./model/model-tensors.ts";
export { promptTokens, type StartOptions, startSequence } from "./model/start-sequence.ts";
export { characterGroups, createTextStream, type TextStream } from "./model/text-stream.ts";
export type { Tokenizer } from "./model/tokenizer.ts";
export { weightFilesOf, weightsFile, weightsIndexFile } from "./model/weight-files.ts";
export { readWhisperConfig, type StackSizes, type WhisperConfig } from "./model/whisper-config.ts";
export {
  checkModelFolder,
  ModelFolderError,
  modelJsonFiles,
  openWhisperModel,
  type WhisperModel,
} from "./model/whisper-model.ts";
export { whisperTensorShapes } from "./model/whisper-tensors.ts";
export { timestampStepSeconds, timestampText, type WhisperTokens } from "./model/whisper-tokens.ts";
export { speechSamplePath } from "./speech-sample.ts";
export { type TimeTextOptions, timeText } from "./transcribe/formats/time-text.ts";
export {
  type FormatOptions,
  formatTranscript,
  type TranscriptFormat,
  transcriptFormats,
} from "./transcribe/formats/transcript-formats.ts";
export { logMel } from "./transcribe/mel/log-mel.ts";
export { SpeechWindows, type SpeechWindowsOptions } from "./transcribe/mel/speech-windows.ts";
export {
  type Availability,
  choosePlacement,
  type ExecutorKind,
  executorKinds,
  type Placement,
  type PlacementRequest,
} from "./transcribe/placement/choose-placement.ts";
export { type Placed, placedExecutor } from "./transcribe/placement/placed-executor.ts";
export { type Recovery, recoveringExecutor } from "./transcribe/placement/recovering-executor.ts";
export { type TracedOptions, tracedExecutor } from "./transcribe/placement/traced-executor.ts";
export {
  type LaunchPart,
  type LaunchTrace,
  type PartTrace,
  type TraceEvent,
  TraceLog,
  type Tracer,
  type TraceSummary,
  type WhisperPart,
} from "./transcribe/trace.ts";
export { publishedOptions, type TranscribeOptions } from "./transcribe/transcribe-options.ts";
export { type TranscribeEvents, Transcriber, type TranscriberParts } from "./transcribe/transcriber.ts";
export type {
  TranscribedSegment,
  TranscribedWord,
  Transcript,
  Transcription,
  TranscriptionPhases,
} from "./transcribe/transcription.ts";
export { type AlignedWord, type AlignSource, alignWords } from "./whisper/alignment/align-words.ts";
export { type PunctuationMarks, publishedMarks } from "./whisper/alignment/join-punctuation.ts";
export type { Word } from "./whisper/alignment/segment-words.ts";
export { type BucketedOptions, bucketedExecutor } from "./whisper/buckets/bucketed-executor.ts";
export { type Lease, type LruLimits, LruPool } from "./whisper/buckets/lru-pool.ts";
export { type BucketOptions, chooseBucket, windowBuckets } from "./whisper/buckets/window-buckets.ts";
export { type CpuOptions, cpuExecutor } from "./whisper/cpu/cpu-executor.ts";
export { type CpuPrecision, cpuPrecisions } from "./whisper/cpu/emit-layers.ts";
export type { CpuModel } from "./whisper/cpu/emitted-graphs.ts";
export { type ExportedOptions, exportedExecutor } from "./whisper/cpu/exported/exported-executor.ts";
export type { SessionOptions } from "./whisper/cpu/graph-sessions.ts";
export { loadOnnxRuntime } from "./whisper/cpu/onnx-runtime.ts";
export type { CpuExecutor } from "./whisper/cpu/window-executor.ts";
export type { BeamOptions } from "./whisper/decoding/beam-search.ts";
export { type DecodedWindow, decodeWindow, type WindowOptions } from "./whisper/decoding/decode-window.ts";
export { type DetectedLanguage, detectLanguage } from "./whisper/decoding/language.ts";
export type { Prompt, PromptOptions } from "./whisper/decoding/prompt.ts";
export type { SamplingOptions } from "./whisper/decoding/sampling.ts";
export type { SpecialTokens } from "./whisper/decoding/special-tokens.ts";
export {
  decodeWithFallback,
  type FallbackResult,
  type FallbackThresholds,
  publishedTemperatures,
  publishedThresholds,
} from "./whisper/decoding/temperature-fallback.ts";
export {
  type DeviceBuild,
  decoderBuilds,
  deviceWhisperBuilds,
  windowBuilds,
} from "./whisper/device/device-builds.ts";
export { type DeviceExecutor, type DeviceExecutorOptions, deviceExecutor } from "./whisper/device/device-executor.ts";
export {
  type ContextEvent,
  type DevicePart,
  type DeviceTrace,
  type DeviceTracer,
  deviceParts,
  type LaunchEvent,
  type LaunchTally,
  tallyTracer,
} from "./whisper/device/launch-trace.ts";
export { bf16Everywhere, int8Everywhere, type WeightType, type WeightTypes } from "./whisper/device/weight-types.ts";
export type { DecoderOptions, DecoderSession, EncoderState, WhisperExecutor } from "./whisper/executor.ts";
export { languageCode, languageName, languages } from "./whisper/languages.ts";
export { type ChunkedOptions, chunkedWindows } from "./whisper/long-form/chunked-windows.ts";
export {
  type OverlapOptions,
  type Overlapped,
  type OverlappingWindow,
  type OverlapStep,
  overlappingWindows,
} from "./whisper/long-form/overlapping-windows.ts";
export {
  type MelSource,
  type Segment,
  type SlidingOptions,
  slidingWindows,
  type WindowDone,
} from "./whisper/long-form/sliding-windows.ts";
export { SegmentStitcher, type TimedText } from "./whisper/long-form/stitch-segments.ts";
export { stitchTokens } from "./whisper/long-form/stitch-tokens.ts";
export {
  type StitchedText,
  type StitchedWindow,
  type StitchOptions,
  stitchWindows,
} from "./whisper/long-form/stitch-windows.ts";
export type { WindowDecoding } from "./whisper/long-form/window-decoding.ts";
export type { WordOptions } from "./whisper/long-form/word-times.ts";
export { type AlignmentHead, type ModelDecoding, modelDecoding } from "./whisper/model-decoding.ts";
export { referenceExecutor } from "./whisper/reference/reference-executor.ts";
export { type CompressedTimes, compressedTimes } from "./whisper/vad/compressed-times.ts";
export {
  createSpeechDetector,
  type SpeechDetector,
  type SpeechDetectorOptions,
  type TimeRange,
} from "./whisper/vad/speech-detector.ts";
export { checkWhisperSizes, type WhisperSizes, whisperSizes } from "./whisper/whisper-sizes.ts";
