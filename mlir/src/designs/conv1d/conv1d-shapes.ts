import { UsageError } from "@aiekit/core";
import { roundUp } from "../array-shape.ts";
import type { MatmulShape } from "../matmul/matmul-shapes.ts";

/** Taps of the convolution; one row of zeros stands before the first frame and one behind the last. */
export const taps = 3;

/** One convolution, and what is done to its result on the way out. */
export interface Conv1dShape {
  /** As it is written in the parameter; also the sequence's name. */
  readonly name: string;
  readonly frames: number;
  readonly inputs: number;
  readonly outputs: number;
  readonly stride: 1 | 2;
  /** Results: one for each frame, or for each other frame from the first on. */
  readonly positions: number;
  /** Elements from frame to frame in the host's buffer: whole blocks. */
  readonly pitch: number;
  readonly bias: boolean;
  readonly gelu: boolean;
  readonly residual: boolean;
  /** The result has a row of zeros before it, as the next convolution takes it. */
  readonly margin: boolean;
}

const endings = ["s2", "bias", "gelu", "residual", "margin"] as const;
/** Elements of x in a row of its buffer are a multiple of this. */
const pitchStep = 16;

/** `3000x80x384_bias_gelu_margin.3000x384x384_s2_bias_gelu_residual`. @throws UsageError for other text. */
export function parseConv1dShapes(text: string): readonly Conv1dShape[] {
  const shapes = text.split(".").map((name) => parseShape(name, text));
  const repeated = shapes.find((shape, i) => shapes.findIndex((s) => s.name === shape.name) !== i);
  if (repeated) throw new UsageError(`conv1d: shapes ${text}: ${repeated.name} is there twice`);
  return shapes;
}

function parseShape(name: string, whole: string): Conv1dShape {
  const refuse = (what: string): never => {
    throw new UsageError(`conv1d: shapes ${whole}: ${what}`, {
      hint: `write FRAMESxINPUTSxOUTPUTS, several joined by dots, with endings ${endings.map((e) => `_${e}`).join(" ")}: 3000x384x384_s2_bias_gelu`,
    });
  };
  const [sizes = "", ...given] = name.split("_");
  const match = /^([1-9]\d*)x([1-9]\d*)x([1-9]\d*)$/.exec(sizes);
  if (match === null) return refuse(`expected three whole numbers from 1 up, got ${JSON.stringify(name)}`);
  const unknown = given.find((ending) => !(endings as readonly string[]).includes(ending));
  if (unknown !== undefined) return refuse(`there is no ending _${unknown}`);
  const [frames, inputs, outputs] = match.slice(1).map(Number) as [number, number, number];
  const ends = (ending: (typeof endings)[number]) => given.includes(ending);
  const stride = ends("s2") ? 2 : 1;
  return {
    name,
    frames,
    inputs,
    outputs,
    stride,
    positions: Math.floor((frames - 1) / stride) + 1,
    pitch: roundUp(inputs, pitchStep),
    bias: ends("bias"),
    gelu: ends("gelu"),
    residual: ends("residual"),
    margin: ends("margin"),
  };
}

/** The product that a convolution is: rows of x overlap, so a row of three frames is contiguous. */
export function productOf({ positions, stride, pitch, outputs, ...rest }: Conv1dShape): MatmulShape {
  const { name, bias, gelu, residual } = rest;
  return { name, m: positions, k: taps * pitch, n: outputs, bias, gelu, residual, aPitch: stride * pitch };
}
