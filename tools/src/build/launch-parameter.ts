import { DesignError, type LaunchParameter, type ParameterWord } from "@aiekit/core";
import type { SequenceParameter } from "@aiekit/mlir";

/**
 * Which words of a sequence's stream a parameter decides, found by comparing the streams of several of its values.
 * @throws DesignError when the streams differ in more than words that follow the value or ceil(value / step).
 */
export function launchParameter(
  parameter: SequenceParameter,
  sequence: string,
  instsOf: (sequence: string) => Uint8Array,
): LaunchParameter {
  const { name, argument, min, max, step, samples } = parameter;
  const streams = [{ value: max, sequence }, ...samples].map((s) => ({
    value: s.value,
    words: wordsOf(instsOf(s.sequence)),
  }));
  const [base] = streams;
  if (base === undefined) throw new RangeError(`${sequence}: no stream`);
  const longer = streams.find((s) => s.words.length !== base.words.length);
  if (longer) {
    throw new DesignError(
      `sequence ${sequence}: parameter ${name}: expected streams of one length, got ${base.words.length} words for ${max} and ${longer.words.length} for ${longer.value}`,
      { hint: "a parameter changes words, not how many operations a sequence has" },
    );
  }
  const words: ParameterWord[] = [];
  for (const [index, word] of base.words.entries()) {
    const values = streams.map((s) => ({ value: s.value, word: s.words[index] as number }));
    if (values.every((v) => v.word === word)) continue;
    const found = follow(values, 1) ?? follow(values, step);
    if (found === undefined) {
      throw new DesignError(
        `sequence ${sequence}: parameter ${name}: word ${index} follows neither the value nor ceil(value / ${step}): ${values.map((v) => `${v.word} for ${v.value}`).join(", ")}`,
      );
    }
    words.push({ index, ...found });
  }
  return { name, argument, min, max, words };
}

interface Sample {
  readonly value: number;
  readonly word: number;
}

/** factor and constant with word = constant + factor * ceil(value / step) in every sample, or undefined. */
function follow(samples: readonly Sample[], step: number): Omit<ParameterWord, "index"> | undefined {
  const counts = samples.map(({ value }) => Math.ceil(value / step));
  const [first, other] = [0, counts.findIndex((n) => n !== counts[0])];
  if (other < 0) return undefined;
  const word = (i: number) => samples[i]?.word ?? 0;
  const count = (i: number) => counts[i] ?? 0;
  const factor = (word(other) - word(first)) / (count(other) - count(first));
  const constant = word(first) - factor * count(first);
  const fits = samples.every((s, i) => s.word === (constant + factor * count(i)) >>> 0);
  return Number.isInteger(factor) && fits ? { step, factor, constant } : undefined;
}

function wordsOf(insts: Uint8Array): Uint32Array {
  // Not slice: of a Buffer it is a view into memory that others share.
  return new Uint32Array(new Uint8Array(insts).buffer);
}
