import { AbortedError, Calibration, type ProductCalibration, UsageError } from "@aiekit/core";
import type { EncoderWeights } from "@aiekit/pipeline";
import { encoderFrontReference, encoderLayerReference, type ProductObserver } from "@aiekit/validate";

/** 16 kHz mono. */
export interface CalibrationClip {
  readonly name: string;
  readonly pcm: Int16Array;
}

interface CalibrateEncoderOptions {
  readonly weights: EncoderWeights;
  readonly clips: readonly CalibrationClip[];
  /** Of magnitudes, for the range that gives up the largest; 100 keeps all. */
  readonly percentile: number;
  readonly signal?: AbortSignal | undefined;
  /** Called after each clip of either pass. */
  readonly onClip?: ((done: number, total: number) => void) | undefined;
}

/** Eight frames, what logmel takes at least. */
const leastSamples = 1280;

/**
 * Ranges and scales for the input of every product of an encoder, from clips: `conv1`, `conv2`, and `0.qkv`, `0.out`, `0.fc1`,
 * `0.fc2` for each layer. The encoder runs in float64 and twice over all clips; a clip is as long as it is, without the silence
 * that Whisper puts behind it.
 * @throws UsageError for clips that are too short, too long for the positions, or silent; FormatError for activations that are
 * not finite.
 */
export async function calibrateEncoder(
  options: CalibrateEncoderOptions,
): Promise<Readonly<Record<string, ProductCalibration>>> {
  const { clips, weights, percentile, signal, onClip } = options;
  for (const clip of clips) checkClip(clip, weights);
  const numbers = numbersOf(weights);
  const calibration = new Calibration({ percentile });
  const passes = (["observe", "measure"] as const).flatMap((pass) => clips.map((clip) => ({ pass, clip })));
  for (const [i, { pass, clip }] of passes.entries()) {
    if (signal?.aborted) throw new AbortedError(`calibration: stopped before ${clip.name}`);
    encode(clip, numbers, (product, input) => calibration[pass](product, input));
    onClip?.(i + 1, passes.length);
    // The encoder keeps the thread; Ctrl-C and progress get their turn here.
    await new Promise((resolve) => setImmediate(resolve));
  }
  return calibration.result();
}

function checkClip({ name, pcm }: CalibrationClip, { front: { positions } }: EncoderWeights): void {
  const mostSamples = 320 * (positions.shape[0] ?? 0);
  if (pcm.length >= leastSamples && pcm.length <= mostSamples) return;
  throw new UsageError(`calibration: ${name}: expected ${leastSamples} to ${mostSamples} samples, got ${pcm.length}`, {
    hint: pcm.length < leastSamples ? "leave the clip out" : `cut the clip: --seconds ${mostSamples / 16_000}`,
  });
}

function numbersOf({ front, layers, heads }: EncoderWeights) {
  const of = ({ data }: { readonly data: Float32Array }) => Float64Array.from(data);
  const linear = ({ weights, bias }: EncoderWeights["front"]["conv1"]) => ({ weights: of(weights), bias: of(bias) });
  const norm = ({ gamma, beta }: EncoderWeights["layers"][number]["ln1"]) => ({ gamma: of(gamma), beta: of(beta) });
  return {
    heads,
    mels: front.conv1.weights.shape[1] ?? 0,
    front: { conv1: linear(front.conv1), conv2: linear(front.conv2), positions: of(front.positions) },
    layers: layers.map(({ ln1, qkv, out, ln2, fc1, fc2 }) => ({
      ln1: norm(ln1),
      qkv: linear(qkv),
      out: linear(out),
      ln2: norm(ln2),
      fc1: linear(fc1),
      fc2: linear(fc2),
    })),
  };
}

function encode({ pcm }: CalibrationClip, weights: ReturnType<typeof numbersOf>, observe: ProductObserver): void {
  const samples = Float64Array.from(pcm, (value) => value / 32_768);
  let x = encoderFrontReference(samples, weights.mels, weights.front, observe);
  const positions = x.length / weights.front.conv2.bias.length;
  weights.layers.forEach((layer, i) => {
    const sizes = { positions, heads: weights.heads };
    x = encoderLayerReference(x, layer, sizes, (product, input) => observe(`${i}.${product}`, input));
  });
}
