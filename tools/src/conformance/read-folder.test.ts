import { cp, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { FormatError } from "@aiekit/core";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { readConformanceDesign, readConformanceIndex } from "./read-folder.ts";

const fixtures = join(import.meta.dirname, "../../../mlir/fixtures/conformance");
const design = "depth-1-scalar";
const files = [".mlir", ".json", ".addresses.mlir", ".insts.bin"].map((ending) => `${design}${ending}`);
let cwd: string;

beforeAll(async () => {
  cwd = await mkdtemp(join(tmpdir(), "aiekit-conformance-"));
});

afterAll(() => rm(cwd, { recursive: true }));

beforeEach(async () => {
  await rm(join(cwd, "designs"), { recursive: true, force: true });
  await mkdir(join(cwd, "designs"));
  for (const file of files) await cp(join(fixtures, file), join(cwd, "designs", file));
  await writeFile(join(cwd, "designs", "index.json"), JSON.stringify({ designs: [{ name: design }] }));
});

const folder = () => ({ path: "designs", cwd });
const write = (file: string, content: string | Uint8Array) => writeFile(join(cwd, "designs", file), content);
const answer = (stages: unknown) => write(`${design}.json`, JSON.stringify({ stages }));
const verified = { verify: { ok: true } };

test("a folder is read with the answers of each stage and its streams", async () => {
  const read = await readConformanceDesign(folder(), design);

  expect(await readConformanceIndex(folder())).toEqual([design]);
  expect([...read.answers.keys()]).toEqual(["verify", "addresses", "route", "insts"]);
  expect(read.streams.map(({ device, sequence }) => [device, sequence])).toEqual([["main", "sequence"]]);
  expect(read.lowered).toContain("aie.dma_start");
});

test("a folder that is missing, or a file, is refused by name", async () => {
  await expect(readConformanceIndex({ path: "none", cwd })).rejects.toThrow(
    new FormatError("none: there is no such folder"),
  );
  await expect(readConformanceIndex({ path: "designs/index.json", cwd })).rejects.toThrow(
    "expected a folder, got a file",
  );
});

test.each<[string, string | undefined, string]>([
  ["a missing index", undefined, "designs/index.json: there is no such file"],
  ["a broken index", '{"designs": [', "designs/index.json: expected JSON: "],
  ["an index that is a list", "[]", "designs/index.json: expected an object, got []"],
  ["an index without designs", "{}", "designs/index.json: designs: expected a list, got nothing"],
  ["an empty index", '{"designs": []}', "designs: expected at least one, got none"],
  [
    "a name that leaves the folder",
    '{"designs": [{"name": "../x"}]}',
    "designs[0].name: expected a file name of letters",
  ],
  ["a name that is a number", '{"designs": [{"name": 3}]}', "designs[0].name: expected a file name of letters"],
  ["a name twice", '{"designs": [{"name": "a"}, {"name": "a"}]}', "designs: a is named twice"],
])("%s is refused", async (_, content, message) => {
  if (content === undefined) await rm(join(cwd, "designs", "index.json"));
  else await write("index.json", content);

  const read = readConformanceIndex(folder());

  await expect(read).rejects.toThrow(FormatError);
  await expect(read).rejects.toThrow(message);
});

test.each<[string, () => Promise<unknown>, string]>([
  ...files.map((file): [string, () => Promise<unknown>, string] => [
    `${file} missing`,
    () => rm(join(cwd, "designs", file)),
    `designs/${file}: there is no such file`,
  ]),
  ["a broken answer", () => write(`${design}.json`, "{"), `designs/${design}.json: expected JSON: `],
  ["no stages", () => write(`${design}.json`, "{}"), "stages: expected an object, got nothing"],
  ["no verify", () => answer({}), "stages: expected verify at least, got none"],
  [
    "an unknown stage",
    () => answer({ ...verified, place: {} }),
    'expected verify, addresses, route, insts, got "place"',
  ],
  ["a stage without verdict", () => answer({ verify: {} }), "verify.ok: expected true or false, got nothing"],
  [
    "a refusal without error",
    () => answer({ verify: { ok: false } }),
    "verify.error: expected the tool's error, got none",
  ],
  [
    "an error that is a number",
    () => answer({ verify: { ok: false, error: 3 } }),
    "verify.error: expected a text, got 3",
  ],
  ["streams left out", () => answer({ ...verified, insts: { ok: true } }), "insts.sequences: expected a list"],
  [
    "a stream outside the folder",
    () => answer({ ...verified, insts: { ok: true, sequences: [{ device: "a", sequence: "b", file: "/etc/hosts" }] } }),
    "insts.sequences[0].file: expected a file name",
  ],
  [
    "a stream cut off",
    () => write(`${design}.insts.bin`, new Uint8Array(7)),
    "expected whole 32-bit words, got 7 bytes",
  ],
  ["a design that is no text", () => write(`${design}.mlir`, Uint8Array.of(0xff, 0xfe)), "expected UTF-8 text"],
])("%s is refused", async (_, spoil, message) => {
  await spoil();

  const read = readConformanceDesign(folder(), design);

  await expect(read).rejects.toThrow(FormatError);
  await expect(read).rejects.toThrow(message);
});
