// Wall time of whole matrix products on the simulated array (npu1, 16 cores), and which part of it is spent in kernels: the
// rest is the simulator's own work (DMA copies, streams, locks, cores). Measured on one thread; says nothing about an NPU.
// Runs on the built packages: `pnpm build` first.
//
//   node scripts/bench-sim-array.mjs [--only TEXT] [--runs 7] [--top 12]
import { Session } from "node:inspector/promises";
import { cpus } from "node:os";
import { performance } from "node:perf_hooks";
import { parseArgs } from "node:util";
import { loadKernel, openDevice } from "../host/dist/index.js";
import { tensor } from "../packages/core/dist/index.js";
import { buildKernel } from "../tools/dist/index.js";

const { values: options } = parseArgs({
  options: { only: { type: "string" }, runs: { type: "string", default: "7" }, top: { type: "string", default: "0" } },
});
const intervalUs = 100;
const launchesProfiled = 20;
const elements = { i8: Int8Array, i16: Int16Array, i32: Int32Array, bf16: Uint16Array, f32: Float32Array };
const cases = [
  { dtype: "i8_i8", shape: [512, 512, 512] },
  { dtype: "bf16_bf16", shape: [512, 512, 512] },
  { dtype: "i8_i8", shape: [1536, 384, 1536] },
  { dtype: "bf16_bf16", shape: [1536, 384, 1536] },
].map((one) => ({ ...one, name: `${one.dtype} ${one.shape.join("x")}` }));

console.log(`${cpus()[0]?.model ?? "unknown processor"}, node ${process.version}, one thread, best of ${options.runs}`);
for (const one of cases) if (!options.only || one.name.includes(options.only)) await measure(one);

async function measure({ name, dtype, shape }) {
  const [m, k, n] = shape;
  const params = { dtype, shapes: shape.join("x") };
  const { manifestPath } = await buildKernel({ kernel: "matmul", target: "sim", params });
  const device = await openDevice("sim", { generation: "npu1" });
  const loaded = await loadKernel(device, manifestPath);
  try {
    const [sequence] = loaded.manifest.sequences;
    const inputs = Object.fromEntries(
      sequence.args.filter((arg) => arg.direction !== "out").map((arg) => [arg.name, filled(arg)]),
    );
    const launch = () => loaded.launch(sequence.name, inputs);
    for (let i = 0; i < 3; i++) await launch();
    const wall = [];
    const processor = [];
    for (let i = 0; i < Number(options.runs); i++) {
      const start = performance.now();
      const used = process.cpuUsage();
      await launch();
      wall.push(performance.now() - start);
      const { user, system } = process.cpuUsage(used);
      processor.push((user + system) / 1000);
    }
    const [best, bestOfProcessor] = [Math.min(...wall), Math.min(...processor)];
    const profile = await profiled(launch);
    const rate = (m * k * n) / best / 1e6;
    console.log(
      `${name.padEnd(28)} ${best.toFixed(1)} ms (processor ${bestOfProcessor.toFixed(1)} ms), ${rate.toFixed(2)} GMAC/s; in kernels ${(100 * profile.kernels).toFixed(0)} %`,
    );
    for (const { place, share } of profile.others.slice(0, Number(options.top))) {
      console.log(`  ${(100 * share).toFixed(1).padStart(5)} %  ${place}`);
    }
  } finally {
    await loaded.close();
    await device.close();
  }
}

/** Shares of the time of some launches: in WebAssembly, and in each function besides. */
async function profiled(launch) {
  const session = new Session();
  session.connect();
  await session.post("Profiler.enable");
  await session.post("Profiler.setSamplingInterval", { interval: intervalUs });
  await session.post("Profiler.start");
  for (let i = 0; i < launchesProfiled; i++) await launch();
  const { profile } = await session.post("Profiler.stop");
  session.disconnect();
  const frames = new Map(profile.nodes.map((node) => [node.id, node.callFrame]));
  const us = new Map();
  for (const [i, id] of profile.samples.entries()) {
    const { functionName, url, lineNumber } = frames.get(id);
    // Waiting, and the profiler itself.
    if (functionName === "(idle)" || functionName === "dispatch") continue;
    const file = url.split("/").slice(-3).join("/");
    const place = url.startsWith("wasm") ? "wasm" : `${functionName} ${file}:${lineNumber + 1}`;
    // A long gap between two samples: another process had the processor.
    us.set(place, (us.get(place) ?? 0) + Math.min(profile.timeDeltas[i], 4 * intervalUs));
  }
  const total = [...us.values()].reduce((a, b) => a + b, 0);
  const shares = [...us].map(([place, t]) => ({ place, share: t / total })).sort((a, b) => b.share - a.share);
  return {
    kernels: (us.get("wasm") ?? 0) / total,
    others: shares.filter(({ place }) => place !== "wasm"),
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
