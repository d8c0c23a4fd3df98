// The `cpu` executor as a process for bench_cpu_speed.py: requests and answers are lines of JSON.
//   node aiekit-worker.mjs MODEL_FOLDER THREADS f32|int8 wall|processor
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { cpuExecutor, decodeWindow, openWhisperModel } from "../../pipeline/dist/index.js";

const [folder, threads, precision, clock] = process.argv.slice(2);
const clocks = { wall: () => performance.now() / 1000, processor: processorSeconds };
const model = await openWhisperModel(folder);
const executor = await cpuExecutor({ model, cacheFolder: join(folder, "graphs"), threads: Number(threads), precision });

const bytes = await readFile(join(folder, "features.f32"));
const data = new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
let [features, options, state] = [];
for await (const line of createInterface({ input: process.stdin })) {
  process.stdout.write(`${JSON.stringify(await answer(JSON.parse(line)))}\n`);
}
await executor.close();

async function answer(request) {
  if (request.features) {
    features = { dtype: "f32", shape: request.features, data };
    options = windowOptions(request);
    return {};
  }
  const start = clocks[clock]();
  if (request.encode) {
    await state?.close();
    state = await executor.encode(features);
    return { seconds: clocks[clock]() - start };
  }
  const { tokens } = await decodeWindow(executor, state, { ...options, maxTokens: request.decode });
  return { seconds: clocks[clock]() - start, tokens };
}

/** Of all threads. */
function processorSeconds() {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

/** What decodes behind [start, language, task, no timestamps], without the tokens `never`. */
function windowOptions({ prompt: [sot, language, transcribe, noTimestamps], never }) {
  const [eot, , translate] = never;
  const [sotLm, sotPrev, noSpeech] = [translate + 2, translate + 3, translate + 4];
  const special = {
    eot,
    sot,
    languages: { en: language },
    translate,
    transcribe,
    sotLm,
    sotPrev,
    noSpeech,
    noTimestamps,
  };
  return {
    special: { ...special, timestampBegin: noTimestamps + 1 },
    language: "en",
    timestamps: false,
    suppress: never,
    search: { temperature: 0 },
  };
}
