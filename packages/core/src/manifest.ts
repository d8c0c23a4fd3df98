import { type DType, dtypeBytes, isDType } from "./dtype.ts";
import { FormatError } from "./errors.ts";
import { jsonPlace } from "./json-place.ts";
import { brokenSeal } from "./manifest-seal.ts";
import { elementCount } from "./tensor.ts";

/** What a build is for: silicon of either generation, or the simulator. */
export const targets = ["sim", "npu1", "npu2"] as const;
export type Target = (typeof targets)[number];

/** A file of a build; `path` is relative to the manifest's folder. */
export interface FileRef {
  readonly path: string;
  readonly bytes: number;
  readonly sha256: string;
}

/**
 * How an argument's size follows from the number of units (frames, rows) that one launch takes: along `axis` it has
 * (units - 1)·hop + window elements. A caller with more data launches again `units`·hop further on.
 */
export interface UnitSpan {
  readonly axis: number;
  readonly hop: number;
  readonly window: number;
}

/** Rows of zeros before and behind the caller's on axis 0 of a host buffer. */
export interface RowMargin {
  readonly before: number;
  readonly after: number;
}

/** One host buffer of a sequence, in the order of the runtime sequence's arguments (bo0, bo1, ...). */
export interface ArgSpec {
  readonly name: string;
  readonly direction: "in" | "out" | "inout";
  readonly dtype: DType;
  /** What the caller gives or gets. */
  readonly shape: readonly number[];
  /**
   * Shape of the host buffer where it is larger than `shape`: the device works on whole tiles. The host fills the rest of
   * an input with zeros and cuts the rest of an output off. Absent for arguments with units.
   */
  readonly padded?: readonly number[];
  /**
   * For a device that reads past the ends of an array: rows of zeros inside of `padded`. A device that writes the argument
   * leaves them as they are. Rows behind `after` are padding like any other.
   */
  readonly margin?: RowMargin;
  /** Of the host buffer. */
  readonly bytes: number;
  /** Absent for arguments whose size is the same in every sequence (weights, tables). */
  readonly units?: UnitSpan;
  /** Meaning and unit of an element, for people: `PCM, 1/32768 of full scale`. */
  readonly meaning?: string;
}

/** A word of an instruction stream that a launch parameter decides: constant + factor * ceil(value / step), modulo 2^32. */
export interface ParameterWord {
  /** Position in the stream, in words. */
  readonly index: number;
  readonly step: number;
  readonly factor: number;
  readonly constant: number;
}

/**
 * A number that each launch may choose, without another build: rows of a cache that are valid, for example. The stream in
 * the build's folder is that of `max`.
 */
export interface LaunchParameter {
  readonly name: string;
  /** Input of which it counts the rows: one with fewer rows sets the parameter. */
  readonly argument: string;
  readonly min: number;
  readonly max: number;
  readonly words: readonly ParameterWord[];
}

/** How a planner cut the work of a sequence, and what a launch costs by its model: not measured, and not simulated. */
export interface LaunchEstimate {
  /** For people: `output-stationary, tile 64x128x64`. */
  readonly plan: string;
  /** Of the array's clock. */
  readonly cycles: number;
  readonly bytesToArray: number;
  readonly bytesFromArray: number;
}

/** One instruction stream of the xclbin: a runtime sequence for a fixed number of units. */
export interface SequenceSpec {
  readonly name: string;
  readonly insts: FileRef;
  /** The same stream as an ELF for XRT's module flow; where a build was asked for it. */
  readonly instsElf?: FileRef;
  /** Units (frames, rows, tiles) that one launch processes; 1 where the kernel has no such axis. */
  readonly units: number;
  readonly args: readonly ArgSpec[];
  readonly parameters?: readonly LaunchParameter[];
  readonly estimate?: LaunchEstimate;
}

/** What a build made and from what. The seam between the build and everything that runs its products. */
/** What took part in a build. */
interface ToolSpec {
  readonly name: string;
  readonly version: string;
  /** Of a native program's file. */
  readonly sha256?: string;
}

export interface Manifest {
  readonly format: "aiekit-manifest";
  readonly version: 1;
  /** Name in the registry. */
  readonly kernel: string;
  readonly about: string;
  readonly target: Target;
  /** Device name of the design, for example `npu1_1col`. */
  readonly device: string;
  readonly params: Readonly<Record<string, number | string>>;
  readonly design: FileRef;
  /** The design after lowering, as text for people and tools. */
  readonly lowered?: FileRef;
  readonly xclbin: FileRef;
  /** Kernel name inside the xclbin, for example `MLIR_AIE`. */
  readonly xclbinKernel: string;
  /** An ELF in place of xclbin and instructions, its instances named as the sequences; where a build was asked for it. */
  readonly fullElf?: FileRef;
  readonly sequences: readonly SequenceSpec[];
  /** Sources and headers; their paths start with `kernels/` or with a package's name and are the same on every machine. */
  readonly inputs: readonly FileRef[];
  readonly tools: readonly ToolSpec[];
  /** Of the manifest's own text, by which a change of any byte of it shows (`sealManifest`). */
  readonly sha256?: string;
}

/** The files that a build made, by their paths in its folder; its manifest apart. */
export function manifestFiles({ design, lowered, xclbin, fullElf, sequences }: Manifest): readonly FileRef[] {
  const ofSequences = sequences.flatMap(({ insts, instsElf }) => [insts, instsElf]);
  return [design, lowered, xclbin, fullElf, ...ofSequences].filter((file) => file !== undefined);
}

/** Every field that a manifest may have: a damaged name of one that may be left out is not taken for its absence. */
const fields: Readonly<Record<keyof Manifest, true>> = {
  ...{ format: true, version: true, kernel: true, about: true, target: true, device: true, params: true },
  ...{ design: true, lowered: true, xclbin: true, xclbinKernel: true, fullElf: true, sequences: true },
  ...{ inputs: true, tools: true, sha256: true },
};

/**
 * Checks text that claims to be a manifest.
 * @throws FormatError that names the first field that is missing or wrong; its offset counts characters of the text.
 */
export function parseManifest(text: string, name: string): Manifest {
  const fail = (what: string): never => {
    const [path = ""] = what.split(": ");
    const offset = jsonPlace(text, path === "manifest" ? "" : path);
    throw new FormatError(`${name}: ${what}`, { offset, hint: "build the kernel again: aiekit build KERNEL" });
  };
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    const message = `${name}: expected a JSON manifest: ${(cause as Error).message}`;
    throw new FormatError(message, { offset: jsonPlace(text, ""), cause });
  }
  const record = (v: unknown, path: string): Record<string, unknown> =>
    typeof v === "object" && v !== null && !Array.isArray(v)
      ? (v as Record<string, unknown>)
      : fail(`${path}: expected an object`);
  const text_ = (v: unknown, path: string): string => (typeof v === "string" ? v : fail(`${path}: expected a string`));
  const count = (v: unknown, path: string): number =>
    Number.isSafeInteger(v) && (v as number) >= 0
      ? (v as number)
      : fail(`${path}: expected a whole number, got ${JSON.stringify(v)}`);
  const list = (v: unknown, path: string): unknown[] => (Array.isArray(v) ? v : fail(`${path}: expected a list`));
  const hash = (v: unknown, path: string): string =>
    /^[0-9a-f]{64}$/.test(text_(v, path)) ? (v as string) : fail(`${path}: expected 64 hex digits`);
  const file = (v: unknown, path: string): void => {
    const f = record(v, path);
    text_(f.path, `${path}.path`);
    count(f.bytes, `${path}.bytes`);
    hash(f.sha256, `${path}.sha256`);
  };

  const m = record(value, "manifest");
  for (const key of Object.keys(m)) if (!(key in fields)) fail(`${key}: unknown field`);
  if (m.format !== "aiekit-manifest") fail(`format: expected "aiekit-manifest", got ${JSON.stringify(m.format)}`);
  if (m.version !== 1) fail(`version: this program reads version 1, got ${JSON.stringify(m.version)}`);
  for (const key of ["kernel", "about", "device", "xclbinKernel"]) text_(m[key], key);
  if (!(targets as readonly unknown[]).includes(m.target)) fail(`target: expected one of ${targets.join(", ")}`);
  for (const [key, param] of Object.entries(record(m.params, "params"))) {
    if (!["number", "string"].includes(typeof param)) fail(`params.${key}: expected a number or a text`);
  }
  file(m.design, "design");
  if (m.lowered !== undefined) file(m.lowered, "lowered");
  file(m.xclbin, "xclbin");
  if (m.fullElf !== undefined) file(m.fullElf, "fullElf");
  for (const [i, f] of list(m.inputs, "inputs").entries()) file(f, `inputs[${i}]`);
  for (const [i, t] of list(m.tools, "tools").entries()) {
    const tool = record(t, `tools[${i}]`);
    for (const key of ["name", "version"]) text_(tool[key], `tools[${i}].${key}`);
    if (tool.sha256 !== undefined) hash(tool.sha256, `tools[${i}].sha256`);
  }
  const sequences = list(m.sequences, "sequences");
  if (sequences.length === 0) fail("sequences: expected at least one");
  for (const [i, s] of sequences.entries()) {
    const at = `sequences[${i}]`;
    const sequence = record(s, at);
    text_(sequence.name, `${at}.name`);
    file(sequence.insts, `${at}.insts`);
    if (sequence.instsElf !== undefined) file(sequence.instsElf, `${at}.instsElf`);
    count(sequence.units, `${at}.units`);
    const words = (sequence.insts as { readonly bytes: number }).bytes / 4;
    if (sequence.estimate !== undefined) {
      const estimate = record(sequence.estimate, `${at}.estimate`);
      text_(estimate.plan, `${at}.estimate.plan`);
      for (const key of ["cycles", "bytesToArray", "bytesFromArray"]) count(estimate[key], `${at}.estimate.${key}`);
    }
    for (const [j, p] of list(sequence.parameters ?? [], `${at}.parameters`).entries()) {
      const parameter = record(p, `${at}.parameters[${j}]`);
      const where = `${at}.parameters[${j}]`;
      for (const key of ["name", "argument"]) text_(parameter[key], `${where}.${key}`);
      if (count(parameter.min, `${where}.min`) > count(parameter.max, `${where}.max`))
        fail(`${where}: min is above max`);
      for (const [k, w] of list(parameter.words, `${where}.words`).entries()) {
        const word = record(w, `${where}.words[${k}]`);
        if (count(word.index, `${where}.words[${k}].index`) >= words) {
          fail(`${where}.words[${k}].index: the stream has ${words} words, got ${JSON.stringify(word.index)}`);
        }
        if (count(word.step, `${where}.words[${k}].step`) < 1) fail(`${where}.words[${k}].step: expected 1 or more`);
        for (const key of ["factor", "constant"]) {
          if (!Number.isSafeInteger(word[key])) fail(`${where}.words[${k}].${key}: expected a whole number`);
        }
      }
    }
    for (const [j, a] of list(sequence.args, `${at}.args`).entries()) {
      const arg = record(a, `${at}.args[${j}]`);
      const where = `${at}.args[${j}]`;
      text_(arg.name, `${where}.name`);
      if (!["in", "out", "inout"].includes(text_(arg.direction, `${where}.direction`))) {
        fail(`${where}.direction: expected in, out or inout, got ${JSON.stringify(arg.direction)}`);
      }
      const dtype = text_(arg.dtype, `${where}.dtype`);
      if (!isDType(dtype)) return fail(`${where}.dtype: unknown element type ${dtype}`);
      const shape = list(arg.shape, `${where}.shape`).map((d) => count(d, `${where}.shape`));
      const buffer = arg.padded === undefined ? shape : list(arg.padded, `${where}.padded`);
      for (const [axis, size] of shape.entries()) {
        if (buffer.length !== shape.length || count(buffer[axis], `${where}.padded`) < size) {
          fail(`${where}.padded: expected at least [${shape}] in each dimension, got [${buffer}]`);
        }
      }
      if (arg.margin !== undefined) {
        const margin = record(arg.margin, `${where}.margin`);
        const rows = count(margin.before, `${where}.margin.before`) + count(margin.after, `${where}.margin.after`);
        const least = rows + (shape[0] ?? 0);
        if (arg.padded === undefined || (buffer[0] as number) < least) {
          fail(`${where}.margin: expected a padded buffer of at least ${least} rows, got [${buffer}]`);
        }
      }
      const bytes = elementCount(buffer as number[]) * dtypeBytes(dtype);
      if (count(arg.bytes, `${where}.bytes`) !== bytes)
        fail(`${where}.bytes: shape says ${bytes}, got ${JSON.stringify(arg.bytes)}`);
    }
  }
  if (m.sha256 !== undefined) {
    const claimed = hash(m.sha256, "sha256");
    const found = brokenSeal(text, claimed);
    if (found !== undefined) {
      fail(`sha256: expected ${claimed} of this file's text, got ${found}: it was changed after the build`);
    }
  }
  return value as Manifest;
}
