import type { Operation } from "../ir/operation.ts";
import { add } from "./add.ts";
import { broadcast } from "./broadcast.ts";
import { keptWeights } from "./kept-weights.ts";
import { neighbours } from "./neighbours.ts";
import { overlappingFrames } from "./overlapping-frames.ts";
import { passthrough } from "./passthrough.ts";
import { repeatedWeights } from "./repeated-weights.ts";
import { reverse } from "./reverse.ts";
import { runTimeParameter } from "./run-time-parameter.ts";
import { scale } from "./scale.ts";
import { severalSequences } from "./several-sequences.ts";
import { splitAndJoin } from "./split-and-join.ts";
import { tasks } from "./tasks.ts";
import { transpose } from "./transpose.ts";
import { window } from "./window.ts";

/** Small designs, one idea each, that docs/designs.md shows; object `x.o` of a design comes from kernels/examples/x.cc. */
export const examples = {
  passthrough,
  scale,
  reverse,
  add,
  broadcast,
  neighbours,
  "split-and-join": splitAndJoin,
  transpose,
  window,
  "kept-weights": keptWeights,
  "repeated-weights": repeatedWeights,
  "overlapping-frames": overlappingFrames,
  "several-sequences": severalSequences,
  "run-time-parameter": runTimeParameter,
  tasks,
} as const satisfies Readonly<Record<string, (device: string) => Operation>>;

export type ExampleName = keyof typeof examples;
