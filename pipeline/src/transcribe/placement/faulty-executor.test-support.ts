import { DeviceError } from "@aiekit/core";
import type { DecoderSession, WhisperExecutor } from "../../whisper/executor.ts";

export type Call = "encode" | "decode" | "prefill" | "step" | "reorder" | "output";

/** An executor that fails with a DeviceError at the n-th call of a sort, counted over all sessions, and from then on at all. */
export function faultyExecutor(executor: WhisperExecutor, call: Call, n: number): WhisperExecutor {
  let count = 0;
  let broken = false;
  const through = async <T>(name: Call, work: () => Promise<T>): Promise<T> => {
    if (name === call && ++count >= n) broken = true;
    if (broken) throw new DeviceError(`device: ${name}: fault`);
    return work();
  };
  const faulty = (session: DecoderSession): DecoderSession => ({
    get rows() {
      return session.rows;
    },
    get length() {
      return session.length;
    },
    prefill: (tokens, at) => through("prefill", () => session.prefill(tokens, at)),
    step: (tokens) => through("step", () => session.step(tokens)),
    reorder: (sources) => through("reorder", () => session.reorder(sources)),
    crossAttention: (row) => session.crossAttention(row),
    close: () => session.close(),
  });
  return {
    name: "faulty",
    config: executor.config,
    encode: (features) =>
      through("encode", async () => {
        const state = await executor.encode(features);
        return { ...state, output: () => through("output", () => state.output()) };
      }),
    decode: (state, options) => through("decode", async () => faulty(await executor.decode(state, options))),
    close: () => executor.close(),
  };
}
