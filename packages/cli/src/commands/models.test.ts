import { readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { openHub } from "../models/hub.test-support.ts";
import { testFolder, tinyModel, writeFiles } from "../models/tiny-model.test-support.ts";
import { runInProcess } from "../run-cli.test-support.ts";

async function cli() {
  const root = await testFolder();
  const run = (...argv: string[]) => {
    const environment = { color: false, ci: true, clang: undefined, variables: { AIEKIT_MODELS: root } };
    return runInProcess(["models", ...argv], { environment });
  };
  return { root, run };
}

test("get, list, verify and rm of a model of a hub, in words and in JSON", async () => {
  const { root, run } = await cli();
  const { url } = await openHub(tinyModel());

  const got = await run("get", "owner/tiny", "--hub", url);
  expect(got).toMatchObject({ code: 0, stdout: expect.stringMatching(/^owner\/tiny: 5 files, 0\.\d MB\n/) });
  expect(got.stdout).toContain(`hashes: 5 as ${url} says, 0 not known before`);
  expect((await run("list")).stdout).toMatch(/owner\/tiny +0\.\d MB +0123456789ab/);
  expect(JSON.parse((await run("list", "--json")).stdout)).toMatchObject({
    folder: root,
    models: [{ name: "owner/tiny" }],
  });
  expect(await run("verify")).toMatchObject({
    code: 0,
    stdout: expect.stringContaining("0 problem(s); 5 files hashed"),
  });
  expect(await run("rm", "owner/tiny")).toMatchObject({ code: 0 });
  expect((await readdir(root)).filter((name) => name !== ".partial")).toEqual([]);
  expect((await run("list")).stdout).toContain("no models: aiekit models get tiny");
});

test("verify tells a byte that changed and a file that is gone, with exit code 1; JSON has every line", async () => {
  const { root, run } = await cli();
  const from = join(await testFolder(), "mine");
  await writeFiles(from, tinyModel());
  await run("get", "mine", "--from", from);
  const changed = tinyModel().get("model.safetensors")!;
  changed[changed.length - 1]! ^= 1;
  await writeFile(join(root, "mine", "model.safetensors"), changed);

  expect(await run("verify", "mine")).toMatchObject({
    code: 1,
    stdout: expect.stringContaining("  model.safetensors: not the bytes that came: another SHA-256\n"),
  });
  await writeFile(join(from, "config.json"), '{"model_type":"bert"}');
  const json = await run("verify", from, "--json");
  expect([json.code, JSON.parse(json.stdout)]).toEqual([
    1,
    { ok: false, models: [{ folder: from, hashed: 0, problems: [expect.stringContaining('got "bert"')] }] },
  ]);
});

test.each([
  [["get"], "models get: expected a model"],
  [["get", "../x"], "model ../x: expected owner/name or a size of Whisper"],
  [["get", "a/b/c"], "model a/b/c: expected owner/name"],
  [["list", "--hub", "http://x"], "--hub: an option of models get, not of models list"],
  [["get", "tiny", "--hub", "x"], "--hub x: expected an address"],
  [["get", "tiny", "--hub", "http://x", "--mirror", "http://y"], "expected one of --hub, --mirror"],
  [["get", "tiny", "base", "--from", "x"], "--from: expected one model's name"],
  [["get", "tiny", "--mirror", "http://x", "--revision", "v1"], "--revision: a hub has revisions"],
  [["rm", "tiny"], "model openai/whisper-tiny: not in "],
  [["verify", "turbo"], "model turbo: neither a folder nor in "],
])("%j is refused with exit code 2", async (argv, message) => {
  const { run } = await cli();

  expect(await run(...argv)).toMatchObject({ code: 2, stderr: expect.stringContaining(message) });
});

test("a folder that is no model is refused with the list and exit code 3", async () => {
  const { run } = await cli();
  const from = await testFolder();

  const { code, stderr } = await run("get", "mine", "--from", from);
  expect(code).toBe(3);
  for (const file of ["config.json", "generation_config.json", "preprocessor_config.json", "tokenizer.json"])
    expect(stderr).toContain(`  ${file}: missing\n`);
  expect(stderr).toContain("  model.safetensors: missing, and there is no model.safetensors.index.json of shards");
});
