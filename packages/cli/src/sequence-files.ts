import {
  allocate,
  type DType,
  describeShape,
  dtypeBytes,
  elementCount,
  readNpy,
  ShapeError,
  type Tensor,
  tensor,
  tensorBytes,
  UsageError,
} from "@aiekit/core";
import type { SequenceArgument } from "@aiekit/tools";
import type { InputOption } from "./options.ts";
import { readInput } from "./read-input.ts";

/** What the user gave for the arguments of a runtime sequence, and the command line as far as it is typed. */
interface GivenFiles {
  readonly inputs: readonly InputOption[];
  readonly outputs: readonly InputOption[];
  /** Files that outputs are compared with, by index of the argument: what is compared need not be written. */
  readonly expected: readonly { readonly argIndex: number; readonly file: string }[];
  /** Words before `--in`, `--out` and `--expect`, for a command that can be pasted: `aiekit sim design.mlir --kernel scale.cc`. */
  readonly command: readonly string[];
}

/** An argument with its files. Unused arguments have none, and are handed over as zeros. */
export interface ArgumentFiles {
  readonly arg: SequenceArgument;
  readonly input: string | undefined;
  readonly output: string | undefined;
}

/** The word that stands for an input of zeros. */
const zeros = "zeros";

/**
 * Gives each file its argument: by name where the user named one, the others in order.
 * @throws UsageError that lists the arguments without a file, with a command that has one for each.
 */
export function assignFiles(args: readonly SequenceArgument[], given: GivenFiles): readonly ArgumentFiles[] {
  const reads = args.filter(({ use }) => use === "in" || use === "inout");
  const writes = args.filter(({ use }) => use === "out" || use === "inout");
  const inputs = inOrder({ option: "--in", args: reads, all: args, files: given.inputs });
  const outputs = inOrder({ option: "--out", args: writes, all: args, files: given.outputs });
  const compared = new Map(given.expected.map(({ argIndex, file }) => [args[argIndex]!, file]));
  const missing = [
    ...reads.filter((arg) => !inputs.has(arg)).map((arg) => `input ${describeArgument(arg)}`),
    ...writes.filter((arg) => !outputs.has(arg) && !compared.has(arg)).map((arg) => `output ${describeArgument(arg)}`),
  ];
  if (missing.length > 0) {
    const words = [
      ...given.command,
      ...reads.flatMap((arg) => ["--in", inputs.get(arg) ?? zeros]),
      ...writes.flatMap((arg) => {
        const file = outputs.get(arg) ?? (compared.has(arg) ? undefined : `${arg.name}.npy`);
        return file === undefined ? [] : ["--out", `${arg.name}=${file}`];
      }),
      ...writes.flatMap((arg) => (compared.has(arg) ? ["--expect", `${arg.name}=${compared.get(arg)}`] : [])),
    ];
    throw new UsageError(`no file for ${missing.join(", ")}`, { hint: words.map(quoteForShell).join(" ") });
  }
  return args.map((arg) => ({ arg, input: inputs.get(arg), output: outputs.get(arg) }));
}

/** `%a: i32[1024]` */
export function describeArgument({ name, dtype, shape }: SequenceArgument): string {
  return `%${name}: ${describeShape(dtype, shape)}`;
}

/**
 * Bytes of an input for the array: of a .npy file, or zeros.
 * @throws FormatError for a file that is no .npy, ShapeError for another type or size than the sequence has.
 */
export async function readArgument({ arg, input }: ArgumentFiles, cwd: string): Promise<Uint8Array> {
  if (input === undefined || input === zeros) return new Uint8Array(arg.bytes);
  const found = readNpy(await readInput(input, cwd), input);
  if (!isSameType(arg, found.dtype) || elementCount(found.shape) !== elementCount(arg.shape)) {
    const got = `${describeShape(found.dtype, found.shape)} of ${found.data.byteLength} bytes`;
    throw new ShapeError(
      `input %${arg.name} (${input}): expected ${describeShape(arg.dtype, arg.shape)} of ${arg.bytes} bytes, got ${got}`,
      { hint: typeHint(arg, found) },
    );
  }
  return tensorBytes(found);
}

/** What the array left in an argument. */
export function argumentTensor({ dtype, shape }: SequenceArgument, bytes: Uint8Array): Tensor {
  const value = tensor(dtype, shape, allocate(dtype, elementCount(shape)));
  tensorBytes(value).set(bytes.subarray(0, value.data.byteLength));
  return value;
}

interface Assignment {
  readonly option: "--in" | "--out";
  /** Those that take such a file. */
  readonly args: readonly SequenceArgument[];
  readonly all: readonly SequenceArgument[];
  readonly files: readonly InputOption[];
}

function inOrder({ option, args, all, files }: Assignment): Map<SequenceArgument, string> {
  const assigned = new Map<SequenceArgument, string>();
  const direction = option === "--in" ? "input" : "output";
  const list = all.map((arg) => `${describeArgument(arg)} ${arg.use}`).join(", ") || "none";
  for (const { name, path } of files.filter((file) => file.name !== undefined)) {
    const arg = args.find((candidate) => candidate.name === name);
    if (arg === undefined || assigned.has(arg)) {
      const why = arg === undefined ? `the sequence has no ${direction} of that name` : "it is given twice";
      throw new UsageError(`${option} ${name}=${path}: ${why}`, { hint: `arguments: ${list}` });
    }
    assigned.set(arg, path);
  }
  for (const { path } of files.filter((file) => file.name === undefined)) {
    const arg = args.find((candidate) => !assigned.has(candidate));
    if (arg === undefined) {
      throw new UsageError(
        `${option} ${path}: the sequence has ${args.length} ${direction}(s), got ${files.length} file(s)`,
        {
          hint: `arguments: ${list}`,
        },
      );
    }
    assigned.set(arg, path);
  }
  return assigned;
}

/** .npy has no bf16, and a signless integer of the design may be of either kind. */
export function isSameType(arg: SequenceArgument, got: DType): boolean {
  if (arg.dtype === "bf16") return got === "u16" || got === "bf16";
  return arg.dtype === got || (!arg.signed && unsignedOf[arg.dtype] === got);
}

const unsignedOf: Readonly<Partial<Record<DType, DType>>> = { i8: "u8", i16: "u16", i32: "u32", i64: "u64" };

function typeHint(arg: SequenceArgument, got: Tensor): string {
  const numpy = { bf16: "uint16", f32: "float32", f64: "float64" } as const;
  const type = arg.dtype in numpy ? numpy[arg.dtype as keyof typeof numpy] : npyName(arg.dtype);
  if (isSameType(arg, got.dtype)) return `the sequence takes ${elementCount(arg.shape)} elements, in any shape`;
  if (got.data.byteLength === arg.bytes && dtypeBytes(got.dtype) === dtypeBytes(arg.dtype)) {
    return `if these are the right bits: array.view(np.${type})`;
  }
  return arg.dtype === "bf16" ? "bf16 is given as its 16 bits, uint16" : `numpy: array.astype(np.${type})`;
}

function npyName(dtype: DType): string {
  return `${dtype.startsWith("u") ? "uint" : "int"}${dtype.slice(1)}`;
}

function quoteForShell(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
