// Runs numbered inputs through a function in worker threads, and goes on behind an input that hangs or ends its worker.
// A script calls runWorkers from its main thread and workThrough from the workers that are started of it.
import { parentPort, Worker, workerData } from "node:worker_threads";

const progressMs = 1000;
/** Place of the worker's counters: the input it is at, and since when (ms). */
const at = { index: 0, since: 1 };

/**
 * Every input from 0 to `count` - 1, shared out among the workers. `memoryMb` bounds a worker's heap: one that needs more
 * ends, which is a finding. Gives how often each end was met, and the findings by input.
 */
export async function runWorkers({ script, count, seed, workers, limitMs, memoryMb, options = {} }) {
  const runs = Array.from({ length: workers }, (_, first) =>
    startWorker({ script, memoryMb, data: { first, step: workers, count, seed, ...options } }),
  );
  await watch(runs, { count, limitMs });
  return { tally: sum(runs), findings: runs.flatMap((run) => run.findings) };
}

/** In a worker: tries its share of the inputs. `tryOne(index)` gives the end that was met and what was wrong with it. */
export function workThrough(tryOne) {
  const { first, step, count, clock } = workerData;
  let tally = {};
  let done = 0;
  for (let index = first; index < count; index += step) {
    clock[at.index] = BigInt(index);
    clock[at.since] = BigInt(Date.now());
    const { end, problem } = tryOne(index);
    tally[end] = (tally[end] ?? 0) + 1;
    done++;
    if (problem !== undefined) parentPort.postMessage({ finding: { index, what: problem } });
    if (done % 100 !== 0 && index + step < count) continue;
    parentPort.postMessage({ tally });
    tally = {};
  }
  parentPort.postMessage({ done: true });
}

/** One finding of each kind, with how many there are: numbers and the rest of a stack are not told apart. */
export function alike(findings) {
  const kinds = new Map();
  for (const finding of findings) {
    const kind = finding.what.split("\n")[0].replace(/\d+|%\w+/g, "N");
    kinds.set(kind, { ...(kinds.get(kind) ?? finding), count: (kinds.get(kind)?.count ?? 0) + 1 });
  }
  return [...kinds.values()];
}

/** Numbers in 0..1. Source: Tommy Ettinger's mulberry32, public domain. */
export function randomFrom(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

function startWorker({ script, memoryMb, data }) {
  const clock = new BigInt64Array(new SharedArrayBuffer(16));
  const run = { data, clock, tally: {}, findings: [], isDone: false, worker: undefined };
  const resourceLimits = memoryMb === undefined ? {} : { resourceLimits: { maxOldGenerationSizeMb: memoryMb } };
  const start = (first) => {
    clock[at.since] = BigInt(Date.now());
    run.worker = new Worker(script, { workerData: { ...data, first, clock }, ...resourceLimits });
    run.worker.on("message", ({ tally, finding, done }) => {
      for (const [end, times] of Object.entries(tally ?? {})) run.tally[end] = (run.tally[end] ?? 0) + times;
      if (finding) run.findings.push(finding);
      if (done) run.isDone = true;
    });
    run.worker.on("error", (error) => restart(run, start, `the worker ended: ${error.message}`));
  };
  run.giveUp = (what) => restart(run, start, what);
  start(data.first);
  return run;
}

/** Goes on behind the input that stopped the worker. */
function restart(run, start, what) {
  const index = Number(run.clock[at.index]);
  run.findings.push({ index, what });
  run.worker.removeAllListeners();
  void run.worker.terminate();
  if (index + run.data.step < run.data.count) start(index + run.data.step);
  else run.isDone = true;
}

async function watch(runs, { count, limitMs }) {
  const started = Date.now();
  let told = 0;
  while (runs.some((run) => !run.isDone)) {
    await new Promise((wake) => setTimeout(wake, 50));
    for (const run of runs) {
      const ms = Date.now() - Number(run.clock[at.since]);
      if (!run.isDone && ms > limitMs) run.giveUp(`not done after ${ms} ms`);
    }
    const elapsedMs = Date.now() - started;
    if (elapsedMs - told < progressMs * 5) continue;
    told = elapsedMs;
    const done = Object.values(sum(runs)).reduce((total, times) => total + times, 0);
    const found = runs.reduce((n, { findings }) => n + findings.length, 0);
    const rate = (done / (elapsedMs / 1000)).toFixed(0);
    console.log(`${(elapsedMs / 1000).toFixed(0)} s: ${done} of ${count}, ${rate} a second, ${found} findings`);
  }
}

function sum(runs) {
  const total = {};
  for (const { tally } of runs) {
    for (const [end, times] of Object.entries(tally)) total[end] = (total[end] ?? 0) + times;
  }
  return total;
}
