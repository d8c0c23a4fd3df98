import { expect, test } from "vitest";
import { decodeWindow } from "../../whisper/decoding/decode-window.ts";
import {
  openAi,
  openAiDefaults,
  openAiExecutor,
  openAiFeatures,
} from "../../whisper/decoding/openai-fixture.test-support.ts";
import type { WhisperExecutor } from "../../whisper/executor.ts";
import { referenceExecutor } from "../../whisper/reference/reference-executor.ts";
import { seededWeights } from "../../whisper/seeded-model.test-support.ts";
import { TraceLog } from "../trace.ts";
import { type Call, faultyExecutor } from "./faulty-executor.test-support.ts";
import { placedExecutor } from "./placed-executor.ts";
import { recoveringExecutor } from "./recovering-executor.ts";
import { tracedExecutor } from "./traced-executor.ts";

const options = { ...openAiDefaults, search: { beams: 5 } };

/** Tokens of the fixture's first clips: openai-whisper's, beam 5. */
async function decodedClips(executor: WhisperExecutor, clips = 4) {
  const all = [];
  for (let i = 0; i < clips; i++) {
    const state = await executor.encode(openAiFeatures(`clip ${i}`, 100));
    all.push((await decodeWindow(executor, state, options)).tokens);
    await state.close();
  }
  return all;
}

const expected = openAi.decoded.beam5!.slice(0, 4).map(({ tokens }) => tokens);

test("encoder and decoder on two executors give openai-whisper's tokens, and the trace says which ran what", async () => {
  const log = new TraceLog();
  let nowMs = 0;
  const traced = async (name: string) =>
    tracedExecutor({ ...(await openAiExecutor()), name }, { trace: log.record, clockMs: () => nowMs++ });
  const placed = placedExecutor({ encoder: await traced("left"), decoder: await traced("right") });

  expect(await decodedClips(placed)).toEqual(expected);

  const { parts, launches, fallbacks } = log.summary();
  expect(parts.map(({ part, executor, calls }) => [part, executor, calls > 4])).toEqual([
    ["encoder", "left", false],
    ["decoder", "right", true],
  ]);
  expect(parts[0]).toEqual({ part: "encoder", executor: "left", calls: 4, tokens: 0, ms: 4 });
  expect(parts[1]!.ms).toBe(parts[1]!.calls);
  expect([launches, fallbacks]).toEqual([[], []]);
  expect(placed.name).toBe("left + right");
});

test("executors of different models are not placed together", async () => {
  const other = { ...openAi.sizes, vocab: 123 };
  const decoder = await referenceExecutor(other, seededWeights(other));

  expect(() => placedExecutor({ encoder: decoder, decoder: { ...decoder, config: openAi.sizes } })).toThrow(
    "placement: vocab: expected 123 as the encoder's model has, got 122",
  );
});

test.each<[Call, number]>([
  ["encode", 1],
  ["encode", 3],
  ["decode", 1],
  ["prefill", 2],
  ["step", 1],
  ["step", 7],
  ["reorder", 5],
])("a fault at %s %s: the window is done again elsewhere, and the tokens are the same", async (call, n) => {
  const told: unknown[] = [];
  const executor = recoveringExecutor(faultyExecutor(await openAiExecutor(), call, n), {
    open: openAiExecutor,
    onFallback: (event) => told.push(event),
  });

  expect(await decodedClips(executor)).toEqual(expected);

  expect(told).toEqual([{ from: "faulty", to: "reference", reason: `device: ${call}: fault` }]);
  expect(executor.name).toBe("reference");
});

test("an encoded window can be read after its device failed", async () => {
  const executor = recoveringExecutor(faultyExecutor(await openAiExecutor(), "output", 1), {
    open: openAiExecutor,
    onFallback: () => {},
  });
  const features = openAiFeatures("clip 0", 100);

  const found = await (await executor.encode(features)).output();

  expect(found.data).toEqual((await (await (await openAiExecutor()).encode(features)).output()).data);
});

test("without a second executor that works, and for other errors than a device's, nothing moves", async () => {
  const faulty = async () => faultyExecutor(await openAiExecutor(), "encode", 1);
  const both = recoveringExecutor(await faulty(), { open: faulty, onFallback: () => {} });
  const told: unknown[] = [];
  const working = recoveringExecutor(await openAiExecutor(), {
    open: openAiExecutor,
    onFallback: (event) => told.push(event),
  });

  await expect(both.encode(openAiFeatures("clip 0", 100))).rejects.toThrow("device: encode: fault");
  await expect(working.encode(openAiFeatures("clip 0", 101))).rejects.toThrow("expected f32[8, 1 to 100]");
  expect(told).toEqual([]);
});

test("a trace sums launches by part and kernel, and modelled time where it is known", () => {
  const log = new TraceLog();
  const launch = { kind: "launch", part: "encoder", kernel: "matmul" } as const;

  log.record({ ...launch, count: 2, modelledCycles: 100, modelledSeconds: 1e-7 });
  log.record({ ...launch, count: 3, modelledCycles: 50, modelledSeconds: 5e-8 });
  log.record({ ...launch, part: "decoder", count: 1 });

  expect(log.summary().launches).toEqual([
    { part: "encoder", kernel: "matmul", count: 5, modelledCycles: 150, modelledSeconds: 1.5e-7 },
    { part: "decoder", kernel: "matmul", count: 1, modelledCycles: undefined, modelledSeconds: undefined },
  ]);
  log.clear();
  expect(log.summary()).toEqual({ parts: [], launches: [], fallbacks: [] });
});
