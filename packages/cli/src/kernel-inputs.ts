import { resolve } from "node:path";
import {
  type ArgSpec,
  type DType,
  describeShape,
  floatToBf16,
  readNpy,
  ShapeError,
  type Tensor,
  tensor,
  UsageError,
} from "@aiekit/core";
import { audioKind, bytesSource, isRecordingName, kindBytes, readSpeech } from "@aiekit/pipeline";
import type { InputOption } from "./options.ts";
import { readInput } from "./read-input.ts";

/** A file that was read as an array. */
export interface InputFile {
  /** Name of the argument that it is for; undefined for the next one that is left. */
  readonly name: string | undefined;
  readonly path: string;
  readonly value: Tensor;
  /** Length of the sound, where the file is a recording. */
  readonly audioSeconds: number | undefined;
  /** What was converted on the way: resampling, mixing to mono. */
  readonly notes: readonly string[];
}

/**
 * Reads the files of `--in`: a recording (WAV, FLAC, MP3, Ogg, and what ffmpeg reads) becomes 16 kHz mono PCM, everything
 * else must be a .npy array.
 * @throws FormatError for a file that is missing or not what it should be; ToolMissingError where ffmpeg is needed.
 */
export function readInputFiles(inputs: readonly InputOption[], cwd: string): Promise<readonly InputFile[]> {
  return Promise.all(
    inputs.map(async ({ name, path }): Promise<InputFile> => {
      const bytes = await readInput(path, cwd);
      if (!isRecording(bytes, path)) {
        return { name, path, value: readNpy(bytes, path), audioSeconds: undefined, notes: [] };
      }
      const { pcm, seconds, notes } = await readSpeech(bytesSource(bytes, path, resolve(cwd, path)));
      const value = tensor("i16", [pcm.length], pcm.slice());
      return { name, path, value, audioSeconds: seconds, notes: notes.map((note) => `${path}: ${note}`) };
    }),
  );
}

/** By its content; the name decides only which error a file gets that is neither. */
function isRecording(bytes: Uint8Array, path: string): boolean {
  const kind = audioKind(bytes.subarray(0, kindBytes));
  return kind.is === "decoded" || kind.is === "media" || isRecordingName(path);
}

/**
 * One tensor for each argument. Files without a name go to the arguments that are left, in order. Floating-point arrays
 * are rounded to bfloat16 or float32 where the argument is of that type; `note` is told.
 * @throws UsageError when files and arguments do not match; ShapeError for sound that is given to another input than
 * samples. Other shapes and types are left to the kernel to check.
 */
export function assignInputs(
  kernel: string,
  args: readonly ArgSpec[],
  files: readonly InputFile[],
  note: (text: string) => void = () => {},
): Readonly<Record<string, Tensor>> {
  const assigned = nameInputs(
    kernel,
    args.map((arg) => arg.name),
    files,
  );
  return Object.fromEntries(
    args.map((arg) => {
      const file = assigned.get(arg.name)!;
      expectSamples(kernel, arg, file);
      const { value, rounded } = roundedTo(arg.dtype, file.value);
      if (rounded) note(`${file.path}: ${file.value.dtype} rounded to ${arg.dtype}`);
      return [arg.name, value];
    }),
  );
}

/** Which file is for which of the inputs `names`. @throws UsageError when they do not match. */
export function nameInputs(
  kernel: string,
  names: readonly string[],
  files: readonly InputFile[],
): ReadonlyMap<string, InputFile> {
  const all = names.join(", ");
  const assigned = new Map<string, InputFile>();
  for (const file of files) {
    if (file.name === undefined) continue;
    if (!names.includes(file.name)) throw new UsageError(`${kernel}: there is no input ${file.name}: expected ${all}`);
    if (assigned.has(file.name)) throw new UsageError(`${kernel}: input ${file.name} is given twice`);
    assigned.set(file.name, file);
  }
  for (const file of files.filter(({ name }) => name === undefined)) {
    const free = names.find((name) => !assigned.has(name));
    if (free === undefined) {
      throw new UsageError(`${kernel}: expected ${names.length} input(s) (${all}), got ${files.length}`);
    }
    assigned.set(free, file);
  }
  const missing = names.find((name) => !assigned.has(name));
  if (missing !== undefined) {
    throw new UsageError(`${kernel}: input ${missing} is missing`, { hint: `add --in ${missing}=FILE` });
  }
  return assigned;
}

function roundedTo(dtype: DType, value: Tensor): { readonly value: Tensor; readonly rounded: boolean } {
  const isFloat = value.dtype === "f32" || value.dtype === "f64";
  if (!isFloat || value.dtype === dtype) return { value, rounded: false };
  const numbers = value.data as Float32Array | Float64Array;
  if (dtype === "f32") return { value: tensor("f32", value.shape, Float32Array.from(numbers)), rounded: true };
  if (dtype !== "bf16") return { value, rounded: false };
  const bits = new Uint16Array(numbers.length);
  for (let i = 0; i < bits.length; i++) bits[i] = floatToBf16(numbers[i]!);
  return { value: tensor("bf16", value.shape, bits), rounded: true };
}

/** Sound is one row of int16 samples and goes to an input of that form only. */
function expectSamples(kernel: string, arg: ArgSpec, { path, audioSeconds }: InputFile): void {
  if (audioSeconds === undefined || (arg.dtype === "i16" && arg.shape.length === 1)) return;
  throw new ShapeError(
    `${path}: a recording is for an input of samples, i16[n]; ${kernel}: input ${arg.name} is ${describeShape(arg.dtype, arg.shape)}`,
    { hint: "pass the array as a .npy file" },
  );
}
