// Wall time of whole matrix products on the simulated array (npu1, 16 cores), and which part of it is spent in kernels: the
// rest is the simulator's own work (DMA copies, streams, locks, cores). Says nothing about an NPU. With several numbers of
// threads, launches of each follow each other in turn, so that what else the machine does falls on all of them; the factor is
// that of the best walls, and processor time is that of all threads. Shares are those of one thread.
// Runs on the built packages: `pnpm build` first.
//
//   node scripts/bench-sim-array.mjs [--only TEXT] [--runs 7] [--top 12] [--threads 1,2]
import { Session } from "node:inspector/promises";
import { cpus, loadavg } from "node:os";
import { performance } from "node:perf_hooks";
import { parseArgs } from "node:util";
import { loadKernel, openDevice } from "../host/dist/index.js";
import { tensor } from "../packages/core/dist/index.js";
import { buildKernel } from "../tools/dist/index.js";

const { values: options } = parseArgs({
  options: {
    only: { type: "string" },
    runs: { type: "string", default: "7" },
    top: { type: "string", default: "0" },
    threads: { type: "string", default: "1" },
  },
});
const threadCounts = options.threads.split(",").map(Number);
const intervalUs = 100;
const launchesProfiled = 20;
const elements = { i8: Int8Array, i16: Int16Array, i32: Int32Array, bf16: Uint16Array, f32: Float32Array };
const cases = [
  { dtype: "i8_i8", shape: [512, 512, 512] },
  { dtype: "bf16_bf16", shape: [512, 512, 512] },
  { dtype: "i8_i8", shape: [1536, 384, 1536] },
  { dtype: "bf16_bf16", shape: [1536, 384, 1536] },
].map((one) => ({ ...one, name: `${one.dtype} ${one.shape.join("x")}` }));

console.log(
  `${cpus()[0]?.model ?? "unknown processor"}, node ${process.version}, threads ${options.threads}, best of ${options.runs}`,
);
for (const one of cases) if (!options.only || one.name.includes(options.only)) await measure(one);

async function measure({ name, dtype, shape }) {
  const [m, k, n] = shape;
  const params = { dtype, shapes: shape.join("x") };
  const { manifestPath } = await buildKernel({ kernel: "matmul", target: "sim", params });
  const arrays = [];
  try {
    for (const threads of threadCounts) arrays.push(await opened(manifestPath, threads));
    for (let i = 0; i < 3; i++) for (const { launch } of arrays) await launch();
    for (let i = 0; i < Number(options.runs); i++) for (const array of arrays) await timed(array);
    for (const { threads, wall, processor } of arrays) {
      const [best, bestOfProcessor] = [Math.min(...wall), Math.min(...processor)];
      const rate = (m * k * n) / best / 1e6;
      const factor = (Math.min(...arrays[0].wall) / best).toFixed(2);
      console.log(
        `${name.padEnd(28)} ${threads} threads: ${best.toFixed(1)} ms (processor ${bestOfProcessor.toFixed(1)} ms), ${rate.toFixed(2)} GMAC/s, ${factor} times ${arrays[0].threads}`,
      );
    }
    const one = arrays.find(({ threads }) => threads === 1);
    if (one === undefined) return;
    const profile = await profiled(one.launch);
    const load = loadavg()[0].toFixed(1);
    console.log(`  in kernels ${(100 * profile.kernels).toFixed(0)} %; load average of the machine ${load}`);
    for (const { place, share } of profile.others.slice(0, Number(options.top))) {
      console.log(`  ${(100 * share).toFixed(1).padStart(5)} %  ${place}`);
    }
  } finally {
    for (const { close } of arrays) await close();
  }
}

async function opened(manifestPath, threads) {
  const device = await openDevice("sim", { generation: "npu1", threads });
  const loaded = await loadKernel(device, manifestPath);
  const [sequence] = loaded.manifest.sequences;
  const inputs = Object.fromEntries(
    sequence.args.filter((arg) => arg.direction !== "out").map((arg) => [arg.name, filled(arg)]),
  );
  return {
    threads,
    wall: [],
    processor: [],
    launch: () => loaded.launch(sequence.name, inputs),
    close: async () => {
      await loaded.close();
      await device.close();
    },
  };
}

async function timed({ launch, wall, processor }) {
  const start = performance.now();
  const used = process.cpuUsage();
  await launch();
  wall.push(performance.now() - start);
  const { user, system } = process.cpuUsage(used);
  processor.push((user + system) / 1000);
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
