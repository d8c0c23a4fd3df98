import type { ConfiguredArray } from "../array.ts";
import { stagingWords } from "../copy-words.ts";
import { shuffleOf } from "../word-shuffle.ts";
import { mirrored } from "./host-mirror.ts";
import type { CallStep, CopyStep, LaunchTape, TapeStep } from "./launch-tape.ts";
import type { MemoryPlace, RecordedCall, RecordedCopy, RecordedStep, RecordedTape } from "./recorded-tape.ts";

/** Stands for host memory, which is another one in each launch. */
const hostWords = new Uint32Array(0);

/** A tape with the memory and kernels of `array`. */
export function linkTape(recorded: RecordedTape, array: ConfiguredArray): LaunchTape {
  const linker = new Linker(array);
  // Equal steps are one object: a launch has a few hundred of them, which stay in the processor's caches.
  const linked = new Map<RecordedStep, TapeStep>();
  const steps = recorded.steps.map((step) => {
    const known = linked.get(step) ?? linker.link(step);
    linked.set(step, known);
    return known;
  });
  return { recorded, steps, mirror: undefined };
}

/** The same with a mirror of `mostBytes` at most, where that pays. */
export function withMirror({ recorded, steps }: LaunchTape, mostBytes: number): LaunchTape {
  return { recorded, ...mirrored(steps, recorded.hostBytes, mostBytes) };
}

class Linker {
  readonly #array: ConfiguredArray;
  readonly #numbers = new Map<Uint32Array, number>();
  readonly #views = new Map<string, Uint32Array>();

  constructor(array: ConfiguredArray) {
    this.#array = array;
  }

  link(step: RecordedStep): TapeStep {
    switch (step.kind) {
      case "copy":
        return this.#copy(step);
      case "call":
        return this.#call(step);
      case "zero":
        return { ...step, to: this.#wordsAt(step.to), isStaged: step.to === "staging" };
      case "write":
        return { ...step, to: this.#wordsAt(step.to) };
    }
  }

  #copy({ from: source, a, as, to, b, bs, runWords, count, fromArg, toArg }: RecordedCopy): CopyStep {
    const from = this.#wordsAt(source);
    const shuffle = as && bs && shuffleOf(as, bs, runWords);
    const [first, span] = shuffle ? [a + shuffle.first, shuffle.span] : [a, count];
    const isOneView = fromArg < 0 && (shuffle !== undefined || as === undefined);
    return {
      kind: "copy",
      from,
      a,
      as,
      to: this.#wordsAt(to),
      b,
      bs,
      runWords,
      count,
      fromArg,
      toArg,
      shuffle,
      mirrorAt: -1,
      view: isOneView ? this.#viewOf(from, first, span) : undefined,
      arrives: to !== "staging",
      isStaged: source === "staging" || to === "staging",
    };
  }

  #call({ core: coreNumber, site: siteNumber, args, value, cycles, ops }: RecordedCall): CallStep {
    const core = this.#array.cores[coreNumber]!;
    const site = core.sites[siteNumber]!;
    return { kind: "call", core, site, args, invoke: site.bound(args), value, cycles, ops };
  }

  #wordsAt(place: MemoryPlace): Uint32Array {
    if (place === "host") return hostWords;
    if (place === "staging") return stagingWords();
    if ("external" in place) return this.#array.externals.get(place.external)!;
    return this.#array.tile(place).memory.words;
  }

  #viewOf(words: Uint32Array, first: number, count: number): Uint32Array {
    const number = this.#numbers.get(words) ?? this.#numbers.size;
    this.#numbers.set(words, number);
    const key = `${number},${first},${count}`;
    const view = this.#views.get(key) ?? words.subarray(first, first + count);
    this.#views.set(key, view);
    return view;
  }
}
