export { type Audio, audioSeconds } from "./audio/audio.ts";
export { loadSpeech, type Speech, speechRateHz } from "./audio/load-speech.ts";
export { toMono } from "./audio/mono.ts";
export { toPcm16 } from "./audio/pcm16.ts";
export { resample } from "./audio/resample.ts";
export { readWav } from "./audio/wav-reader.ts";
export { writeWav } from "./audio/wav-writer.ts";
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
export { speechSamplePath } from "./speech-sample.ts";
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
export type { DecoderOptions, DecoderSession, EncoderState, WhisperExecutor } from "./whisper/executor.ts";
export {
  type MelSource,
  type Segment,
  type SlidingOptions,
  slidingWindows,
} from "./whisper/long-form/sliding-windows.ts";
export { referenceExecutor } from "./whisper/reference/reference-executor.ts";
export { checkWhisperConfig, type WhisperConfig } from "./whisper/whisper-config.ts";
