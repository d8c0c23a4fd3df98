import { spawnSync } from "node:child_process";
import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { FormatError, ToolMissingError } from "@aiekit/core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { fileSource } from "./byte-source.ts";
import { readSpeech } from "./load-speech.ts";
import { openSpeech } from "./speech-stream.ts";
import { ascii, wavBytes } from "./wav.test-support.ts";

let folder: string;
let recording: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "aiekit-ffmpeg-"));
  recording = join(folder, "talk.m4a");
  await writeFile(recording, Uint8Array.from([0, 0, 0, 32, ...ascii("ftypM4A "), ...Array(100).fill(0)]));
});

afterAll(() => rm(folder, { recursive: true }));

/** A program that is started as ffmpeg is, and does what `body` says with its arguments `args`. */
async function program(name: string, body: string): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, `#!${process.execPath}\nconst args = process.argv.slice(2);\n${body}\n`);
  await chmod(path, 0o755);
  return path;
}

// 0.1 s of 0.25 at 32 kHz, as ffmpeg writes to a pipe: the sizes are left open.
const openWavHeader = [
  ...wavBytes({ fmt: [3, 1, 32000, 128000, 4, 32], data: [], dataSize: 0xffffffff, riffSize: 0xffffffff }),
];
const writes = `process.stdout.write(Buffer.concat([Buffer.from(${JSON.stringify(openWavHeader)}), Buffer.from(new Float32Array(3200).fill(0.25).buffer)]));`;

test("what is not decoded here comes through ffmpeg, at the recording's rate, and is resampled here", async () => {
  const ffmpeg = await program("writes", writes);

  const { pcm, notes } = await readSpeech(await fileSource(recording, "talk.m4a"), { ffmpeg });

  expect(pcm).toHaveLength(1600);
  expect(pcm[800]).toBe(8192);
  expect(notes).toEqual(["decoded from MP4 or M4A", "32 kHz: resampled to 16 kHz"]);
});

test("ffmpeg gets the absolute path as a file, may open nothing else, and reads no stdin", async () => {
  const ffmpeg = await program("tells", `process.stderr.write(args.join(" ")); process.exit(1);`);

  const error = await readSpeech(await fileSource(recording, "talk.m4a"), { ffmpeg }).catch((e) => e);

  expect(error.message).toContain(`-nostdin -v error -protocol_whitelist file,pipe -i file:${recording} -map 0:a:0`);
});

test("a WAV file with a compressed codec goes to ffmpeg as well", async () => {
  const ffmpeg = await program("writes-mulaw", writes);
  const path = join(folder, "phone.wav");
  await writeFile(path, wavBytes({ fmt: [7, 1, 8000, 8000, 1, 8], data: [1, 2, 3] }));

  const { notes } = await readSpeech(await fileSource(path, "phone.wav"), { ffmpeg });

  expect(notes[0]).toBe("decoded from WAV with mu-law (format 0x0007)");
});

test("without ffmpeg the error names what it is needed for and how to get it", async () => {
  const error = await readSpeech(await fileSource(recording, "talk.m4a"), { ffmpeg: join(folder, "none") }).catch(
    (e) => e,
  );

  expect(error).toBeInstanceOf(ToolMissingError);
  expect(error.message).toContain("talk.m4a: MP4 or M4A is decoded by ffmpeg");
  expect(error.message).toContain("cannot be started: ENOENT");
  expect(error.hint).toContain("install ffmpeg");
});

test.each([
  ["before any sound", `process.stderr.write("moov atom not found"); process.exit(1);`],
  ["after some", `${writes} process.stderr.write("moov atom not found"); process.exitCode = 1;`],
])("a failure of ffmpeg %s is the file's error, in ffmpeg's words", async (name, body) => {
  const ffmpeg = await program(name.replaceAll(" ", "-"), body);

  const error = await readSpeech(await fileSource(recording, "talk.m4a"), { ffmpeg }).catch((e) => e);

  expect(error).toBeInstanceOf(FormatError);
  expect(error.message).toBe(
    "talk.m4a: expected a recording, got MP4 or M4A, which ffmpeg cannot read: moov atom not found",
  );
});

test("ffmpeg is ended when the reader stops early", async () => {
  const ffmpeg = await program(
    "endless",
    `${writes} process.stdout.on("error", () => {}); require("node:fs").writeFileSync(${JSON.stringify(join(folder, "pid"))}, String(process.pid)); setInterval(() => process.stdout.write(Buffer.alloc(40000)), 5);`,
  );

  const { blocks } = await openSpeech(await fileSource(recording, "talk.m4a"), { ffmpeg });
  let seen = 0;
  for await (const block of blocks) {
    seen += block.length;
    if (seen > 20_000) break;
  }

  const pid = spawnSync("cat", [join(folder, "pid")], { encoding: "utf8" }).stdout;
  await expect.poll(() => isRunning(Number(pid))).toBe(false);
});

test("a real ffmpeg decodes M4A, AIFF and A-law WAV files that it made itself", async ({ skip }) => {
  const found = spawnSync("ffmpeg", ["-version"]).status === 0;
  skip(!found, "ffmpeg is not installed");

  for (const [name, codec] of [
    ["a.m4a", "aac"],
    ["a.aiff", "pcm_s16be"],
    ["a.wav", "pcm_alaw"],
  ] as const) {
    const path = join(folder, name);
    const tone = ["-f", "lavfi", "-i", "sine=frequency=440:sample_rate=22050:duration=0.5"];
    spawnSync("ffmpeg", ["-y", "-v", "error", ...tone, "-c:a", codec, path]);
    const { pcm } = await readSpeech(await fileSource(path, name));

    // AAC works in blocks of 1024 samples, and may end in a block's silence.
    expect(Math.abs(pcm.length - 8000), name).toBeLessThan(1500);
    const rms = Math.sqrt(pcm.subarray(2000, 6000).reduce((sum, v) => sum + (v / 32768) ** 2, 0) / 4000);
    // The generator's amplitude is 1/8; A-law and AAC keep a steady tone within 5 %.
    expect(Math.abs(rms / (Math.SQRT1_2 / 8) - 1), name).toBeLessThan(0.05);
  }
});

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
