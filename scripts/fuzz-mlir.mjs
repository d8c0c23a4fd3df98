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
import { isMainThread, workerData } from "node:worker_threads";
import { alike, randomFrom, runWorkers, workThrough } from "./fuzz-workers.mjs";
import { parseArgs } from "./script-arguments.mjs";

const findingsMax = 20;
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
  const script = fileURLToPath(import.meta.url);
  const { tally, findings } = await runWorkers({ script, count, seed, workers, limitMs });
  const total = { parse: 0, verify: 0, lower: 0, behind: 0, lowered: 0, ...tally };
  const done = Object.values(total).reduce((sum, times) => sum + times, 0);
  for (const { index, what, count: times } of alike(findings).slice(0, findingsMax)) {
    console.log(`--only ${seed}/${index}${times > 1 ? ` and ${times - 1} more like it` : ""}: ${what}`);
  }
  console.log(`refused by the parser ${total.parse}, by the verifier ${total.verify}, by the lowering ${total.lower},`);
  console.log(
    `by router or sequences ${total.behind}; lowered ${total.lowered}; ${findings.length} findings in ${done} inputs (seed ${seed})`,
  );
  process.exitCode = findings.length === 0 && done === count ? 0 : 1;
}

async function work() {
  const core = await import("../packages/core/dist/index.js");
  const mlir = await import("../mlir/dist/index.js");
  const { seed } = workerData;
  const texts = readTexts();
  workThrough((index) => tryOne(damaged(texts, seed, index), { ...mlir, AiekitError: core.AiekitError }));
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

// Last, when every constant above is there.
if (isMainThread) await main();
else await work();
