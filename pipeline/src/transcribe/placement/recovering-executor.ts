import { DeviceError, type Tensor } from "@aiekit/core";
import type { DecoderOptions, DecoderSession, EncoderState, WhisperExecutor } from "../../whisper/executor.ts";
import { logMel } from "../mel/log-mel.ts";

export interface Recovery {
  /** Opens what goes on after a fault; called once at most. */
  readonly open: () => Promise<WhisperExecutor>;
  /** Told before the work goes on, never left out: nothing moves in silence. */
  readonly onFallback: (fallback: { readonly from: string; readonly to: string; readonly reason: string }) => void;
}

/** A window by its features: encoded by the executor that is in use when it is needed. */
interface Window {
  readonly features: Tensor<"f32">;
  readonly by: WhisperExecutor;
  readonly state: EncoderState;
}

/**
 * Goes on with another executor after a DeviceError of the first, for all that follows. The window that failed is encoded
 * again and its tokens are fed again, so the result is that of the second executor from this window on. Other errors are
 * passed on; so is a fault of the second executor.
 */
export function recoveringExecutor(first: WhisperExecutor, { open, onFallback }: Recovery): WhisperExecutor {
  let current = first;
  const onHost = logMel(first.config.mels);
  const hostFeatures = async ({ data }: Tensor<"i16">) => onHost(Float32Array.from(data, (value) => value / 32_768));
  const windows = new WeakMap<EncoderState, Window>();

  /** Moves on, once. */
  const recover = async (error: unknown): Promise<void> => {
    if (!(error instanceof DeviceError) || current !== first) throw error;
    const other = await open();
    onFallback({ from: first.name, to: other.name, reason: error.message });
    current = other;
  };
  const retried = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      await recover(error);
      return work();
    }
  };
  /** The window's state by the executor in use. */
  const stateOf = async (handle: EncoderState): Promise<EncoderState> => {
    const window = windows.get(handle);
    if (window === undefined || window.by === current) return window?.state ?? handle;
    const state = await current.encode(window.features);
    windows.set(handle, { ...window, by: current, state });
    return state;
  };
  const openSession = async (handle: EncoderState, options?: DecoderOptions): Promise<OpenSession> => {
    const state = await stateOf(handle);
    return { by: current, session: await current.decode(state, options) };
  };
  return {
    get name() {
      return current.name;
    },
    config: first.config,
    ...(first.melFeatures === undefined
      ? {}
      : { melFeatures: (pcm: Tensor<"i16">) => retried(() => (current.melFeatures ?? hostFeatures)(pcm)) }),
    encode: (features) =>
      retried(async () => {
        const state = await current.encode(features);
        const handle: EncoderState = {
          positions: state.positions,
          output: () => retried(async () => (await stateOf(handle)).output()),
          close: async () => (windows.get(handle)?.state ?? state).close(),
        };
        windows.set(handle, { features, by: current, state });
        return handle;
      }),
    decode: async (handle, options) => {
      const reopen = () => openSession(handle, options);
      return recoveringSession({ opened: await retried(reopen), reopen, retried, isCurrent: (by) => by === current });
    },
    close: async () => {
      await first.close();
      if (current !== first) await current.close();
    },
  };
}

interface OpenSession {
  readonly by: WhisperExecutor;
  readonly session: DecoderSession;
}

interface SessionRecovery {
  readonly opened: OpenSession;
  readonly reopen: () => Promise<OpenSession>;
  readonly retried: <T>(work: () => Promise<T>) => Promise<T>;
  readonly isCurrent: (by: WhisperExecutor) => boolean;
}

/** A session that repeats what it was told where its executor was left. */
function recoveringSession({ opened, reopen, retried, isCurrent }: SessionRecovery): DecoderSession {
  let { by, session } = opened;
  const told: ((session: DecoderSession) => Promise<unknown>)[] = [];
  const tell = <T>(work: (session: DecoderSession) => Promise<T>): Promise<T> =>
    retried(async () => {
      if (!isCurrent(by)) {
        ({ by, session } = await reopen());
        for (const earlier of told) await earlier(session);
      }
      const result = await work(session);
      return result;
    });
  const remembered = async <T>(work: (session: DecoderSession) => Promise<T>): Promise<T> => {
    const result = await tell(work);
    told.push(work);
    return result;
  };
  return {
    get rows() {
      return session.rows;
    },
    get length() {
      return session.length;
    },
    prefill: (tokens, at) => remembered((to) => to.prefill(tokens, at)),
    step: (tokens) => remembered((to) => to.step(tokens)),
    reorder: (sources) => remembered((to) => to.reorder(sources)),
    crossAttention: (row) => tell((from) => from.crossAttention(row)),
    close: () => session.close(),
  };
}
