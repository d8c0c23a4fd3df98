import { execFile, execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { expect, test } from "vitest";
import { randomFrames, repositoryRoot } from "./kernel-pair.test-support.ts";
import { logMelReference } from "./mel-reference.test-support.ts";

test("the committed table headers are what scripts/make-kernel-tables.mjs writes", async () => {
  const script = await import(pathToFileURL(join(repositoryRoot, "scripts/make-kernel-tables.mjs")).href);
  const tables: ReadonlyMap<string, string> = script.kernelTables();

  expect([...tables.keys()].sort()).toEqual(["kernels/fft/fft_tables.h", "kernels/mel/mel_tables.h"]);
  for (const [path, text] of tables) expect(readFileSync(join(repositoryRoot, path), "utf8"), path).toBe(text);
});

const compiler = ["g++", "c++", "clang++"].find((name) => runs(name));
if (!compiler) console.warn("skipped: native build of kernels/mel/mel_ref.h: no g++, c++ or clang++ on this machine");

test.skipIf(!compiler)(
  "mel_ref.h and fft_ref.h compile natively without warnings and compute log-mel there",
  async () => {
    const folder = mkdtempSync(join(tmpdir(), "aiekit-native-"));
    try {
      const frame = randomFrames(1, 400, 9)[0]!;
      writeFileSync(join(folder, "frame.cc"), nativeProgram(frame));
      const args = [
        "-std=c++17",
        "-O1",
        "-Wall",
        "-Wextra",
        "-Wconversion",
        "-Werror",
        "-I",
        join(repositoryRoot, "kernels"),
      ];
      await run(compiler as string, [...args, join(folder, "frame.cc"), "-o", join(folder, "frame")]);
      const decibels = (await run(join(folder, "frame"), []))
        .trim()
        .split(" ")
        .map((v) => Number(v) / 256);

      const expected = logMelReference(frame);
      expect(decibels).toHaveLength(80);
      for (const [band, db] of decibels.entries()) expect(Math.abs(db - expected[band]!)).toBeLessThan(0.01);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  },
);

const nativeProgram = (frame: Int16Array): string => `
#include <cstdio>
#include "mel/mel_ref.h"
int main() {
  const int16_t pcm[400] = {${frame.join(", ")}};
  int16_t out[80];
  int32_t bins[1024];
  mel::mel_frame_i16_ref(pcm, out);
  const int16_t silence[512] = {};
  fft512::fft512_i16_ref(silence, bins);
  for (int i = 0; i < 80; ++i) std::printf("%d ", out[i]);
  return bins[0];
}`;

function runs(name: string): boolean {
  try {
    execFileSync(name, ["--version"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

const run = (program: string, args: readonly string[]): Promise<string> =>
  new Promise((resolve, reject) => {
    execFile(program, args, (error, stdout, stderr) =>
      error ? reject(new Error(`${error.message}\n${stderr}`)) : resolve(stdout),
    );
  });
