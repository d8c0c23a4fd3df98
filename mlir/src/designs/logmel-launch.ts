import type { FifoHandle } from "../builder/handles.ts";
import type { SequenceBuilder } from "../builder/sequence-builder.ts";
import type { Value } from "../ir/operation.ts";
import { bitWidth, type MemRefType } from "../ir/types.ts";
import { bandsParameters, type CoreStart, type LogmelPipeline, spectrumParameters } from "./logmel-pipeline.ts";
import {
  batchFrames,
  batchSamples,
  firstSample,
  hopSamples,
  type LogmelColumn,
  type LogmelRun,
  type LogmelWindow,
} from "./logmel-windows.ts";

interface LogmelLaunch {
  readonly window: LogmelWindow;
  readonly mels: number;
  readonly pipelines: readonly LogmelPipeline[];
  readonly host: Readonly<Record<"pcm" | "features", Value>>;
}

/** Rows of the features' host buffer behind those of the caller: one object for each column, its largest feature. */
export function loudestRows(window: LogmelWindow, mels: number): number {
  return Math.ceil((window.columns.length * mels * batchFrames) / window.frames);
}

/** One launch: features and maxima of all columns, then, when all have arrived, the clamp. */
export function logmelLaunch(s: SequenceBuilder, launch: LogmelLaunch): void {
  for (const column of columnsOf(launch)) {
    start(s, column);
    sendSound(s, launch, column);
    fetchFeatures(s, launch, column);
  }
  for (const { pipeline, work } of columnsOf(launch)) {
    for (let i = 0; i < work.runs.length + 1; i++) s.wait(pipeline.features);
  }
  for (const column of columnsOf(launch)) clampFeatures(s, launch, column);
  for (const { pipeline, work } of columnsOf(launch)) for (const _ of work.runs) s.wait(pipeline.features);
}

interface Column {
  readonly index: number;
  readonly pipeline: LogmelPipeline;
  readonly work: LogmelColumn;
}

function columnsOf({ window, pipelines }: LogmelLaunch): readonly Column[] {
  return pipelines.map((pipeline, index) => ({ index, pipeline, work: window.columns[index] as LogmelColumn }));
}

/** BDs of a shim tile by what they are for: both phases have a transfer for each of at most three runs. */
const bds = { pcm: 0, features: 3, loudest: 5, back: 6, clamped: 9 } as const;

function start(s: SequenceBuilder, { pipeline, work }: Column): void {
  for (const core of pipeline.spectrum) {
    s.writeParameter(core.parameters, spectrumParameters.batches, work.batches);
    s.writeParameter(core.parameters, spectrumParameters.lead, work.hasLead ? 1 : 0);
    s.writeParameter(core.parameters, spectrumParameters.tail, work.tailSamples);
    s.setLock(core.lock, 1);
  }
  const { bands }: { readonly bands: CoreStart } = pipeline;
  s.writeParameter(bands.parameters, bandsParameters.batches, work.batches);
  s.writeParameter(bands.parameters, bandsParameters.objects, work.batches);
  s.setLock(bands.lock, 1);
}

/** Batches overlap. One that begins before the sound is read from sample 0 on; its core moves and mirrors it. */
function sendSound(s: SequenceBuilder, { host }: LogmelLaunch, { pipeline, work }: Column): void {
  const runs = work.runs.flatMap(({ frame, count }): readonly LogmelRun[] =>
    firstSample(frame) < 0 && count > 1
      ? [
          { frame, count: 1 },
          { frame: frame + batchFrames, count: count - 1 },
        ]
      : [{ frame, count }],
  );
  // A row of a shim BD has at most 1,023 words: a batch of float32 is sent in two.
  const rows = (batchSamples * bitWidth((host.pcm.type as MemRefType).element)) / 32 > 1023 ? 2 : 1;
  for (const [i, { frame, count }] of runs.entries()) {
    s.transfer({
      fifo: pipeline.pcm,
      buffer: host.pcm,
      id: bds.pcm + i,
      offset: Math.max(0, firstSample(frame)),
      sizes: [1, count, rows, batchSamples / rows],
      strides: [0, batchFrames * hopSamples, batchSamples / rows, 1],
    });
  }
}

/** The host buffer has a row for each band: an object goes to 8 places of each row. */
function fetchFeatures(s: SequenceBuilder, launch: LogmelLaunch, { index, pipeline, work }: Column): void {
  const { host, mels, window } = launch;
  for (const [i, { frame, count }] of work.runs.entries()) {
    s.transfer({
      fifo: pipeline.features,
      buffer: host.features,
      id: bds.features + i,
      offset: frame,
      sizes: [1, count, mels, batchFrames],
      strides: [0, batchFrames, window.frames, 1],
    });
  }
  const object = mels * batchFrames;
  s.transfer({
    fifo: pipeline.features,
    buffer: host.features,
    id: bds.loudest,
    offset: mels * window.frames + index * object,
    ...linear(object),
  });
}

/** The clamp cares for no layout: objects are taken as they lie. To clamp an element twice changes nothing. */
function clampFeatures(s: SequenceBuilder, launch: LogmelLaunch, { pipeline, work }: Column): void {
  const { host, mels, window } = launch;
  const object = mels * batchFrames;
  const move = (fifo: FifoHandle, id: number, offset: number, objects: number) =>
    s.transfer({ fifo, buffer: host.features, id, offset, ...linear(objects * object) });
  move(pipeline.back, bds.back, mels * window.frames, window.columns.length);
  for (const [i, { frame, count }] of work.runs.entries()) {
    move(pipeline.back, bds.back + 1 + i, frame * mels, count);
    move(pipeline.features, bds.clamped + i, frame * mels, count);
  }
}

function linear(elements: number): {
  sizes: [number, number, number, number];
  strides: [number, number, number, number];
} {
  return { sizes: [1, 1, 1, elements], strides: [0, 0, 0, 1] };
}
