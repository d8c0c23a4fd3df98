// Wall time of whole matrix products on the simulated array (npu1, 16 cores), and which part of it is spent in kernels: the
// rest is the simulator's own work (DMA copies, streams, locks, cores). Says nothing about an NPU. With several numbers of
// threads, launches of each follow each other in turn, so that what else the machine does falls on all of them; the factor is
// that of the best walls, and processor time is that of all threads. Shares are those of one thread; "outside" is what of its
// best time is not in kernels. A launch is what callers see: their tensors are written and synced before it, and results are read
// behind it into tensors that they keep; with --new-tensors into new ones, whose memory takes longer to get than to fill. Of the
// array alone it is told besides.
// Runs on the built packages: `pnpm build` first.
//
// What the machine itself can do is measured behind it: as many programs side by side as there are threads, each with an
// array of its own that nothing is shared with. A machine whose processors share a core, or wait for one memory, does not do N times
// the work of one with them, and neither do threads there.
//
// With --events: what a launch that is worked out anew makes the scheduler and the DMAs do. With --no-tapes: all launches are
// worked out anew, and none is played from a tape. With --no-strands: those that are played are played step by step.
//
//   node scripts/bench-sim-array.mjs [--only TEXT] [--warm 120] [--runs 60] [--profiled 100] [--top 12] [--threads 1,2] [--events]
//     [--no-tapes] [--no-strands] [--new-tensors]
import { Session } from "node:inspector/promises";
import { cpus, loadavg } from "node:os";
import { performance } from "node:perf_hooks";
import { AieArray } from "../packages/sim/dist/aie-array.js";
import { BdCursor } from "../packages/sim/dist/bd-cursor.js";
import { Scheduler } from "../packages/sim/dist/scheduler.js";
import { buildKernel } from "../tools/dist/index.js";
import { openedProduct } from "./array-launches.mjs";
import { ProgramsBeside } from "./bench-programs-beside.mjs";
import { parseArgs } from "./script-arguments.mjs";

const { values: options } = parseArgs({
  options: {
    only: { type: "string" },
    warm: { type: "string", default: "120" },
    runs: { type: "string", default: "60" },
    profiled: { type: "string", default: "100" },
    top: { type: "string", default: "0" },
    threads: { type: "string", default: "1" },
    events: { type: "boolean", default: false },
    "no-tapes": { type: "boolean", default: false },
    "no-strands": { type: "boolean", default: false },
    "new-tensors": { type: "boolean", default: false },
  },
});
const threadCounts = options.threads.split(",").map(Number);
const intervalUs = 100;
const launchesProfiled = Number(options.profiled);
let arrayMs = 0;
const { run } = AieArray.prototype;
AieArray.prototype.run = async function (...args) {
  const start = performance.now();
  try {
    return await run.apply(this, args);
  } finally {
    arrayMs += performance.now() - start;
  }
};
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
    for (let i = 0; i < Number(options.warm); i++) for (const { launch } of arrays) await launch();
    for (let i = 0; i < Number(options.runs); i++) for (const array of arrays) await timed(array);
    for (const { threads, wall, array, processor } of arrays) {
      const [best, bestOfProcessor] = [Math.min(...wall), Math.min(...processor)];
      const rate = (m * k * n) / best / 1e6;
      const factor = (Math.min(...arrays[0].wall) / best).toFixed(2);
      const ofArray = (Math.min(...arrays[0].array) / Math.min(...array)).toFixed(2);
      console.log(
        `${name.padEnd(28)} ${threads} threads: ${best.toFixed(1)} ms (processor ${bestOfProcessor.toFixed(1)} ms), ${rate.toFixed(2)} GMAC/s, ${factor} times ${arrays[0].threads} (the array alone ${ofArray})`,
      );
    }
    const most = Math.max(...threadCounts);
    if (most > 1) console.log(await ofMachine(manifestPath, most));
    const one = arrays.find(({ threads }) => threads === 1);
    if (one === undefined) return;
    const best = Math.min(...one.wall);
    const profile = await profiled(one.launch);
    const load = loadavg()[0].toFixed(1);
    const percent = (share) => `${(100 * share).toFixed(0)} %`;
    const outside = (best * (1 - profile.kernels)).toFixed(1);
    console.log(
      `  in kernels ${percent(profile.kernels)} (${(best * profile.kernels).toFixed(1)} ms), outside ${outside} ms (${percent(1 - profile.kernels)}; of the array alone ${percent(profile.outsideOfArray)}); load average of the machine ${load}`,
    );
    for (const { place, share } of profile.others.slice(0, Number(options.top))) {
      const ms = (best * share).toFixed(2);
      console.log(`  ${(100 * share).toFixed(1).padStart(5)} %  ${ms.padStart(6)} ms  ${place}`);
    }
    if (!options.events) return;
    const anew = await opened(manifestPath, 1, false);
    arrays.push(anew);
    for (let i = 0; i < 2; i++) await anew.launch();
    console.log(`  a launch: ${await counted(anew.launch)}`);
  } finally {
    for (const { close } of arrays) await close();
  }
}

async function ofMachine(manifestPath, count) {
  const programs = await ProgramsBeside.start(manifestPath, count, Number(options.warm));
  try {
    const factor = await programs.factor(Number(options.runs));
    return `  the machine itself: ${count} programs side by side do ${factor.toFixed(2)} times the work of one`;
  } finally {
    await programs.close();
  }
}

async function opened(manifestPath, threads, tapes = !options["no-tapes"]) {
  const strands = options["no-strands"] ? "never" : undefined;
  const product = await openedProduct({ manifestPath, threads, tapes, strands, newTensors: options["new-tensors"] });
  return { ...product, threads, wall: [], array: [], processor: [] };
}

async function timed({ launch, wall, array, processor }) {
  const start = performance.now();
  const before = arrayMs;
  const used = process.cpuUsage();
  await launch();
  wall.push(performance.now() - start);
  array.push(arrayMs - before);
  const { user, system } = process.cpuUsage(used);
  processor.push((user + system) / 1000);
}

/** Shares of the time of some launches: in kernels, and in each function besides. */
async function profiled(launch) {
  const session = new Session();
  session.connect();
  await session.post("Profiler.enable");
  await session.post("Profiler.setSamplingInterval", { interval: intervalUs });
  await session.post("Profiler.start");
  const before = arrayMs;
  const start = performance.now();
  for (let i = 0; i < launchesProfiled; i++) await launch();
  const ofArray = (arrayMs - before) / (performance.now() - start);
  const { profile } = await session.post("Profiler.stop");
  session.disconnect();
  const frames = new Map(profile.nodes.map((node) => [node.id, node.callFrame]));
  const us = new Map();
  for (const [i, id] of profile.samples.entries()) {
    const { functionName, url, lineNumber } = frames.get(id);
    // Waiting, and the profiler itself.
    if (functionName === "(idle)" || functionName === "dispatch") continue;
    const file = url.split("/").slice(-3).join("/");
    // What the simulator itself does in WebAssembly is none of the kernels: copies, and looks at what they counted.
    const isKernel = url.startsWith("wasm") && !functionName.startsWith("aiekit_");
    const place = isKernel ? "wasm" : `${functionName} ${file}:${lineNumber + 1}`;
    // A long gap between two samples: another process had the processor.
    us.set(place, (us.get(place) ?? 0) + Math.min(profile.timeDeltas[i], 4 * intervalUs));
  }
  const total = [...us.values()].reduce((a, b) => a + b, 0);
  const shares = [...us].map(([place, t]) => ({ place, share: t / total })).sort((a, b) => b.share - a.share);
  const kernels = (us.get("wasm") ?? 0) / total;
  return {
    kernels,
    outsideOfArray: 1 - kernels / ofArray,
    others: shares.filter(({ place }) => place !== "wasm"),
  };
}

/** Events of one launch by the kind of what they wake, executions of BDs, and blocks that their words move in. */
async function counted(launch) {
  const counts = new Map();
  const count = (what) => counts.set(what, (counts.get(what) ?? 0) + 1);
  const { step } = Scheduler.prototype;
  const { start, take } = BdCursor.prototype;
  Scheduler.prototype.step = function (...args) {
    const stepped = step.apply(this, args);
    if (stepped) count(`events of a ${this.current.constructor.name}`);
    return stepped;
  };
  BdCursor.prototype.start = function (...args) {
    count("BDs or words begun");
    return start.apply(this, args);
  };
  BdCursor.prototype.take = function (...args) {
    count("blocks taken");
    return take.apply(this, args);
  };
  try {
    await launch();
  } finally {
    Object.assign(Scheduler.prototype, { step });
    Object.assign(BdCursor.prototype, { start, take });
  }
  return [...counts].map(([what, n]) => `${n} ${what}`).join(", ");
}
