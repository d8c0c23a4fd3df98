import { join } from "node:path";
import { demoModelPath } from "@aiekit/pipeline";
import { wordErrorRate, wordErrors } from "@aiekit/validate";
import { expect, test } from "vitest";
import { readEnvironment } from "./environment.ts";
import { runInProcess } from "./run-cli.test-support.ts";

// Kernels are built where they are stale: minutes on a busy machine.
const minutesMs = 1_200_000;

interface Said {
  readonly name: string;
  readonly text: string;
  readonly errors: { readonly words: number };
}

test(
  "demo: on the simulated array the samples have the word error rate that onnxruntime gives, within half a point",
  async () => {
    const environment = { ...readEnvironment(), color: false, ci: true };
    const demo = await runInProcess(["demo", "--json"], { environment });
    const { recordings, wer, words, trace } = JSON.parse(demo.stdout);
    const said = new Map((recordings as readonly Said[]).map((one) => [one.name, one]));
    const argv = ["transcribe", join(demoModelPath, "samples"), "--device", "cpu", "--json"];
    const cpu = (await runInProcess(argv, { environment })).stdout.trimEnd().split("\n");
    const heard = cpu.map((line) => JSON.parse(line)).filter(({ kind }) => kind === "transcription");

    expect([demo.code, heard.length]).toEqual([0, said.size]);
    expect(words).toBeGreaterThan(80);
    // What the array says, held to what the CPU says: the same words are errors of neither.
    const differences = heard.map(({ recording, text }) => {
      const name = recording.split(/[/\\]/).at(-1);
      return { name, errors: wordErrors(text, said.get(name)!.text) };
    });
    const differing = differences.filter(({ errors: e }) => e.substitutions + e.deletions + e.insertions > 0);
    expect(differing.map(({ name }) => name).length / heard.length, JSON.stringify(differing)).toBeLessThanOrEqual(
      0.05,
    );
    expect(wordErrorRate(differences.map(({ errors }) => errors))).toBeLessThanOrEqual(0.005);
    expect(wer).toBeLessThan(0.05);
    expect(trace.parts.map(({ executor }: { executor: string }) => executor)).toEqual(["sim", "sim"]);
    expect(trace.launches.map(({ part }: { part: string }) => part)).toContain("mel");
  },
  minutesMs,
);
