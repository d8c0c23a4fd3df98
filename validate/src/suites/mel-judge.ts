import { pearson } from "../metrics/correlation.ts";
import { maxErrWithin, meanSignedErr } from "../metrics/error.ts";
import { checkOutput, liveBins } from "../metrics/liveness.ts";
import { floorDb, frameCount, mel80 } from "../references/mel-definition.ts";
import { emptyBands, snappedFilterBank } from "../references/mel-filters.ts";
import { melReference } from "../references/mel-reference.ts";
import { type MeydaMel, meydaMel } from "../references/meyda-reference.ts";
import type { MelClip } from "../signals/mel-clips.ts";
import { type MelOutput, melLimits } from "./mel-criteria.ts";
import type { JudgedCase } from "./run-cases.ts";
import { type Check, caseResult, type Fact, finiteOrNull } from "./suite-result.ts";

const { bins } = mel80;
const floor = floorDb(mel80);

/** dB of a kernel's Q8.8 output. */
export function melDb(mel: ArrayLike<number>): Float64Array {
  return Float64Array.from(mel, (q) => q / 256);
}

/** Applies all criteria to the output for one clip. */
export function judgeMelClip({ clip, output, meyda }: MelQuestion): JudgedCase {
  const frames = frameCount(clip.pcm.length, mel80);
  const reference = melReference(clip.pcm, mel80).db;
  const actual = melDb(output.mel);
  const complete = output.frames === frames && actual.length === frames * bins;
  const judged = complete ? judgeComplete(clip, { frames, reference, actual, meyda }) : nothingToCompare;
  const result = caseResult({
    name: clip.name,
    group: clip.group,
    origin: clip.origin,
    rows: frames,
    columns: bins,
    checks: [outputCheck(clip, output, frames), ...judged.checks],
    facts: judged.facts,
  });
  const evidence = {
    name: clip.name,
    rows: frames,
    columns: bins,
    unit: "dB",
    reference,
    actual: Float64Array.from({ length: frames * bins }, (_, i) => actual[i] ?? Number.NaN),
  };
  return { result, evidence };
}

interface MelQuestion {
  readonly clip: MelClip;
  readonly output: MelOutput;
  /** Whether meyda is asked as well. */
  readonly meyda: boolean;
}

interface Judged {
  readonly checks: readonly Check[];
  readonly facts: readonly Fact[];
}

interface Comparison {
  readonly frames: number;
  readonly reference: Float64Array;
  readonly actual: Float64Array;
  readonly meyda: boolean;
}

const nothingToCompare: Judged = { checks: [], facts: [] };

function outputCheck(clip: MelClip, { mel, frames }: MelOutput, expected: number): Check {
  if (frames !== expected) {
    const detail = `expected ${expected} frames of ${clip.pcm.length} samples, got ${frames}`;
    return { criterion: "output", pass: false, value: frames, detail };
  }
  const { ok, reason } = checkOutput(mel, expected * bins);
  // Silence has the same value everywhere; what that value must be is another criterion.
  const pass = ok || (clip.group === "silence" && mel.length === expected * bins && mel.length > 0);
  return { criterion: "output", pass, value: frames, detail: pass ? `${frames} frames` : reason };
}

function judgeComplete(clip: MelClip, comparison: Comparison): Judged {
  if (clip.group === "silence") return { checks: [silenceCheck(comparison.actual)], facts: [] };
  const { reference, actual } = comparison;
  const checks = [
    clip.group === "signal" ? pearsonCheck(clampedFromBelow(comparison)) : pearsonCheck(comparison),
    errorCheck(comparison),
    biasCheck(comparison),
  ];
  if (clip.group !== "signal") checks.push(liveBinsCheck(clip, comparison));
  if (!comparison.meyda) return { checks, facts: [] };

  const meyda = meydaMel(clip.pcm, mel80);
  checks.push(oraclesCheck(reference, meyda));
  return { checks, facts: meydaFacts(actual, meyda) };
}

function silenceCheck(actual: Float64Array): Check {
  const wrong = actual.findIndex((db) => db !== floor);
  if (wrong === -1) return check("silence", true, floor, `${floor} dB everywhere`);
  return check("silence", false, actual[wrong]!, `expected ${floor} dB, got ${actual[wrong]} dB at ${place(wrong)}`);
}

function pearsonCheck({ reference, actual }: Pick<Comparison, "reference" | "actual">): Check {
  const r = pearson(reference, actual);
  return check("pearson", r > melLimits.pearson, r, r.toFixed(9));
}

function clampedFromBelow({ reference, actual }: Comparison): Pick<Comparison, "reference" | "actual"> {
  const lowest = reference.reduce((a, b) => Math.max(a, b)) - melLimits.signalRangeDb;
  return { reference: reference.map((v) => Math.max(v, lowest)), actual: actual.map((v) => Math.max(v, lowest)) };
}

function errorCheck({ reference, actual }: Comparison): Check {
  const worst = maxErrWithin(reference, actual, melLimits.rangeDb);
  const values = `reference ${worst.reference.toFixed(2)} dB, got ${worst.actual.toFixed(2)} dB`;
  const detail = `${worst.value.toFixed(3)} dB at ${place(worst.index)} (${values}), ${worst.compared} values`;
  return check("error", worst.value <= melLimits.errorDb, worst.value, detail);
}

function biasCheck({ reference, actual }: Comparison): Check {
  const bias = meanSignedErr(reference, actual, melLimits.rangeDb);
  return check(
    "bias",
    Math.abs(bias) <= melLimits.biasDb,
    bias,
    `mean ${bias < 0 ? "−" : "+"}${Math.abs(bias).toFixed(5)} dB`,
  );
}

function liveBinsCheck(clip: MelClip, { frames, reference, actual }: Comparison): Check {
  const shape = { frames, bins, floorDb: floor };
  // A recording may have no energy in some bands: a telephone's has none above 4 kHz.
  const silent = new Set(clip.group === "recording" ? liveBins(reference, { ...shape, spreadDb: 1 }).dead : []);
  const dead = liveBins(actual, { ...shape, spreadDb: 0.5 }).dead.filter((band) => !silent.has(band));
  const alive = bins - silent.size - dead.length;
  const expected = bins - silent.size;
  const which = dead.length > 0 ? `; dead: ${dead.slice(0, 12).join(", ")}${dead.length > 12 ? ", …" : ""}` : "";
  return check("live bins", dead.length === 0, alive, `${alive} of ${expected} bands alive${which}`);
}

function oraclesCheck(reference: Float64Array, { comparable }: MeydaMel): Check {
  const { value } = maxErrWithin(reference, comparable.db, melLimits.rangeDb);
  return check("oracles", value <= melLimits.oraclesDb, value, `references differ by ${value.toExponential(1)} dB`);
}

function meydaFacts(actual: Float64Array, { comparable, own }: MeydaMel): Fact[] {
  const empty = new Set(emptyBands(snappedFilterBank(mel80)));
  const inBoth = (db: Float64Array) => db.filter((_, i) => !empty.has(i % bins));
  return [
    { name: "meyda power: pearson", value: finiteOrNull(pearson(comparable.db, actual)), unit: "" },
    {
      name: `meyda power: largest error within ${melLimits.rangeDb} dB`,
      value: finiteOrNull(maxErrWithin(comparable.db, actual, melLimits.rangeDb).value),
      unit: "dB",
    },
    {
      name: "meyda bands (different definition): pearson",
      value: finiteOrNull(pearson(inBoth(own.db), inBoth(actual))),
      unit: "",
    },
  ];
}

function check(criterion: string, pass: boolean, value: number, detail: string): Check {
  return { criterion, pass, value: finiteOrNull(value), detail };
}

function place(index: number): string {
  return `frame ${Math.floor(index / bins)}, band ${index % bins}`;
}
