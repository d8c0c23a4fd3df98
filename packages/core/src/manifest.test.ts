import { expect, test } from "vitest";
import { type Manifest, parseManifest } from "./manifest.ts";
import { sealManifest } from "./manifest-seal.ts";

const file = { path: "a.bin", bytes: 4, sha256: "0".repeat(64) };
const manifest: Manifest = {
  format: "aiekit-manifest",
  version: 1,
  kernel: "mel",
  about: "log-mel",
  target: "sim",
  device: "npu1_1col",
  params: { tiles: 1 },
  design: file,
  xclbin: file,
  xclbinKernel: "MLIR_AIE",
  sequences: [
    {
      name: "s",
      insts: file,
      units: 1,
      args: [{ name: "pcm", direction: "in", dtype: "i16", shape: [400], bytes: 800 }],
    },
  ],
  inputs: [],
  tools: [],
};

test("a manifest survives writing and reading", () => {
  expect(parseManifest(JSON.stringify(manifest), "manifest.json")).toEqual(manifest);
});

test.each([
  ["version", { ...manifest, version: 2 }, /version: this program reads version 1, got 2/],
  ["target", { ...manifest, target: "npu9" }, /target: expected one of sim, npu1, npu2/],
  ["hash", { ...manifest, xclbin: { ...file, sha256: "xyz" } }, /xclbin\.sha256: expected 64 hex digits/],
  [
    "hash of a tool",
    { ...manifest, tools: [{ name: "aie-opt", version: "1", sha256: "xyz" }] },
    /tools\[0\]\.sha256: expected 64 hex digits/,
  ],
  ["no sequence", { ...manifest, sequences: [] }, /sequences: expected at least one/],
  [
    "bytes",
    {
      ...manifest,
      sequences: [{ ...manifest.sequences[0]!, args: [{ ...manifest.sequences[0]!.args[0]!, bytes: 801 }] }],
    },
    /args\[0\]\.bytes: shape says 800, got 801/,
  ],
  [
    "padded shape",
    {
      ...manifest,
      sequences: [
        { ...manifest.sequences[0]!, args: [{ ...manifest.sequences[0]!.args[0]!, padded: [399], bytes: 798 }] },
      ],
    },
    /args\[0\]\.padded: expected at least \[400\] in each dimension, got \[399\]/,
  ],
  [
    "margin",
    {
      ...manifest,
      sequences: [
        {
          ...manifest.sequences[0]!,
          args: [{ ...manifest.sequences[0]!.args[0]!, padded: [401], bytes: 802, margin: { before: 1, after: 1 } }],
        },
      ],
    },
    /args\[0\]\.margin: expected a padded buffer of at least 402 rows, got \[401\]/,
  ],
  [
    "estimate",
    {
      ...manifest,
      sequences: [
        { ...manifest.sequences[0]!, estimate: { plan: "p", cycles: -1, bytesToArray: 0, bytesFromArray: 0 } },
      ],
    },
    /sequences\[0\]\.estimate\.cycles: expected/,
  ],
  [
    "parameter word",
    {
      ...manifest,
      sequences: [
        {
          ...manifest.sequences[0]!,
          parameters: [
            {
              name: "keys",
              argument: "kv",
              min: 1,
              max: 9,
              words: [{ index: manifest.sequences[0]!.insts.bytes / 4, step: 1, factor: 1, constant: 0 }],
            },
          ],
        },
      ],
    },
    /parameters\[0\]\.words\[0\]\.index: the stream has \d+ words, got \d+/,
  ],
])("a wrong %s is refused by name", (_what, value, message) => {
  expect(() => parseManifest(JSON.stringify(value), "manifest.json")).toThrow(message);
});

test("text that is not JSON is refused", () => {
  expect(() => parseManifest("mel", "manifest.json")).toThrow(/manifest\.json: expected a JSON manifest/);
});

test("a sealed manifest with any one byte changed, or any line left out, is refused", () => {
  const text = sealManifest({ ...manifest, lowered: file });
  const bytes = new TextEncoder().encode(text);

  expect(parseManifest(text, "manifest.json")).toMatchObject(manifest);
  for (const at of bytes.keys()) {
    const damaged = bytes.slice();
    damaged[at]! ^= 1;
    expect(() => parseManifest(new TextDecoder().decode(damaged), "m"), `byte ${at}`).toThrow(/^m: /);
  }
  const lines = text.split("\n");
  for (const at of lines.keys()) {
    // Without the last field there is nothing to hold the rest against; the comma before it is then one too many.
    const rest = lines.filter((_, i) => i !== at).join("\n");
    expect(() => parseManifest(rest, "m"), lines[at]).toThrow(/^m: /);
  }
});

test("a sealed manifest whose values were changed says both hashes and where the field stands", () => {
  const text = sealManifest(manifest);
  const changed = text.replace('"units": 1', '"units": 2');

  expect(() => parseManifest(changed, "manifest.json")).toThrow(
    expect.objectContaining({
      message: expect.stringMatching(
        /sha256: expected [0-9a-f]{64} of this file's text, got [0-9a-f]{64}: it was changed/,
      ),
      offset: text.lastIndexOf('"', text.lastIndexOf('"') - 1),
    }),
  );
});
