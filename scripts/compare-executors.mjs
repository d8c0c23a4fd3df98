// Whether executors give the same tokens and as few wrong words: clips of the demo model, each transcribed by each executor.
// Greedy, one attempt a window. The first executor is what the others are held against. Runs on the built
// packages: `pnpm build` first.
//
//   node scripts/compare-executors.mjs --executors cpu,sim:bf16,sim:int8 --clips 56
//   node scripts/compare-executors.mjs --executors cpu,sim --least 95 --wer 0.5     exit code 1 where fewer are the same, in %,
//                                                                                  or the word error rate differs by more points
//   node scripts/compare-executors.mjs --timestamps no                             tokens of text alone
//   node scripts/compare-executors.mjs --folder recordings/ --executors cpu,sim    WAV files; sentences of its samples.json,
//                                                                                  as tools/demo-model/write_test_sets.py has them
//   node scripts/compare-executors.mjs --executors cpu:f32,cpu:f32:auto --trim     short windows against full ones: the third part
//                                                                                  is --short-windows, --trim ends clips with
//                                                                                  their sound; modelled cycles are printed
//
// Clips are those of pipeline/fixtures/whisper/demo.json: samples, cut, moved, in noise, one behind another. Words are counted
// on those whose sentence is known: of whole samples.
import { spawn } from "node:child_process";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, dirname, join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { demoModelPath, loadSpeech, writeWav } from "../pipeline/dist/index.js";
import { parseArgs } from "./script-arguments.mjs";

const root = resolve(dirname(fileURLToPath(import.meta.url)), "..");
const { values: options } = parseArgs({
  options: {
    executors: { type: "string", default: "cpu,sim" },
    model: { type: "string", default: demoModelPath },
    clips: { type: "string", default: "56" },
    folder: { type: "string" },
    trim: { type: "boolean", default: false },
    least: { type: "string", default: "0" },
    wer: { type: "string", default: "100" },
    timestamps: { type: "string", default: "yes" },
  },
});
const [first, ...others] = options.executors.split(",");
const work = await mkdtemp(join(tmpdir(), "aiekit-compare-"));
try {
  const clips = (await (options.folder === undefined ? fixtureClips() : folderClips(options.folder))).slice(
    0,
    Number(options.clips),
  );
  const expected = await transcribed(first, clips);
  console.log(`${first}: ${clips.length} clips, ${errorsOf(expected, clips).text}`);
  let failed = false;
  for (const executor of others)
    failed = compare(executor, expected, await transcribed(executor, clips), clips) || failed;
  process.exitCode = failed ? 1 : 0;
} finally {
  await rm(work, { recursive: true });
}

/** Prints each clip that differs, and sums. Returns whether it is not good enough. */
function compare(executor, expected, got, clips) {
  let same = 0;
  let sameText = 0;
  for (const { file, name } of clips) {
    const [a, b] = [expected.get(file), got.get(file)];
    if (a.text === b.text) sameText++;
    if (a.tokens.join() === b.tokens.join()) {
      same++;
      continue;
    }
    const at = a.tokens.findIndex((token, i) => token !== b.tokens[i]);
    console.log(
      `${executor}: ${name}: token ${at < 0 ? a.tokens.length : at} differs; words ${a.text === b.text ? "equal" : "differ"}`,
    );
    console.log(
      `  ${first}: ${JSON.stringify(a.text)} [${a.tokens}]\n  ${executor}: ${JSON.stringify(b.text)} [${b.tokens}]`,
    );
  }
  const [own, other] = [errorsOf(got, clips), errorsOf(expected, clips)];
  const percent = (100 * same) / clips.length;
  const points = 100 * (own.rate - other.rate);
  console.log(
    `${executor}: the same tokens as ${first} on ${same} of ${clips.length} clips, ${percent.toFixed(1)} %, the same text on ${sameText}; ${own.text}, ${points >= 0 ? "+" : ""}${points.toFixed(2)} points`,
  );
  return percent < Number(options.least) || Math.abs(points) > Number(options.wer);
}

/** Tokens and text by file, of one process for all clips. */
async function transcribed(executor, clips) {
  const [device, precision, shortWindows] = executor.split(":");
  const args = ["transcribe", ...clips.map(({ file }) => file), "--model", options.model, "--device", device, "--json"];
  args.push("--temperature", "0", "--language", "en", "--no-condition", "--threads", "1");
  if (options.timestamps === "no") args.push("--no-timestamps");
  if (precision !== undefined) args.push("--precision", precision);
  if (shortWindows !== undefined) args.push(`--short-windows=${shortWindows}`);
  const child = spawn(process.execPath, [join(root, "packages/cli/bin/aiekit.js"), ...args], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  const said = [];
  child.stderr.on("data", (chunk) => said.push(chunk));
  const ended = new Promise((done) => child.on("close", done));
  const results = new Map();
  const cycles = new Map();
  for await (const line of createInterface({ input: child.stdout })) {
    const { kind, recording, segments, text, trace } = JSON.parse(line);
    if (kind !== "transcription") continue;
    results.set(recording, { text, tokens: segments.flatMap(({ tokens }) => tokens) });
    for (const { part, modelledCycles = 0 } of trace.launches)
      cycles.set(part, (cycles.get(part) ?? 0) + modelledCycles);
  }
  if (cycles.size > 0)
    console.log(`${executor}: cycles, modelled: ${[...cycles].map(([part, sum]) => `${part} ${sum}`).join(", ")}`);
  const code = await ended;
  const missing = clips.find(({ file }) => !results.has(file));
  if (code !== 0 || missing) {
    const tail = Buffer.concat(said).toString().split("\n").slice(-20).join("\n");
    throw new Error(
      `${executor}: exit code ${code}, ${missing ? `no result of ${missing.name}` : "all results"}\n${tail}`,
    );
  }
  return results;
}

/** Word error rate over the clips whose sentence is known: substitutions, deletions and insertions over words. */
function errorsOf(results, clips) {
  let [errors, words] = [0, 0];
  for (const { file, sentence } of clips) {
    if (sentence === undefined) continue;
    const wanted = wordsOf(sentence);
    errors += editDistance(wanted, wordsOf(results.get(file).text));
    words += wanted.length;
  }
  const rate = words === 0 ? 0 : errors / words;
  return { rate, text: `WER ${(100 * rate).toFixed(2)} % (${errors} of ${words} words)` };
}

function wordsOf(text) {
  return text
    .toLowerCase()
    .split(/[^\p{L}\p{N}']+/u)
    .filter(Boolean);
}

function editDistance(a, b) {
  let row = b.map((_, i) => i + 1);
  row.unshift(0);
  for (const [i, word] of a.entries()) {
    const next = [i + 1];
    for (const [j, other] of b.entries()) {
      next.push(Math.min(next[j] + 1, row[j + 1] + 1, row[j] + (word === other ? 0 : 1)));
    }
    row = next;
  }
  return row.at(-1);
}

async function folderClips(folder) {
  const sentences = await sentencesOf(folder);
  const names = (await readdir(folder)).filter((name) => name.endsWith(".wav")).sort();
  return names.map((name) => ({ name, file: join(folder, name), sentence: sentences.get(name) }));
}

async function sentencesOf(folder) {
  const entries = await readFile(join(folder, "samples.json"), "utf8").then(JSON.parse, () => []);
  return new Map(entries.map(({ file, sentence }) => [file, sentence]));
}

/** Writes the fixture's clips as WAV files. */
async function fixtureClips() {
  const samples = join(options.model, "samples");
  const sentences = await sentencesOf(samples);
  const { clips } = JSON.parse(await readFile(join(root, "pipeline/fixtures/whisper/demo.json"), "utf8"));
  const { max_source_positions: positions } = JSON.parse(await readFile(join(options.model, "config.json"), "utf8"));
  const pcm = new Map();
  for (const name of sentences.keys()) pcm.set(name, loadSpeech(await readFile(join(samples, name)), name).pcm);
  await mkdir(join(work, "clips"));
  const made = [];
  for (const [index, { recipe }] of clips.entries()) {
    const sound = new Int32Array(options.trim ? soundEnd(recipe, 320 * positions) : 320 * positions);
    for (const [file, from, end, at, shift] of recipe) {
      const part = pcm.get(file).subarray(from, end);
      for (let i = 0; i < part.length && at + i < sound.length; i++) sound[at + i] += part[i] >> shift;
    }
    const file = join(work, "clips", `${String(index).padStart(2, "0")}-${basename(recipe[0][0])}`);
    const samples16 = Int16Array.from(sound, (value) => Math.min(Math.max(value, -32768), 32767));
    await writeFile(file, writeWav({ sampleRateHz: 16_000, channels: [samples16] }));
    made.push({ name: basename(file), file, sentence: wholeSentence(recipe, pcm, sentences, sound.length) });
  }
  return made;
}

function soundEnd(recipe, most) {
  return Math.min(most, Math.max(...recipe.map(([, from, end, at]) => at + end - from)));
}

/** What is said in a clip; undefined where a sample of speech is in it in part. */
function wholeSentence(recipe, pcm, sentences, length) {
  const speech = recipe.filter(([file]) => sentences.get(file));
  const isWhole = ([file, from, end, at]) => from === 0 && end === pcm.get(file).length && at + end <= length;
  return speech.every(isWhole) ? speech.map(([file]) => sentences.get(file)).join(" ") : undefined;
}
