import { UsageError } from "@aiekit/core";

/** One product: a[m, k] b[k, n], and what is done to it on the way out. */
export interface MatmulShape {
  /** As it is written in the parameter; also the sequence's name. */
  readonly name: string;
  readonly m: number;
  readonly k: number;
  readonly n: number;
  readonly bias: boolean;
  readonly gelu: boolean;
  readonly residual: boolean;
  /** Elements from row to row of a, which may overlap; whole steps of k where left out. */
  readonly aPitch?: number;
}

/** Suffixes of a shape: `384x384x384_bias`. */
const epilogues = ["bias", "gelu", "residual"] as const;

/**
 * `1536x384x1152.384x384x1536_bias`: M x K x N, and what follows the product; of matmul, or of another kernel of products.
 * @throws UsageError for other text.
 */
export function parseMatmulShapes(text: string, kernel = "matmul"): readonly MatmulShape[] {
  const shapes = text.split(".").map((name) => parseShape(name, text, kernel));
  const repeated = shapes.find((shape, i) => shapes.findIndex((s) => s.name === shape.name) !== i);
  if (repeated) throw new UsageError(`${kernel}: shapes ${text}: ${repeated.name} is there twice`);
  return shapes;
}

function parseShape(name: string, whole: string, kernel: string): MatmulShape {
  const refuse = (what: string): never => {
    throw new UsageError(`${kernel}: shapes ${whole}: ${what}`, {
      hint: `write MxKxN, several joined by dots, with endings ${epilogues.map((e) => `_${e}`).join(" ")}: 1500x384x384`,
    });
  };
  const [sizes = "", ...endings] = name.split("_");
  const match = /^([1-9]\d*)x([1-9]\d*)x([1-9]\d*)$/.exec(sizes);
  if (match === null) return refuse(`expected MxKxN with whole numbers from 1 up, got ${JSON.stringify(name)}`);
  const unknown = endings.find((e) => !(epilogues as readonly string[]).includes(e));
  if (unknown !== undefined) return refuse(`there is no ending _${unknown}`);
  const [m, k, n] = match.slice(1).map(Number) as [number, number, number];
  const ends = (ending: (typeof epilogues)[number]) => endings.includes(ending);
  return { name, m, k, n, bias: ends("bias"), gelu: ends("gelu"), residual: ends("residual") };
}

/** `64x128x64`: m x k x n of one step. @throws UsageError for other text. */
export function parseMatmulTile(text: string): { readonly m: number; readonly k: number; readonly n: number } {
  const match = /^([1-9]\d*)x([1-9]\d*)x([1-9]\d*)$/.exec(text);
  if (match === null) throw new UsageError(`matmul: tile ${text}: expected auto, whole or mxkxn, for example 64x64x64`);
  const [m, k, n] = match.slice(1).map(Number) as [number, number, number];
  return { m, k, n };
}
