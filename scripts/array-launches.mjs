// Launches of matrix products on the simulated array, for benchmarks.
import { loadKernel, openDevice } from "../host/dist/index.js";
import { tensor } from "../packages/core/dist/index.js";

const elements = { i8: Int8Array, i16: Int16Array, i32: Int32Array, bf16: Uint16Array, f32: Float32Array };

/**
 * A matrix product that was built, on an array of its own. `launch` fills its inputs and reads its outputs as callers do: into
 * tensors that stay, or with `newTensors` into new ones.
 */
export async function openedProduct({ manifestPath, threads, tapes = true, strands, newTensors = false }) {
  const device = await openDevice("sim", { generation: "npu1", threads, tapes, strands });
  const loaded = await loadKernel(device, manifestPath);
  const [sequence] = loaded.manifest.sequences;
  const tensorsOf = (direction, make) =>
    Object.fromEntries(sequence.args.filter((arg) => arg.direction === direction).map((arg) => [arg.name, make(arg)]));
  const inputs = tensorsOf("in", filled);
  const outputs = newTensors ? {} : tensorsOf("out", ({ dtype, shape }) => tensor(dtype, shape));
  return {
    launch: () => loaded.launch(sequence.name, inputs, { outputs }),
    close: async () => {
      await loaded.close();
      await device.close();
    },
  };
}

/** Small integers; ones where the words are multipliers and shifts. */
function filled({ dtype, shape }) {
  const data = new elements[dtype](shape.reduce((a, b) => a * b, 1));
  for (let i = 0; i < data.length; i++) {
    const value = dtype === "i32" ? 1 : ((i * 7) % 11) - 5;
    data[i] = dtype === "bf16" ? new Uint32Array(Float32Array.of(value).buffer)[0] >>> 16 : value;
  }
  return tensor(dtype, shape, data);
}
