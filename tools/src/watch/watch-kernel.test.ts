import { readFile, rename, writeFile } from "node:fs/promises";
import { ToolError } from "@aiekit/core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type KernelProject, newKernelProject } from "../build/kernel-project.test-support.ts";
import { type KernelWatch, type WatchOutcome, watchKernel } from "./watch-kernel.ts";

let project: KernelProject;
let watched: KernelWatch;
/** The compiler's start and a compile take some seconds, and more where other tests run beside. */
const coldBuildMs = 60_000;
const outcomes: WatchOutcome[] = [];
let arrived = (): void => {};
let foundFresh = (): void => {};

beforeAll(async () => {
  project = await newKernelProject();
  const first = nextOutcome();
  watched = await watchKernel(
    { kernel: "mel", target: "sim" },
    {
      projectRoot: project.root,
      onEvent: (event) => event.kind === "fresh" && foundFresh(),
      onBuild(outcome) {
        outcomes.push(outcome);
        arrived();
      },
    },
  );
  await first;
}, coldBuildMs);
afterAll(async () => {
  await watched.close();
  await project.remove();
});

async function nextOutcome(): Promise<WatchOutcome> {
  const count = outcomes.length;
  while (outcomes.length === count) {
    await new Promise<void>((resolve) => {
      arrived = resolve;
    });
  }
  return outcomes[count] as WatchOutcome;
}

/** Writes as editors do: a new file beside the old, renamed over it. */
async function save(path: string, text: string): Promise<void> {
  await writeFile(project.at(`${path}~`), text);
  await rename(project.at(`${path}~`), project.at(path));
}

test("a saved source is built again; a mistake is reported, and mending it builds again", async () => {
  expect(outcomes).toMatchObject([{ ok: true, result: { fresh: false } }]);
  const path = "kernels/mel/mel.cc";
  const good = await readFile(project.at(path), "utf8");

  let next = nextOutcome();
  await save(path, `${good}\nint broken( { }\n`);
  expect(await next).toMatchObject({ ok: false, error: expect.any(ToolError) });

  next = nextOutcome();
  await save(path, `${good}\nextern "C" int mended() { return 1; }\n`);
  expect(await next).toMatchObject({ ok: true, result: { fresh: false } });
});

test("a saved file that the kernel does not use builds nothing", async () => {
  const count = outcomes.length;
  const fresh = new Promise<void>((resolve) => {
    foundFresh = resolve;
  });
  await save("kernels/fft/fft.cc", "// nothing\n");

  await fresh;
  expect(outcomes.length).toBe(count);
});
