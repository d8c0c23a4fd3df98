import { readFileSync } from "node:fs";
import { mkdir, readdir, readFile, stat, symlink, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { readNpy } from "@aiekit/core";
import { demoModelPath } from "@aiekit/pipeline";
import { afterAll, expect, test } from "vitest";
import { tinyModel, writeFiles } from "../models/tiny-model.test-support.ts";
import { syntheticWav } from "../synthetic-wav.ts";
import { lines, model, noOnnxRuntime, transcribeFolder } from "./transcribe.test-support.ts";

const { folder, transcribe, remove } = await transcribeFolder();
afterAll(remove);

const json = (text: string) => lines(text).map((line) => JSON.parse(line));

test("the text goes to stdout, what is said about it to stderr; auto says what it chose and why", async () => {
  const [text, both] = [
    await transcribe(["a.wav", ...model, "--format", "txt"]),
    await transcribe(["a.wav", ...model, "--device", "auto"]),
  ];

  expect([text.code, both.code]).toEqual([0, 0]);
  expect(text.stdout).not.toContain("wall time");
  expect(text.stderr).toContain("a.wav: 1.50 s of sound");
  expect(text.stderr).toMatch(/wall time: decode audio .*, log-mel .*, encoder .*, decoder .*, other .*, total /);
  expect(text.stderr).not.toContain("auto");
  expect(both.stderr).toMatch(/^auto: encoder and decoder on \w+; xrt: /m);
});

test("--json prints a line a recording, failures too, and a summary", async () => {
  const { code, stdout } = await transcribe(["a.wav", "nowhere.wav", "b.wav", ...model, "--json"]);

  const [first, failed, second, summary, ...more] = json(stdout);
  expect([code, more]).toEqual([3, []]);
  expect(first).toMatchObject({ kind: "transcription", recording: "a.wav", language: "en", durationSeconds: 1.5 });
  expect(Object.keys(first.wallMs)).toEqual(["audioMs", "melMs", "encoderMs", "decoderMs", "otherMs", "totalMs"]);
  expect(first.trace.parts.map(({ executor }: { executor: string }) => executor)).toEqual(["reference", "reference"]);
  expect(failed).toMatchObject({ kind: "failed", recording: "nowhere.wav", error: { code: "format" } });
  expect(second.recording).toBe("b.wav");
  expect(summary).toEqual({ kind: "summary", done: 2, skipped: 0, failed: ["nowhere.wav"] });
});

test("a recording that fails stops no other; they are listed at the end", async () => {
  const { code, stderr } = await transcribe(["nowhere.wav", "a.wav", ...model, "--out", "after-failure"]);

  expect(code).toBe(3);
  expect(stderr).toContain("error: nowhere.wav: there is no such file");
  expect(lines(stderr).slice(-2)).toEqual(["1 transcribed, 0 finished before, 1 failed", "  failed: nowhere.wav"]);
  expect((await readdir(join(folder, "after-failure"))).sort()).toEqual([".aiekit", "a.txt"]);
});

test("results of every format, by renaming; a re-run leaves out what is finished and does what is not", async () => {
  const argv = ["a.wav", "b.wav", ...model, "--out", "out", "--format", "all"];
  const kinds = async (...more: readonly string[]) =>
    json((await transcribe([...argv, ...more, "--json"])).stdout).map(({ kind }) => kind);
  const first = await transcribe(argv);
  const names = ["txt", "srt", "vtt", "tsv", "json", "verbose.json"].flatMap((end) => [`a.${end}`, `b.${end}`]);

  expect(lines(first.stdout).sort()).toEqual(names.map((name) => join("out", name)).sort());
  expect((await readdir(join(folder, "out"))).sort()).toEqual([".aiekit", ...names].sort());
  expect(JSON.parse(await readFile(join(folder, "out", "a.verbose.json"), "utf8")).language).toBe("english");
  expect(await kinds()).toEqual(["skipped", "skipped", "summary"]);
  expect(await kinds("--overwrite")).toEqual(["transcription", "transcription", "summary"]);
  expect(await kinds("--prompt", "the")).toEqual(["transcription", "transcription", "summary"]);
  expect(await kinds()).toEqual(["transcription", "transcription", "summary"]);
  await writeFile(join(folder, "out", "a.srt"), "cut");
  await utimes(join(folder, "b.wav"), 1, 1);
  expect(await kinds()).toEqual(["transcription", "transcription", "summary"]);
  await writeFiles(join(folder, "model"), tinyModel());
  expect(await kinds()).toEqual(["transcription", "transcription", "summary"]);
  expect(await kinds()).toEqual(["skipped", "skipped", "summary"]);
});

test("results of another recording of the same name are not replaced unless --overwrite says so", async () => {
  await mkdir(join(folder, "second"));
  await writeFile(join(folder, "second", "a.wav"), syntheticWav(0.6, 7));
  const argv = (recording: string) => [recording, ...model, "--out", "shared"];
  await transcribe(argv("a.wav"));
  const before = await readFile(join(folder, "shared", "a.txt"), "utf8");

  const refused = await transcribe(argv("second/a.wav"));

  expect(refused.code).toBe(2);
  expect(lines(refused.stderr).slice(-2)).toEqual([
    `error: a: the results there are of another recording, ${join(folder, "a.wav")}`,
    "hint: give another folder with --out, or replace them with --overwrite",
  ]);
  expect(await readFile(join(folder, "shared", "a.txt"), "utf8")).toBe(before);
  expect((await transcribe([...argv("second/a.wav"), "--overwrite"])).code).toBe(0);
  expect((await transcribe(argv("second/a.wav"))).stderr).toContain("second/a.wav: finished before");
});

test("results of one array are not those of another", async () => {
  const kind = async (...more: readonly string[]) =>
    json((await transcribe(["b.wav", ...model, "--out", "keys", "--json", ...more])).stdout)[0].kind;

  expect(await kind()).toBe("transcription");
  expect(await kind()).toBe("skipped");
  expect(await kind("--npu", "npu2")).toBe("transcription");
  expect(await kind("--npu", "npu2")).toBe("skipped");
});

test("a folder's recordings go to folders of the same names; of two with one stem both keep their endings", async () => {
  await mkdir(join(folder, "in", "deep"), { recursive: true });
  await writeFile(join(folder, "in", "deep", "c.wav"), syntheticWav(0.5, 1));
  await writeFile(join(folder, "in", "d.wav"), syntheticWav(0.5, 1));
  await writeFile(join(folder, "in", "d.flac"), syntheticWav(0.5, 1));
  await writeFile(join(folder, "in", "notes.txt"), "not sound");

  const { code, stdout, stderr } = await transcribe(["in", "in/d.wav", ...model, "--out", "tree"]);

  expect(code).toBe(0);
  expect(lines(stdout)).toEqual(
    ["d.flac.txt", "d.wav.txt", "deep/c.txt", "d.wav.2.txt"].map((name) => join("tree", name)),
  );
  expect(stderr).toContain("note: the name says .flac, the content is WAV: read as that");
});

test("a result that cannot be written is named with its folder", async () => {
  await mkdir(join(folder, "taken", "a.txt"), { recursive: true });

  const { code, stderr } = await transcribe(["a.wav", ...model, "--out", "taken"]);

  expect([code, lines(stderr).at(-2)]).toEqual([
    2,
    `error: ${join("taken", "a.txt")}: expected a file to write, got a folder`,
  ]);
});

test("a link to a recording in a folder is one, a link to nothing is left out", async () => {
  await mkdir(join(folder, "links"));
  await symlink(join(folder, "b.wav"), join(folder, "links", "b.wav"));
  await symlink(join(folder, "gone.wav"), join(folder, "links", "gone.wav"));

  const { code, stdout } = await transcribe(["links", ...model, "--out", "linked"]);

  expect([code, stdout]).toEqual([0, `${join("linked", "b.txt")}\n`]);
});

test("without HOME, cpu makes its graphs in a folder of this run, says so, and removes it", async ({ skip }) => {
  if (noOnnxRuntime !== undefined) skip(noOnnxRuntime);
  const environment = { color: false, ci: true, clang: undefined, xrtAddon: "/nowhere/a.node", variables: {} };

  const { code, stderr } = await transcribe(["a.wav", ...model, "--device", "cpu"], { environment });

  expect(code).toBe(0);
  const place = stderr.match(/^cpu: HOME is not set: graphs are made for this run alone, in (.+)$/m)?.[1];
  expect(place).toBeDefined();
  await expect(stat(place!)).rejects.toThrow("ENOENT");
});

test("Ctrl-C leaves what is finished; the next run does the rest", async () => {
  const stop = new AbortController();
  const stdout = {
    write: (text: string) => {
      if (text.includes("a.txt")) stop.abort();
    },
  };
  const argv = ["a.wav", "b.wav", ...model, "--out", "stopped"];

  const { code, stderr } = await transcribe(argv, { signal: stop.signal, stdout });
  const again = await transcribe([...argv, "--json"]);

  expect(code).toBe(130);
  expect(stderr).toContain("stopped with Ctrl-C");
  expect(json(again.stdout).map(({ kind, recording }) => [kind, recording])).toEqual([
    ["skipped", "a.wav"],
    ["transcription", "b.wav"],
    ["summary", undefined],
  ]);
});

test("--chunked: windows that overlap; a re-run knows of it, Ctrl-C stops it, and what contradicts is refused", async () => {
  const kinds = async (...more: readonly string[]) =>
    json((await transcribe(["a.wav", ...model, "--out", "chunked", "--json", ...more])).stdout).map(({ kind }) => kind);
  const windows = async (...more: readonly string[]) =>
    json((await transcribe(["a.wav", ...model, "--json", ...more])).stdout)[0].trace.parts[0].calls;
  const stop = new AbortController();
  const stdout = { write: () => stop.abort() };

  // 1.5 s in windows of 1 s that begin 0.66 s, 0.2 s, 0.8 s apart.
  expect([await windows("--chunked"), await windows("--chunked", "0.4"), await windows("--chunked=0.1")]).toEqual([
    2, 4, 2,
  ]);
  expect(await kinds("--chunked")).toEqual(["transcription", "summary"]);
  expect(await kinds("--chunked")).toEqual(["skipped", "summary"]);
  expect(await kinds("--chunked", "0.4")).toEqual(["transcription", "summary"]);
  expect(await kinds()).toEqual(["transcription", "summary"]);
  expect((await transcribe(["a.wav", ...model, "--chunked", "0.4"], { signal: stop.signal, stdout })).code).toBe(130);
  for (const [argv, message] of [
    [["a.wav", "--chunked", "--word-timestamps"], "have neither words nor clips"],
    [["a.wav", "--chunked", "--clips", "0,1"], "--chunked, --clips"],
    [["--chunked", "a.wav"], "it stands behind the recordings"],
    [["a.wav", "--chunked", "0.5"], "less than half of the window's 1 s"],
  ] as const) {
    const refused = await transcribe([...argv, ...model]);
    expect([refused.code, refused.stderr], message).toEqual([2, expect.stringContaining(message)]);
  }
});

test("--short-windows: what is left of a recording runs in a shorter window; a re-run knows of it", async () => {
  const run = async (...more: readonly string[]) => {
    const { code, stdout, stderr } = await transcribe(["b.wav", ...model, "--json", ...more]);
    return { code, stderr, kind: json(stdout || "{}")[0]?.kind };
  };
  const out = ["--out", "short"];

  expect((await run(...out, "--short-windows")).kind).toBe("transcription");
  expect((await run(...out, "--short-windows", "auto")).kind).toBe("skipped");
  expect((await run(...out, "--short-windows", "0.5,0.9")).kind).toBe("transcription");
  expect(await run("--short-windows", "2")).toMatchObject({
    code: 2,
    stderr: expect.stringContaining("the model's 1 s"),
  });
  expect(await run("--short-windows", "x")).toMatchObject({
    code: 2,
    stderr: expect.stringContaining("seconds, 1.5,3"),
  });
  const dumped = await run("--short-windows", "--dump-features", "f.npy");
  expect(dumped).toMatchObject({ code: 2, stderr: expect.stringContaining("windows of several lengths are no array") });
});

test("stdin: a file by its content, and samples without a header, give the file's text", async () => {
  async function* stdin(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
    for (let at = 0; at < bytes.length; at += 999) yield bytes.slice(at, at + 999);
  }
  const bytes = new Uint8Array(readFileSync(join(folder, "a.wav")));
  const texts = async (argv: readonly string[], options = {}) =>
    json((await transcribe([...argv, ...model, "--json"], options)).stdout)[0];

  const file = await texts(["a.wav"]);
  const wav = await texts(["-"], { stdin: stdin(bytes) });
  // syntheticWav writes a header of 44 bytes.
  const raw = await texts(["-", "--pcm", "s16le:16000:1"], { stdin: stdin(bytes.slice(44)) });

  expect(file.segments.length).toBeGreaterThan(0);
  expect([wav.recording, wav.segments, raw.segments]).toEqual(["-", file.segments, file.segments]);
  expect(raw.audio.container).toBe("raw PCM");
});

test("dumps hold features, encoder output and tokens of every window", async () => {
  const dumps = ["--dump-features", "f.npy", "--dump-encoder", "e.npy", "--dump-tokens", "t.json"];
  const { code, stdout } = await transcribe(["a.wav", ...model, ...dumps, "--json"]);

  const [{ trace, files }] = json(stdout);
  const [features, encoder] = ["f.npy", "e.npy"].map((name) => readNpy(readFileSync(join(folder, name))));
  const { windows } = JSON.parse(await readFile(join(folder, "t.json"), "utf8"));
  expect([code, files]).toEqual([0, ["f.npy", "e.npy", "t.json"]]);
  expect(features!.shape).toEqual([trace.parts[0].calls, 4, 100]);
  expect(encoder!.shape).toEqual([trace.parts[0].calls, 50, 8]);
  expect(windows).toHaveLength(trace.parts[0].calls);
  expect(windows[0]).toMatchObject({ seek: 0, skipped: false, decoded: { temperature: 0 } });
  const two = await transcribe(["a.wav", "b.wav", ...model, ...dumps]);
  expect([two.code, two.stderr]).toEqual([2, expect.stringContaining("expected one recording, got 2")]);
});

test("--explain says which executor ran which part, and that nothing was launched", async () => {
  const { stderr } = await transcribe(["a.wav", ...model, "--explain"]);

  expect(stderr).toMatch(/^encoder +reference +\d+ window\(s\) /m);
  expect(stderr).toMatch(/^decoder +reference +\d+ tokens in \d+ calls /m);
  expect(stderr).toContain("launches on a device: none");
});

test("encoder on onnxruntime and decoder in TypeScript, and the other way round, say what TypeScript says", async ({
  skip,
}) => {
  if (noOnnxRuntime !== undefined) skip(noOnnxRuntime);
  const run = async (...places: readonly string[]) => {
    const { code, stdout } = await transcribe(["a.wav", ...model, ...places, "--json"]);
    const [{ segments, trace }] = json(stdout);
    const parts = trace.parts.map(({ part, executor }: { part: string; executor: string }) => [part, executor]);
    return { code, tokens: segments.map(({ tokens }: { tokens: number[] }) => tokens), parts };
  };

  const { tokens } = await run();
  const [first, second] = [await run("--encoder", "cpu"), await run("--decoder", "cpu")];

  expect(first).toEqual({
    code: 0,
    tokens,
    parts: [
      ["encoder", "cpu"],
      ["decoder", "reference"],
    ],
  });
  expect(second).toEqual({
    code: 0,
    tokens,
    parts: [
      ["encoder", "reference"],
      ["decoder", "cpu"],
    ],
  });
});

test("--word-timestamps: words of the demo model in order, within their recording, and each underlined once in srt", async () => {
  const television = join(demoModelPath, "samples", "television.wav");
  const argv = [television, "--device", "reference", "--language", "en", "--word-timestamps"];
  const record = json((await transcribe([...argv, "--json"])).stdout)[0];
  const srt = (await transcribe([...argv, "--format", "srt", "--highlight-words"])).stdout;

  const words = record.segments.flatMap(({ words: some }: { words: { word: string }[] }) => some);
  const times = words.flatMap(({ startSeconds, endSeconds }: Record<string, number>) => [startSeconds, endSeconds]);
  expect(
    words
      .map(({ word }: { word: string }) => word)
      .join("")
      .trim(),
  ).toBe("please switch on the bedroom television");
  expect(times).toEqual([...times].sort((a, b) => a - b));
  expect(times.at(-1)).toBeLessThanOrEqual(record.durationSeconds);
  expect(srt.match(/<u>\w+<\/u>/g)).toEqual(
    ["please", "switch", "on", "the", "bedroom", "television"].map((w) => `<u>${w}</u>`),
  );
});

test("German and de are one language", async () => {
  const language = async (name: string) =>
    json((await transcribe(["b.wav", ...model, "--language", name, "--json"])).stdout)[0].language;

  expect([await language("German"), await language("de")]).toEqual(["de", "de"]);
});
