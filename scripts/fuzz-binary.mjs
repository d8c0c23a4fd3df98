// Damaged files through every reader of a build product: xclbin, AIE_PARTITION, EMBEDDED_METADATA, PDI, CDO, instruction
// streams of both generations, core ELF, manifest, .npy. Every refusal has to be a FormatError with a byte offset and a
// message that names what is wrong; nothing may crash, take longer than the limit or outgrow the heap. What is read is also
// described, written back and linted.
//
//   node scripts/fuzz-binary.mjs --count 200000 [--seed 1] [--workers 2] [--limit-ms 2000] [--memory-mb 256] [--parser CDO]
//   node scripts/fuzz-binary.mjs --only SEED/INDEX > file
//
// --count is for each reader. An input follows from the seed and its number alone, so a finding is repeated with --only.
import { cpus } from "node:os";
import { fileURLToPath } from "node:url";
import { isMainThread, workerData } from "node:worker_threads";
import { damaged } from "./fuzz-damage.mjs";
import { parsers } from "./fuzz-parsers.mjs";
import { alike, runWorkers, workThrough } from "./fuzz-workers.mjs";
import { parseArgs } from "./script-arguments.mjs";

const findingsMax = 20;
// One input of so many that are read is also described, written back and linted, which takes longer than reading it.
const deepEvery = 8;

async function main() {
  const { values } = parseArgs({
    options: {
      count: { type: "string", default: "200000" },
      seed: { type: "string", default: `${Date.now() % 1_000_000_000}` },
      workers: { type: "string", default: `${Math.min(4, cpus().length)}` },
      "limit-ms": { type: "string", default: "2000" },
      "memory-mb": { type: "string", default: "256" },
      parser: { type: "string" },
      only: { type: "string" },
    },
  });
  if (values.only !== undefined) {
    const [seed, index] = values.only.split("/").map(Number);
    process.stdout.write(inputOf(chosen(values.parser), seed, index).bytes);
    return;
  }
  const list = chosen(values.parser);
  const [each, seed, workers, limitMs, memoryMb] = [
    ...[values.count, values.seed, values.workers, values["limit-ms"], values["memory-mb"]].map(Number),
  ];
  const count = each * list.length;
  console.log(
    `fuzz-binary: ${each} inputs for each of ${list.length} readers, seed ${seed}, ${workers} workers, ${limitMs} ms and ${memoryMb} MB for one input`,
  );
  const options = { parser: values.parser };
  const script = fileURLToPath(import.meta.url);
  const { tally, findings } = await runWorkers({ script, count, seed, workers, limitMs, memoryMb, options });
  for (const { index, what, count: times } of alike(findings).slice(0, findingsMax)) {
    const parser = values.parser === undefined ? "" : ` --parser ${JSON.stringify(values.parser)}`;
    console.log(`--only ${seed}/${index}${parser}${times > 1 ? ` and ${times - 1} more like it` : ""}: ${what}`);
  }
  for (const { name } of list) {
    const [refused, read] = [tally[`${name}: refused`] ?? 0, tally[`${name}: read`] ?? 0];
    console.log(`${name.padEnd(36)} refused ${refused}, read ${read}`);
  }
  const done = Object.values(tally).reduce((total, times) => total + times, 0);
  console.log(`${findings.length} findings in ${done} inputs (seed ${seed})`);
  process.exitCode = findings.length === 0 && done === count ? 0 : 1;
}

function work() {
  const { seed, parser } = workerData;
  const list = chosen(parser);
  workThrough((index) => tryOne(list, seed, index));
}

function chosen(parser) {
  const list = parsers.filter(({ name }) => parser === undefined || name === parser);
  if (list.length > 0) return list;
  throw new Error(`--parser: expected one of ${parsers.map(({ name }) => name).join(", ")}`);
}

function inputOf(list, seed, index) {
  const parser = list[index % list.length];
  return { parser, bytes: damaged(parser, seed, index) };
}

function tryOne(list, seed, index) {
  const { parser, bytes } = inputOf(list, seed, index);
  const { name, read, deep } = parser;
  let result;
  try {
    result = read(bytes);
  } catch (error) {
    return { end: `${name}: refused`, ...problemOf(error, name, bytes) };
  }
  if (deep !== undefined && Math.floor(index / list.length) % deepEvery === 0) {
    try {
      deep(bytes, result);
    } catch (error) {
      return { end: `${name}: read`, ...problemOf(error, `${name}, looked into`, bytes) };
    }
  }
  return { end: `${name}: read` };
}

/** A refusal has its kind, its place in the input, and says what was expected of what. */
function problemOf(error, what, { length }) {
  if (error?.name !== "FormatError") return { problem: `${what}: ${error?.stack ?? error}` };
  const { offset, message } = error;
  if (!Number.isSafeInteger(offset) || offset < 0 || offset > length + 4) {
    return { problem: `${what}: offset ${offset} in an input of ${length} bytes: ${message}` };
  }
  return /^fuzz[^:]*: \S.{5,}/s.test(message) ? {} : { problem: `${what}: no file and field: ${message}` };
}

// Last, when every constant above is there.
if (isMainThread) await main();
else work();
