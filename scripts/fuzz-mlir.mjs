// Damaged designs through the whole dialect: parse, verify, lower, route, lower the sequences; print and read again. Every
// refusal has to be one of the project's own errors, up to the lowering with a line and a column; nothing may crash, and
// nothing may take longer than the limit.
//
//   node scripts/fuzz-mlir.mjs --count 200000 [--seed 1] [--workers 2] [--limit-ms 5000] [--only SEED/INDEX]
//
// An input follows from the seed and its number alone, so a finding is repeated with --only.
import { readdirSync, readFileSync } from "node:fs";
import { cpus } from "node:os";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";

const findingsMax = 20;
const progressMs = 1000;
const fixtures = new URL("../mlir/fixtures/conformance/", import.meta.url);

async function main() {
  const { values } = parseArgs({
    options: {
      count: { type: "string", default: "200000" },
      seed: { type: "string", default: `${Date.now() % 1_000_000_000}` },
      workers: { type: "string", default: `${Math.min(4, cpus().length)}` },
      "limit-ms": { type: "string", default: "5000" },
      only: { type: "string" },
    },
  });
  if (values.only !== undefined) {
    const [seed, index] = values.only.split("/").map(Number);
    console.log(damaged(readTexts(), seed, index));
    return;
  }
  const [count, seed, workers, limitMs] = [values.count, values.seed, values.workers, values["limit-ms"]].map(Number);
  console.log(`fuzz-mlir: ${count} inputs, seed ${seed}, ${workers} workers, ${limitMs} ms for one input`);
  const runs = Array.from({ length: workers }, (_, first) => startWorker({ first, step: workers, count, seed }));
  await watch(runs, { count, limitMs });
  const total = sum(runs.map(({ tally }) => tally));
  const findings = runs.flatMap((run) => run.findings);
  for (const { index, what, count: times } of alike(findings).slice(0, findingsMax)) {
    console.log(`--only ${seed}/${index}${times > 1 ? ` and ${times - 1} more like it` : ""}: ${what}`);
  }
  console.log(`refused by the parser ${total.parse}, by the verifier ${total.verify}, by the lowering ${total.lower},`);
  console.log(
    `by router or sequences ${total.behind}; lowered ${total.lowered}; ${findings.length} findings in ${total.done} inputs (seed ${seed})`,
  );
  process.exitCode = findings.length === 0 && total.done === count ? 0 : 1;
}

/** Place of the worker's counters: the input it is at, and since when (ms). */
const at = { index: 0, since: 1 };

function startWorker(options) {
  const clock = new BigInt64Array(new SharedArrayBuffer(16));
  const run = { options, clock, tally: emptyTally(), findings: [], isDone: false, worker: undefined };
  const start = (first) => {
    clock[at.since] = BigInt(Date.now());
    run.worker = new Worker(fileURLToPath(import.meta.url), { workerData: { ...options, first, clock } });
    run.worker.on("message", ({ tally, finding, done }) => {
      if (tally) for (const key of Object.keys(tally)) run.tally[key] += tally[key];
      if (finding) run.findings.push(finding);
      if (done) run.isDone = true;
    });
    run.worker.on("error", (error) => restart(run, start, `the worker ended: ${error.message}`));
  };
  run.giveUp = (what) => restart(run, start, what);
  start(options.first);
  return run;
}

/** Goes on behind the input that stopped the worker. */
function restart(run, start, what) {
  const index = Number(run.clock[at.index]);
  run.findings.push({ index, what });
  run.tally.done++;
  run.worker.removeAllListeners();
  void run.worker.terminate();
  if (index + run.options.step < run.options.count) start(index + run.options.step);
  else run.isDone = true;
}

async function watch(runs, { count, limitMs }) {
  const started = Date.now();
  while (runs.some((run) => !run.isDone)) {
    await new Promise((wake) => setTimeout(wake, progressMs));
    for (const run of runs) {
      const ms = Date.now() - Number(run.clock[at.since]);
      if (!run.isDone && ms > limitMs) run.giveUp(`not done after ${ms} ms`);
    }
    const { done } = sum(runs.map(({ tally }) => tally));
    const seconds = (Date.now() - started) / 1000;
    const found = runs.reduce((n, { findings }) => n + findings.length, 0);
    console.log(
      `${seconds.toFixed(0)} s: ${done} of ${count}, ${(done / seconds).toFixed(0)} a second, ${found} findings`,
    );
  }
}

/** One finding of each kind, with how many there are: numbers and the rest of a stack are not told apart. */
function alike(findings) {
  const kinds = new Map();
  for (const finding of findings) {
    const kind = finding.what.split("\n")[0].replace(/\d+|%\w+/g, "N");
    kinds.set(kind, { ...(kinds.get(kind) ?? finding), count: (kinds.get(kind)?.count ?? 0) + 1 });
  }
  return [...kinds.values()];
}

function emptyTally() {
  return { done: 0, parse: 0, verify: 0, lower: 0, behind: 0, lowered: 0 };
}

function sum(tallies) {
  const total = emptyTally();
  for (const tally of tallies) for (const key of Object.keys(total)) total[key] += tally[key];
  return total;
}

async function work() {
  const core = await import("../packages/core/dist/index.js");
  const mlir = await import("../mlir/dist/index.js");
  const { first, step, count, seed, clock } = workerData;
  const texts = readTexts();
  let tally = emptyTally();
  for (let index = first; index < count; index += step) {
    clock[at.index] = BigInt(index);
    clock[at.since] = BigInt(Date.now());
    const { end, problem } = tryOne(damaged(texts, seed, index), { ...mlir, AiekitError: core.AiekitError });
    tally.done++;
    tally[end]++;
    if (problem !== undefined) parentPort.postMessage({ finding: { index, what: problem } });
    if (tally.done < 100 && index + step < count) continue;
    parentPort.postMessage({ tally });
    tally = emptyTally();
  }
  parentPort.postMessage({ done: true });
}

/** Where the input's way ends, and what was wrong with that end. */
function tryOne(text, { parseModule, verify, printModule, lowerDesign, routeFlows, lowerSequence, AiekitError }) {
  const file = "damaged.mlir";
  const refusal = (end, error) => {
    if (!(error instanceof AiekitError)) return { end, problem: `${end}: ${error?.stack ?? error}` };
    const isPlaced = /^damaged\.mlir:\d+:\d+: /.test(error.message);
    return isPlaced ? { end } : { end, problem: `${end}: no line and column: ${error.message}` };
  };
  let module;
  try {
    module = parseModule(text, file);
  } catch (error) {
    return refusal("parse", error);
  }
  try {
    const errors = verify(module).filter(({ severity }) => severity === "error");
    const printed = printModule(module);
    const lost = errors.find(({ loc }) => loc === undefined);
    if (lost) return { end: "verify", problem: `verify: no line and column: ${lost.message}` };
    if (errors.length > 0) return { end: "verify" };
    // The generic form can give a BD dimensions and no length; the custom form, here and in the tool, cannot say so.
    if (!/dma_bd\(%\S+ : [^,]+(?:, \d+)?, \[/.test(printed)) parseModule(printed, "printed.mlir");
  } catch (error) {
    return { end: "verify", problem: `verify or print: ${error?.stack ?? error}` };
  }
  let lowered;
  try {
    lowered = lowerDesign(module).module;
  } catch (error) {
    return refusal("lower", error);
  }
  try {
    routeFlows(lowered);
    for (const [device, sequence] of sequencesOf(lowered)) lowerSequence(lowered, sequence, device);
  } catch (error) {
    // What these speak of may have been made by the lowering, which has no place in the text.
    return error instanceof AiekitError ? { end: "behind" } : { end: "behind", problem: `${error?.stack ?? error}` };
  }
  return { end: "lowered" };
}

function sequencesOf(module) {
  const named = (op, name) => op.regions[0]?.blocks[0]?.ops.filter((inner) => inner.name === name) ?? [];
  return named(module, "aie.device").flatMap((device) =>
    named(device, "aie.runtime_sequence").map((sequence) => [
      device.text("sym_name") ?? "main",
      sequence.text("sym_name") ?? "sequence",
    ]),
  );
}

function readTexts() {
  const { designs } = JSON.parse(readFileSync(new URL("index.json", fixtures), "utf8"));
  const known = new Set(readdirSync(fixtures));
  const files = designs.flatMap(({ name }) => [`${name}.mlir`, `${name}.generic.mlir`]).filter((f) => known.has(f));
  return files.map((file) => readFileSync(new URL(file, fixtures), "utf8")).filter((text) => text.length < 20_000);
}

const tokens = [
  ...["}", "{", "(", ")", "<", ">", "[", "]", ",", ":", "=", "->", '"', "\\", "//", "#", "!", "*", "?", "+"],
  ...["%0", "%arg0", "%tile_0_2", "@x", "@in", "^bb0", "^bb1", "#map", "!t", "true", "i32", "index", "f32"],
  ...["0", "-1", "64", "1023", "1048576", "2147483648", "18446744073709551616", "0x", "1.5", "1e999"],
  ...[
    "memref<?x!x>",
    "memref<0xi32>",
    "memref<4294967296xi32>",
    "memref<*xi32>",
    "dense<[]>",
    "affine_map<(d0)->(d0)>",
  ],
  ...["aie.tile(0, 2)", "aie.end", "aie.core(%0) {", "scf.for", "affine.for", "func.func", "module {", "loc("],
];

/** A text with one to three changes. */
function damaged(texts, seed, index) {
  const random = randomFrom(seed * 1_000_003 + index);
  const pick = (list) => list[Math.floor(random() * list.length)];
  let text = pick(texts);
  for (let changes = 1 + Math.floor(random() ** 2 * 3); changes > 0; changes--)
    text = damage(text, { texts, random, pick });
  return text;
}

function damage(text, { texts, random, pick }) {
  const start = Math.floor(random() * text.length);
  const piece = text.slice(start, start + Math.floor(random() * 40));
  const around = (put, length = piece.length) => text.slice(0, start) + put + text.slice(start + length);
  const lines = () => text.split("\n");
  switch (Math.floor(random() * 14)) {
    case 0:
      return around("");
    case 1:
      return around(piece + piece);
    case 2:
      return around(pick(tokens));
    case 3:
      return around(pick(tokens), 0);
    case 4:
      return text.slice(0, start);
    case 5:
    case 6:
    case 7: {
      // Another number where one stands.
      const numbers = [...text.matchAll(/\d+/g)];
      const number = pick(numbers);
      if (!number) return text;
      return (
        text.slice(0, number.index) +
        pick(["0", "1", "7", "64", "4096", "99999", "-1"]) +
        text.slice(number.index + number[0].length)
      );
    }
    case 8:
    case 9:
    case 10: {
      // Another name where one stands.
      const names = [...text.matchAll(/[%@^][\w.]+/g)];
      const [to, from] = [pick(names), pick(names)];
      if (!to || !from) return text;
      return text.slice(0, to.index) + from[0] + text.slice(to.index + to[0].length);
    }
    case 11: {
      // A line of another design.
      const own = lines();
      own.splice(Math.floor(random() * own.length), random() < 0.5 ? 1 : 0, pick(pick(texts).split("\n")));
      return own.join("\n");
    }
    default: {
      // A line twice, or gone.
      const own = lines();
      const i = Math.floor(random() * own.length);
      own.splice(i, 1, ...(random() < 0.5 ? [] : [own[i], own[i]]));
      return own.join("\n");
    }
  }
}

/** Numbers in 0..1. Source: Tommy Ettinger's mulberry32, public domain. */
function randomFrom(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

// Last, when every constant above is there.
if (isMainThread) await main();
else await work();
