import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import { promisify } from "node:util";
import { tensor, UsageError } from "@aiekit/core";
import { targetOf } from "@aiekit/host";
import { findKernel, logmelSamples } from "@aiekit/mlir";
import { loadSpeech, speechSamplePath } from "@aiekit/pipeline";
import type { ArraySubject, ArraySuite, MelClips, SuiteControl, SuiteRun } from "@aiekit/validate";
import type { OpenKernel } from "./kernel-on-device.ts";

/** What a suite is run with. */
interface SuiteRequest extends SuiteControl {
  readonly open: OpenKernel;
  /** Number of clips, signals or shapes, from the first; all when undefined. */
  readonly clips: number | undefined;
}

/** Runs a kernel's correlation suite. */
type KernelSuite = (request: SuiteRequest) => Promise<SuiteRun>;

/** The suite of a kernel. @throws UsageError for a kernel that has none. */
export function requireSuite(kernel: string): KernelSuite {
  findKernel(kernel);
  const suite = suites[kernel];
  if (suite !== undefined) return suite;
  throw new UsageError(`${kernel}: there is no correlation suite: expected one of ${Object.keys(suites).join(", ")}`);
}

export function hasSuite(kernel: string): boolean {
  return kernel in suites;
}

const suites: Readonly<Record<string, KernelSuite>> = {
  mel: runMelSuite,
  fft: runFftSuite,
  logmel: runLogmelSuite,
  matmul: arraySuite("matmulSuite"),
  gemv: arraySuite("gemvSuite"),
  attention: arraySuite("attentionSuite"),
  conv1d: arraySuite("conv1dSuite"),
  add: arraySuite("addSuite"),
  gelu: arraySuite("geluSuite"),
  layernorm: arraySuite("layernormSuite"),
  softmax: arraySuite("softmaxSuite"),
  topk: arraySuite("topkSuite"),
  transpose: arraySuite("transposeSuite"),
};

const seed = 1;
const fftPoints = 512;
// kernels/fft/fft.cc: 64 times the unnormalised transform of the int16 samples.
const fftOutputScale = 64;

async function runMelSuite(request: SuiteRequest): Promise<SuiteRun> {
  const { melClips, melSuite } = await import("@aiekit/validate");
  const { open, clips: count, ...control } = request;
  const all = await speechAndSignals(request, melClips);
  const clips: MelClips = { ...all, clips: all.clips.slice(0, count) };
  const run = async (pcm: Int16Array) => {
    const { outputs, units } = await open.runWith({}, { pcm: tensor("i16", [pcm.length], pcm.slice()) });
    return { mel: outputs.mel!.data as Int16Array, frames: units };
  };
  return melSuite({ ...subjectOf(open), run }, { ...control, seed, clips });
}

/** The shipped sample, speech, signals and silence. */
async function speechAndSignals(
  { clips: count, signal }: SuiteRequest,
  melClips: typeof import("@aiekit/validate").melClips,
): Promise<MelClips> {
  const sample = loadSpeech(await readFile(speechSamplePath), basename(speechSamplePath));
  return melClips({
    seed,
    run: runProgram,
    recordings: [{ name: "speech sample", pcm: sample.pcm }],
    // Speech comes first and is the slow part to make: no more of it than will be used.
    ...(count === undefined ? {} : { speechClips: Math.min(count, 100) }),
    ...(signal === undefined ? {} : { signal }),
  });
}

async function runFftSuite(request: SuiteRequest): Promise<SuiteRun> {
  const { fftSignals, fftSuite } = await import("@aiekit/validate");
  const { open, clips: count, ...control } = request;
  const signals = fftSignals({ seed }).slice(0, count);
  const run = async (frames: Int16Array) => {
    const input = tensor("i16", [frames.length / fftPoints, fftPoints], frames.slice());
    const { outputs } = await open.runWith({}, { in: input });
    return outputs.out!.data as Int32Array;
  };
  return fftSuite({ ...subjectOf(open), run, outputScale: fftOutputScale }, { ...control, seed, signals });
}

async function runLogmelSuite(request: SuiteRequest): Promise<SuiteRun> {
  const { logmelCases, logmelSuite, melClips } = await import("@aiekit/validate");
  const { open, clips: count, ...control } = request;
  const { clips, notes } = await speechAndSignals(request, melClips);
  const cases = logmelCases({ seed, clips, windows: logmelSamples }).slice(0, count);
  return logmelSuite(arraySubject(open), { ...control, seed, cases, notes });
}

type Validate = typeof import("@aiekit/validate");
type ArraySuiteName = { [K in keyof Validate]: Validate[K] extends ArraySuite ? K : never }[keyof Validate];

/** The suite of a kernel that is built for each of its shapes, by its name in @aiekit/validate. */
function arraySuite(name: ArraySuiteName): KernelSuite {
  return async ({ open, clips: cases, ...control }) => {
    const suite: ArraySuite = (await import("@aiekit/validate"))[name];
    return suite(arraySubject(open), { ...control, seed, cases });
  };
}

/** The subject of a suite that builds the kernel for each of its shapes. */
function arraySubject(open: OpenKernel): ArraySubject {
  return { ...subjectOf(open), run: async (...what) => (await open.runWith(...what)).outputs };
}

function subjectOf({ kernel, device }: OpenKernel) {
  const simulated = targetOf(device) === "sim";
  const name = device.kind === "sim" ? "sim" : simulated ? `xrt: ${device.name}` : device.generation;
  return { kernel, device: name, origin: simulated ? ("simulated" as const) : ("measured" as const) };
}

/** Standard output of a program; rejects when it is missing or fails. */
async function runProgram(command: string, args: readonly string[]): Promise<Uint8Array> {
  const options = { encoding: "buffer", maxBuffer: 64 * 1024 * 1024 } as const;
  return (await promisify(execFile)(command, [...args], options)).stdout;
}
