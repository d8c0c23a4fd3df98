import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { tensor, writeNpy } from "@aiekit/core";
import { buildXclbin, npuKernelArgs } from "@aiekit/xclbin";
import { afterAll, beforeAll, expect, test } from "vitest";
import { runInProcess } from "./run-cli.test-support.ts";

let folder: string;

/** A WAV file of 100 samples with the fields that a test wants wrong. */
function wav(change: {
  format?: number;
  bits?: number;
  dataBytes?: number;
  samples?: Float32Array | Int16Array;
}): Uint8Array {
  const { samples = new Int16Array(100), format = 1, bits = 16 } = change;
  const bytes = new Uint8Array(44 + samples.byteLength);
  const view = new DataView(bytes.buffer);
  const text = (at: number, fourCc: string) => bytes.set(new TextEncoder().encode(fourCc), at);
  text(0, "RIFF");
  view.setUint32(4, 36 + samples.byteLength, true);
  text(8, "WAVEfmt ");
  view.setUint32(16, 16, true);
  view.setUint16(20, format, true);
  view.setUint16(22, 1, true);
  view.setUint32(24, 16000, true);
  view.setUint32(28, (16000 * bits) / 8, true);
  view.setUint16(32, bits / 8, true);
  view.setUint16(34, bits, true);
  text(36, "data");
  view.setUint32(40, change.dataBytes ?? samples.byteLength, true);
  bytes.set(new Uint8Array(samples.buffer), 44);
  return bytes;
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "aiekit-cli-"));
  const xclbin = buildXclbin({
    kernelName: "MLIR_AIE",
    instanceName: "MLIRAIE",
    columns: 1,
    startColumns: [1],
    args: npuKernelArgs(2),
    pdi: new Uint8Array(64),
  });
  const files: Record<string, Uint8Array | string> = {
    "text.wav": "this is no sound",
    "empty.wav": "",
    "truncated.wav": wav({ dataBytes: 32000 }),
    "no-samples.wav": wav({ samples: new Int16Array(0) }),
    "nan.wav": wav({ format: 3, bits: 32, samples: Float32Array.of(0, 0.5, Number.NaN, 0) }),
    "mp3.wav": Uint8Array.of(0x49, 0x44, 0x33, 4, 0, 0, 0, 0, 0, 0, 0, 0),
    "100.wav": wav({}),
    "text.npy": "1 2 3",
    "cut.npy": writeNpy(tensor("i16", [1000])).subarray(0, 300),
    "short.xclbin": xclbin.subarray(0, 300),
    "truncated.xclbin": xclbin.subarray(0, xclbin.length - 100),
    "text.xclbin": "x".repeat(2000),
    "empty.xclbin": "",
    "pointer.xclbin": "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 5\n",
    "eight.npy": writeNpy(tensor("i8", [4])),
    "sound.wav": wav({ samples: new Int16Array(1600) }),
    "empty.mlir": "",
    "one.mlir": "module { aie.device(npu1_1col) { aie.runtime_sequence @run() {} } }",
    "garbage.bin": Uint8Array.from({ length: 64 }, (_, i) => i * 7),
    "broken.json": '{"format": "aiekit-manifest", ',
    "other.json": '{"format": "something"}',
  };
  for (const [name, content] of Object.entries(files)) await writeFile(join(folder, name), content);
  await mkdir(join(folder, "folder.wav"));
  await mkdir(join(folder, "folder.npy"));
});

afterAll(() => rm(folder, { recursive: true }));

const runMel = (file: string) => ["run", "mel", "--in", file, "--out", "out.npy"];

test.each<[string, string[], number, string]>([
  ["a missing file", runMel("none.wav"), 3, "error: none.wav: there is no such file"],
  ["a folder", runMel("folder.wav"), 3, "error: folder.wav: expected a file, got a folder"],
  ["text as WAV", runMel("text.wav"), 3, "text.wav: expected a recording, got text"],
  ["an empty WAV", runMel("empty.wav"), 3, "empty.wav: expected a recording, got an empty file"],
  ["an MP3 without sound", runMel("mp3.wav"), 3, "mp3.wav: expected sound, the MP3 file has none that can be decoded"],
  [
    "a truncated WAV",
    runMel("truncated.wav"),
    3,
    "truncated.wav: cut off: the data chunk declares 32000 bytes (1.00 s), 200",
  ],
  ["a WAV without samples", runMel("no-samples.wav"), 3, "no-samples.wav: expected at least one sample"],
  [
    "a WAV with NaN",
    runMel("nan.wav"),
    3,
    "nan.wav: sample 2 (0.0001 s) of channel 0: expected a number from -1 to 1, got NaN",
  ],
  ["text as .npy", runMel("text.npy"), 3, "text.npy: expected a .npy file"],
  ["a cut-off .npy", runMel("cut.npy"), 3, "cut.npy: data is cut off: shape (1000,) needs 2000 bytes, got 172"],
  ["an unknown kernel", ["build", "mell"], 2, 'error: there is no kernel "mell"\nhint: did you mean mel'],
  ["a kernel that is like none", ["build", "nosuch"], 2, 'there is no kernel "nosuch"\nhint: the kernels: mel, '],
  ["an unknown kernel to watch", ["build", "mell", "--watch"], 2, 'there is no kernel "mell"'],
  ["an unknown kernel to run", ["run", "fff", "--in", "nan.wav", "--out", "o"], 2, 'there is no kernel "fff"'],
  ["an unknown kernel to validate", ["validate", "conv"], 2, 'there is no kernel "conv"'],
  ["an unknown parameter", ["build", "mel", "--param", "tile=3"], 2, "mel: there is no parameter tile"],
  [
    "a value that is no choice",
    ["build", "mel", "--param", "tiles=2"],
    2,
    "mel: parameter tiles: expected 1 or 3, got 2",
  ],
  ["a parameter without value", ["build", "mel", "--param", "tiles"], 2, "Expected name=value, for example tiles=3."],
  ["an unknown option", ["build", "mel", "--forse"], 2, "error: unknown option '--forse'\n(Did you mean --force?)"],
  [
    "a form of transcript that there is not",
    ["transcribe", "sound.wav", "--format", "pdf"],
    2,
    "Expected some of txt, srt, vtt, tsv, json, verbose-json, or all; got pdf.",
  ],
  [
    "a folder without recordings",
    ["transcribe", "folder.wav"],
    3,
    "folder.wav: expected recordings, found none in 0 file(s) and folder(s)\nhint: in folders recordings are known by",
  ],
  [
    "a report below a file, before the suite is run",
    ["validate", "mel", "--report", "text.wav"],
    2,
    "error: text.wav/report.html: expected a path through folders, got one through a file",
  ],
  [
    "a design without a device",
    ["sim", "empty.mlir"],
    4,
    "empty.mlir: expected a design with an aie.device, found none",
  ],
  [
    "a kernel's source that is not there",
    ["sim", "one.mlir", "--kernel", "none.cc"],
    3,
    "--kernel none.cc: there is no",
  ],
  ["an unknown command", ["bild", "mel"], 2, "error: unknown command 'bild'\n(Did you mean build?)"],
  ["no kernel", ["build"], 2, "error: missing required argument 'kernel'"],
  ["no input", ["run", "mel", "--out", "x.npy"], 2, "required option '--in <[name=]file>' not specified"],
  [
    "two files for one input",
    [...runMel("sound.wav"), "--in", "sound.wav"],
    2,
    "mel: expected 1 input(s) (pcm), got 2",
  ],
  ["an input of another name", runMel("x=sound.wav"), 2, "mel: there is no input x: expected pcm"],
  ["an array of another type", runMel("eight.npy"), 3, "mel: input pcm: expected i16[n], got i8[4]\nhint: convert the"],
  [
    "sound shorter than a frame",
    runMel("100.wav"),
    3,
    "mel: input pcm: expected a length of 400 or more along axis 0 (one unit), got 100",
  ],
  [
    "sound for a kernel that takes frames",
    ["run", "fft", "--in", "sound.wav", "--out", "out.npy"],
    3,
    "sound.wav: a recording is for an input of samples, i16[n]; fft: input in is i16[16, 512]",
  ],
  [
    "an output that is no .npy",
    ["run", "mel", "--in", "sound.wav", "--out", "mel.txt"],
    2,
    "--out mel.txt: expected a name that ends in .npy",
  ],
  [
    "an output where no file can be",
    ["run", "mel", "--in", "sound.wav", "--out", "/proc/out.npy"],
    2,
    "error: /proc/out.npy: no file can be made in that folder\n",
  ],
  [
    "an output that is a folder",
    ["run", "mel", "--in", "sound.wav", "--out", "folder.npy"],
    2,
    "folder.npy: expected a file to write, got a folder",
  ],
  [
    "an output below a file",
    ["run", "mel", "--in", "sound.wav", "--out", "sound.wav/out.npy"],
    2,
    "sound.wav/out.npy: expected a path through folders, got one through a file",
  ],
  [
    "a target that needs tools",
    ["build", "mel", "--target", "npu1"],
    4,
    "target: needs aie-translate: not found; looked in $MLIR_AIE_INSTALL_DIR/bin (not set)",
  ],
  [
    "streams from a source that there is not",
    ["build", "mel", "--target", "npu1", "--insts", "mine"],
    2,
    "argument 'mine' is invalid. Allowed choices are own, tools.",
  ],
  [
    "a design that is no text",
    ["sim", "sound.wav"],
    3,
    "sound.wav: expected a design, MLIR as text, got a file that is no text",
  ],
  [
    "a design to draw that is no text",
    ["draw", "sound.wav", "--out", "sound.svg"],
    3,
    "expected a design, MLIR as text, got a file that is no text",
  ],
  [
    "a sound file to inspect",
    ["inspect", "sound.wav"],
    3,
    "expected an xclbin, a PDI, a CDO, an instruction stream, an ELF or a manifest.json",
  ],
  [
    "an unknown target",
    ["build", "mel", "--target", "npu9"],
    2,
    "argument 'npu9' is invalid. Allowed choices are sim, npu1, npu2.",
  ],
  [
    "an array that no device has",
    ["validate", "add", "--npu", "npu9"],
    2,
    "argument 'npu9' is invalid. Expected npu1, npu2, or a part of one such as npu1_2col.",
  ],
  ["a part of an array that there is not", ["validate", "add", "--npu", "npu1_7col"], 2, "unknown device npu1_7col"],
  ["no clips", ["validate", "mel", "--clips", "0"], 2, "Expected a whole number of at least 1."],
  ["the xrt device", ["validate", "mel", "--device", "xrt"], 5, "device xrt: the XRT addon is not built"],
  ["the cpu device", ["bench", "fft", "--device", "cpu"], 5, "device cpu: this build has no CPU kernels yet"],
  [
    "a kernel without a benchmark, before a device is opened or anything is built",
    ["bench", "gemv", "--device", "cpu"],
    2,
    "gemv: there is no benchmark: expected one of mel, fft, logmel",
  ],
  ["a cut-off xclbin", ["inspect", "short.xclbin"], 3, "short.xclbin"],
  ["a truncated xclbin", ["inspect", "truncated.xclbin"], 3, "truncated.xclbin"],
  ["text as xclbin", ["inspect", "text.xclbin"], 3, "text.xclbin"],
  ["an empty xclbin", ["inspect", "empty.xclbin"], 3, "empty.xclbin: expected an xclbin, got an empty file"],
  ["a Git LFS pointer", ["inspect", "pointer.xclbin"], 3, "got a Git LFS pointer"],
  ["garbage as instructions", ["inspect", "garbage.bin"], 3, "garbage.bin"],
  ["a broken manifest", ["inspect", "broken.json"], 3, "broken.json: expected a JSON manifest"],
  ["another JSON file", ["inspect", "other.json"], 3, 'format: expected "aiekit-manifest", got "something"'],
  [
    "--explain for a manifest",
    ["inspect", "other.json", "--explain"],
    3,
    "--explain expects an xclbin, got a manifest",
  ],
  [
    "a blip, for the demo",
    ["demo", "mel", "--wav", "100.wav"],
    3,
    "error: 100.wav: expected 400 samples or more (25 ms",
  ],
  ["a WAV that is missing, for the demo", ["demo", "mel", "--wav", "none.wav"], 3, "none.wav: there is no such file"],
])("%s is refused with its exit code and a message that names it", async (_, argv, code, message) => {
  const outcome = await runInProcess(argv, { cwd: folder });

  expect(outcome.stderr).toContain(message);
  expect(outcome).toMatchObject({ code, stdout: "" });
  expect(outcome.stderr).not.toMatch(/^\s+at /m);
});

test("with --json the refusal is one JSON value on stdout, also for usage errors", async () => {
  const file = await runInProcess([...runMel("text.wav"), "--json"], { cwd: folder });
  const usage = await runInProcess(["build", "mel", "--forse", "--json"]);

  expect(JSON.parse(file.stdout)).toMatchObject({ error: { code: "format", hint: expect.stringContaining("FLAC") } });
  expect(JSON.parse(usage.stdout)).toMatchObject({
    error: { code: "usage", message: expect.stringContaining("--forse") },
  });
  expect([file.code, usage.code]).toEqual([3, 2]);
});

test("a refused run leaves no output file and nothing half-written", async () => {
  await runInProcess(runMel("truncated.wav"), { cwd: folder });

  expect((await readdir(folder)).filter((name) => /out\.npy|partial/.test(name))).toEqual([]);
});

test("a demo of silence fails with what to do, and warns once", async () => {
  const { code, stdout, stderr } = await runInProcess(["demo", "mel", "--wav", "sound.wav", "--out", "."], {
    cwd: folder,
  });

  expect(code).toBe(1);
  expect(stdout).toContain("note: silent: all 0.10 s are zero");
  expect(stdout).toMatch(/FAIL {2}HTK mel, fft\.js, float64 +undefined/);
  expect(stdout).toContain("hint: a result that is one value everywhere correlates with nothing");
  expect(`${stdout}${stderr}`.match(/warning: output mel/g)).toHaveLength(1);
}, 60_000);

test("a run over silence warns once, on stderr", async () => {
  const { code, stdout, stderr } = await runInProcess(runMel("sound.wav"), { cwd: folder });

  expect(code).toBe(0);
  expect(stdout).not.toContain("warning");
  expect(stderr.match(/warning: output mel: all 640 elements are -25600; silent or constant input/g)).toHaveLength(1);
}, 60_000);
