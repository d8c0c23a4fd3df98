import { readdir } from "node:fs/promises";
import { join, resolve } from "node:path";
import { FormatError, type ProductCalibration } from "@aiekit/core";
import { fileSource, isRecordingName, readSpeech, speechRateHz } from "@aiekit/pipeline";
import { type CalibrationClip, calibrateEncoder } from "../calibrate-encoder.ts";
import type { Command, CommandContext } from "../command-context.ts";
import { exitCodes } from "../exit-codes.ts";
import { formatTable } from "../table.ts";
import { openEncoderWeights } from "../weight-sources.ts";
import { expectWritable, writeOutput } from "../write-output.ts";

export interface QuantiseOptions {
  readonly what: "calibrate";
  /** A recording, or a folder of them. */
  readonly clips: string;
  readonly weights: string;
  readonly out: string;
  readonly seconds: number;
  readonly percentile: number;
  readonly params: Readonly<Record<string, number | string>>;
}

/** `aiekit quantise calibrate`: ranges and scales of what goes into an encoder's products, from clips. */
export const quantise: Command<QuantiseOptions> = async (context, options) => {
  const { weights: from, out, seconds, percentile, params } = options;
  await expectWritable(out, context.cwd);
  const clips = await readClips(context, options);
  const weights = await openEncoderWeights(from, params, context.cwd);
  const task = context.progress.start("calibrate");
  const products = await calibrateEncoder({
    weights,
    clips,
    percentile,
    signal: context.signal,
    onClip: (doneCount, totalCount) => task.update({ doneCount, totalCount }),
  }).finally(() => task.done());
  const record = {
    format: "aiekit-calibration",
    version: 1,
    weights: from,
    heads: weights.heads,
    layers: weights.layers.length,
    percentile,
    secondsAtMost: seconds,
    clips: clips.map(({ name, pcm }) => ({ name, seconds: pcm.length / speechRateHz })),
    products,
  } as const;
  const text = `${JSON.stringify(record, null, 2)}\n`;
  await writeOutput(out, context.cwd, text);
  if (context.json) context.stdout.write(text);
  else print(context, { products, clips, out });
  return exitCodes.ok;
};

async function readClips(
  context: CommandContext,
  { clips: path, seconds }: QuantiseOptions,
): Promise<readonly CalibrationClip[]> {
  const isFile = isRecordingName(path);
  const files = isFile ? [path] : await recordings(path, context.cwd);
  const clips: CalibrationClip[] = [];
  for (const file of files) {
    const { pcm, notes } = await readSpeech(await fileSource(resolve(context.cwd, file), file));
    for (const note of notes) context.stderr.write(`note: ${file}: ${note}\n`);
    clips.push({ name: file, pcm: pcm.subarray(0, Math.floor(seconds * speechRateHz)) });
  }
  return clips;
}

async function recordings(folder: string, cwd: string): Promise<readonly string[]> {
  const names = await readdir(resolve(cwd, folder)).catch((cause: NodeJS.ErrnoException) => {
    const why =
      cause.code === "ENOENT" ? "there is no such file or folder" : "expected a folder of recordings, or one of them";
    throw new FormatError(`${folder}: ${why}`, { cause });
  });
  const files = names.filter(isRecordingName).sort();
  if (files.length > 0) return files.map((name) => join(folder, name));
  throw new FormatError(`${folder}: expected recordings, found none in ${names.length} file(s) and folder(s)`);
}

function print(
  { stdout }: CommandContext,
  found: {
    readonly products: Readonly<Record<string, ProductCalibration>>;
    readonly clips: readonly CalibrationClip[];
    readonly out: string;
  },
): void {
  const columns = [
    { title: "product's input" },
    { title: "min", align: "right" },
    { title: "max", align: "right" },
    { title: "percentile", align: "right" },
    { title: "int8 range" },
    { title: "SQNR", align: "right" },
    { title: "int16 range" },
    { title: "SQNR", align: "right" },
  ] as const;
  const short = (value: number) => value.toPrecision(4);
  const decibel = (value: number | null) => (value === null ? "exact" : `${value.toFixed(1)} dB`);
  const rows = Object.entries(found.products).map(([name, { min, max, percentile, int8, int16 }]) => [
    name,
    short(min),
    short(max),
    short(percentile),
    `${short(int8.range)} ${int8.from}`,
    decibel(int8.sqnrDb),
    `${short(int16.range)} ${int16.from}`,
    decibel(int16.sqnrDb),
  ]);
  const samples = found.clips.reduce((sum, { pcm }) => sum + pcm.length, 0);
  stdout.write(`${formatTable(columns, rows)}\n`);
  stdout.write(
    `${found.clips.length} clip(s), ${(samples / speechRateHz).toFixed(2)} s of sound, the encoder in float64 -> ${found.out}\n`,
  );
}
