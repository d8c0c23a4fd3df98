import { describeShape, ShapeError, type Tensor, tensor, UsageError } from "@aiekit/core";
import type { DecoderSession, EncoderState, WhisperExecutor } from "../executor.ts";
import type { WhisperSizes } from "../whisper-sizes.ts";
import { type Lease, type LruLimits, LruPool } from "./lru-pool.ts";
import { chooseBucket, windowBuckets } from "./window-buckets.ts";

export interface BucketedOptions {
  readonly name: string;
  readonly config: WhisperSizes;
  /** Makes the executor of a window of so many positions; called when the first clip needs it. */
  readonly compile: (positions: number) => Promise<WhisperExecutor>;
  /** Positions of the windows; a sixth, a third, two thirds and all of the model's where left out. */
  readonly buckets?: readonly number[];
  /** What is kept open: two windows where left out. */
  readonly limits?: LruLimits<WhisperExecutor>;
}

/**
 * An executor that runs a clip in the smallest of some static windows that holds it. Features are padded to the window with
 * their smallest value, which is silence. A model that was trained on full windows may find other words in a short one.
 */
export function bucketedExecutor(options: BucketedOptions): WhisperExecutor {
  const { config, name, compile, limits = { most: 2 } } = options;
  const buckets = [...(options.buckets ?? windowBuckets(config.audioPositions))].sort((a, b) => a - b);
  const pool = new LruPool(compile, limits);
  const owners = new Map<EncoderState, { lease: Lease<WhisperExecutor>; inner: EncoderState }>();
  return {
    name,
    config,
    async encode(features) {
      const [mels = 0, frames = 0] = features.shape;
      if (features.shape.length !== 2 || mels !== config.mels) {
        const got = describeShape(features.dtype, features.shape);
        throw new ShapeError(`encoder: features: expected f32[${config.mels}, frames], got ${got}`);
      }
      const positions = chooseBucket(buckets, frames);
      const lease = await pool.lease(positions);
      try {
        const inner = await lease.value.encode(paddedTo(features, 2 * positions));
        const state: EncoderState = {
          positions: inner.positions,
          output: async () => {
            if (owners.has(state)) return inner.output();
            throw new UsageError("decoder: expected an encoder state that is not closed");
          },
          async close() {
            if (!owners.delete(state)) return;
            await inner.close();
            await lease.release();
          },
        };
        owners.set(state, { lease, inner });
        return state;
      } catch (error) {
        await lease.release();
        throw error;
      }
    },
    async decode(state, decoderOptions) {
      const owner = owners.get(state);
      if (owner !== undefined) return owner.lease.value.decode(owner.inner, decoderOptions);
      // Of another executor, or closed, which its `output` says: decoded by the window that holds as much.
      const lease = await pool.lease(chooseBucket(buckets, 2 * state.positions));
      try {
        return leased(await lease.value.decode(state, decoderOptions), lease);
      } catch (error) {
        await lease.release();
        throw error;
      }
    },
    async close() {
      for (const state of [...owners.keys()]) await state.close();
      await pool.close();
    },
  };
}

/** A session that keeps its window open. */
function leased(session: DecoderSession, lease: Lease<WhisperExecutor>): DecoderSession {
  return {
    get rows() {
      return session.rows;
    },
    get length() {
      return session.length;
    },
    prefill: (tokens, at) => session.prefill(tokens, at),
    step: (tokens) => session.step(tokens),
    reorder: (sources) => session.reorder(sources),
    crossAttention: (row) => session.crossAttention(row),
    async close() {
      await session.close();
      await lease.release();
    },
  };
}

function paddedTo(features: Tensor<"f32">, frames: number): Tensor<"f32"> {
  const [mels = 0, held = 0] = features.shape;
  if (held === frames) return features;
  const silence = features.data.reduce((least, value) => Math.min(least, value), Number.POSITIVE_INFINITY);
  const all = tensor("f32", [mels, frames]);
  all.data.fill(silence);
  for (let mel = 0; mel < mels; mel++) all.data.set(features.data.subarray(mel * held, (mel + 1) * held), mel * frames);
  return all;
}
