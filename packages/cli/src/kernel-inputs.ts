import { type ArgSpec, readNpy, type Tensor, tensor, UsageError } from "@aiekit/core";
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
 * @throws UsageError when files and arguments do not match. Shapes and types are left to the kernel to check.
 */
export function assignInputs(
  kernel: string,
  args: readonly ArgSpec[],
  files: readonly InputFile[],
): Readonly<Record<string, Tensor>> {
  const names = args.map((arg) => arg.name).join(", ");
  const tensors: Record<string, Tensor> = {};
  for (const { name, value } of files) {
    if (name === undefined) continue;
    if (!args.some((arg) => arg.name === name)) {
      throw new UsageError(`${kernel}: there is no input ${name}: expected ${names}`);
    }
    if (tensors[name] !== undefined) throw new UsageError(`${kernel}: input ${name} is given twice`);
    tensors[name] = value;
  }
  for (const { value } of files.filter(({ name }) => name === undefined)) {
    const free = args.find((arg) => tensors[arg.name] === undefined);
    if (free === undefined) {
      throw new UsageError(`${kernel}: expected ${args.length} input(s) (${names}), got ${files.length}`);
    }
    tensors[free.name] = value;
  }
  const missing = args.find((arg) => tensors[arg.name] === undefined);
  if (missing !== undefined) {
    throw new UsageError(`${kernel}: input ${missing.name} is missing`, { hint: `add --in ${missing.name}=FILE` });
  }
  return tensors;
}
