import { type ArgSpec, describeShape, readNpy, ShapeError, type Tensor, tensor, UsageError } from "@aiekit/core";
import { loadSpeech } from "@aiekit/pipeline";
import type { InputOption } from "./options.ts";
import { readInput } from "./read-input.ts";

/** A file that was read as an array. */
export interface InputFile {
  /** Name of the argument that it is for; undefined for the next one that is left. */
  readonly name: string | undefined;
  readonly path: string;
  readonly value: Tensor;
  /** Length of the sound, where the file is a WAV file. */
  readonly audioSeconds: number | undefined;
  /** What was converted on the way: resampling, mixing to mono. */
  readonly notes: readonly string[];
}

/**
 * Reads the files of `--in`: a WAV file becomes 16 kHz mono PCM, everything else must be a .npy array.
 * @throws FormatError for a file that is missing or not what it should be.
 */
export function readInputFiles(inputs: readonly InputOption[], cwd: string): Promise<readonly InputFile[]> {
  return Promise.all(
    inputs.map(async ({ name, path }): Promise<InputFile> => {
      const bytes = await readInput(path, cwd);
      if (!path.toLowerCase().endsWith(".wav")) {
        return { name, path, value: readNpy(bytes, path), audioSeconds: undefined, notes: [] };
      }
      const { pcm, seconds, notes } = loadSpeech(bytes, path);
      const value = tensor("i16", [pcm.length], pcm.slice());
      return { name, path, value, audioSeconds: seconds, notes: notes.map((note) => `${path}: ${note}`) };
    }),
  );
}

/**
 * One tensor for each argument. Files without a name go to the arguments that are left, in order.
 * @throws UsageError when files and arguments do not match; ShapeError for sound that is given to another input than
 * samples. Other shapes and types are left to the kernel to check.
 */
export function assignInputs(
  kernel: string,
  args: readonly ArgSpec[],
  files: readonly InputFile[],
): Readonly<Record<string, Tensor>> {
  const names = args.map((arg) => arg.name).join(", ");
  const assigned = new Map<ArgSpec, InputFile>();
  for (const file of files.filter(({ name }) => name !== undefined)) {
    const arg = args.find(({ name }) => name === file.name);
    if (arg === undefined) throw new UsageError(`${kernel}: there is no input ${file.name}: expected ${names}`);
    if (assigned.has(arg)) throw new UsageError(`${kernel}: input ${file.name} is given twice`);
    assigned.set(arg, file);
  }
  for (const file of files.filter(({ name }) => name === undefined)) {
    const free = args.find((arg) => !assigned.has(arg));
    if (free === undefined) {
      throw new UsageError(`${kernel}: expected ${args.length} input(s) (${names}), got ${files.length}`);
    }
    assigned.set(free, file);
  }
  const missing = args.find((arg) => !assigned.has(arg));
  if (missing !== undefined) {
    throw new UsageError(`${kernel}: input ${missing.name} is missing`, { hint: `add --in ${missing.name}=FILE` });
  }
  for (const [arg, file] of assigned) expectSamples(kernel, arg, file);
  return Object.fromEntries([...assigned].map(([arg, file]) => [arg.name, file.value]));
}

/** Sound is one row of int16 samples and goes to an input of that form only. */
function expectSamples(kernel: string, arg: ArgSpec, { path, audioSeconds }: InputFile): void {
  if (audioSeconds === undefined || (arg.dtype === "i16" && arg.shape.length === 1)) return;
  throw new ShapeError(
    `${path}: a WAV file is for an input of samples, i16[n]; ${kernel}: input ${arg.name} is ${describeShape(arg.dtype, arg.shape)}`,
    { hint: "pass the array as a .npy file" },
  );
}
