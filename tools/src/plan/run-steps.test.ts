import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { AbortedError, BudgetError } from "@aiekit/core";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openStepCache, type StepCache } from "../cache/step-cache.ts";
import { type RunStepsOptions, runSteps } from "./run-steps.ts";
import type { BuildEvent, Step } from "./step.ts";

let folder: string;
let cache: StepCache;
let events: BuildEvent[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "aiekit-steps-"));
  cache = openStepCache(folder);
  events = [];
});
afterEach(() => rm(folder, { recursive: true }));

const text = (bytes: Uint8Array | undefined): string => new TextDecoder().decode(bytes);

/** A step whose output `out` is its own text followed by what it read. */
function concat(name: string, own: string, from: readonly string[] = [], extra: Partial<Step> = {}): Step {
  return {
    name,
    kind: "concat",
    version: "1",
    inputs: { own },
    reads: from.map((step) => ({ step, output: "out" })),
    command: `concat ${own}`,
    run: ({ reads }) => new Map([["out", new TextEncoder().encode(own + reads.map(text).join(""))]]),
    ...extra,
  };
}

const run = (steps: readonly Step[], options: Partial<RunStepsOptions> = {}) =>
  runSteps(steps, { cache, jobs: 4, onEvent: (event) => events.push(event), ...options });
const happened = (kind: BuildEvent["kind"]): string[] =>
  events.flatMap((event) => (event.kind === kind && "step" in event ? [event.step] : []));

test("a step gets the outputs it reads, in the order it names them, wherever it stands in the list", async () => {
  const outputs = await run([concat("c", "c", ["b", "a"]), concat("b", "b", ["a"]), concat("a", "a")]);

  expect(text(outputs.get({ step: "c", output: "out" }))).toBe("cbaa");
  expect(happened("done")).toEqual(["a", "b", "c"]);
});

test("steps that do not read from each other run at the same time", async () => {
  const meeting = rendezvous(2);
  const meet = { run: () => meeting().then(() => new Map([["out", new Uint8Array()]])) };

  await run([concat("left", "l", [], meet), concat("right", "r", [], meet)]);

  expect(events.slice(0, 2).map((event) => event.kind)).toEqual(["start", "start"]);
});

test("no more than `jobs` steps run at once", async () => {
  let running = 0;
  let most = 0;
  // The first steps wait for one another, so that two are under way at once however slow the machine is.
  let twoAreRunning = (): void => undefined;
  const two = new Promise<void>((resolve) => {
    twoAreRunning = resolve;
  });
  const count = {
    run: async () => {
      most = Math.max(most, ++running);
      if (running === 2) twoAreRunning();
      await two;
      await new Promise((resume) => setImmediate(resume));
      running--;
      return new Map([["out", new Uint8Array()]]);
    },
  };

  await run(
    ["1", "2", "3", "4", "5"].map((name) => concat(name, name, [], count)),
    { jobs: 2 },
  );

  expect(most).toBe(2);
});

test("a changed input runs its step and what reads from it; an equal result stops the wave", async () => {
  const firstLetter: Partial<Step> = {
    kind: "first letter",
    run: ({ reads }) => new Map([["out", (reads[0] ?? new Uint8Array()).slice(0, 1)]]),
  };
  const plan = (own: string) => [
    concat("source", own),
    concat("letter", "", ["source"], firstLetter),
    concat("report", "-", ["letter"]),
    concat("aside", "x"),
  ];
  await run(plan("abc"));
  events = [];

  await run(plan("axy"));

  expect(happened("done")).toEqual(["source", "letter"]);
  expect(happened("cached").sort()).toEqual(["aside", "report"]);
});

test("another version of a step's code or tools runs it again", async () => {
  await run([concat("a", "a")]);
  events = [];

  await run([concat("a", "a", [], { version: "2" })]);

  expect(happened("done")).toEqual(["a"]);
});

test("the first failure names its step, keeps class and hint, and stops what has not begun", async () => {
  const fail = {
    run: () => {
      throw new BudgetError("tile (0,2) needs 70000 B", { hint: "lower the depth" });
    },
  };
  const failed = run([concat("lower", "l", [], fail), concat("pack", "p", ["lower"]), concat("later", "x")], {
    jobs: 1,
  });

  const error = await failed.catch((e: unknown) => e);
  expect(error).toBeInstanceOf(BudgetError);
  expect(error).toMatchObject({ message: "lower: tile (0,2) needs 70000 B", hint: "lower the depth" });
  expect(happened("failed")).toEqual(["lower"]);
  expect(happened("start")).toEqual(["lower"]);
});

test("a failed step is not in the cache: it runs again", async () => {
  let broken = true;
  const flaky = {
    run: () => {
      if (broken) throw new BudgetError("full");
      return new Map([["out", new Uint8Array([1])]]);
    },
  };
  await expect(run([concat("a", "a", [], flaky)])).rejects.toThrow(BudgetError);
  broken = false;

  const outputs = await run([concat("a", "a", [], flaky)]);

  expect(outputs.get({ step: "a", output: "out" })).toEqual(new Uint8Array([1]));
});

test("an abort reaches the running step, throws AbortedError, and caches nothing of it", async () => {
  const controller = new AbortController();
  const patient: Partial<Step> = {
    run: ({ signal }) =>
      new Promise((resolve) => {
        signal.addEventListener("abort", () => resolve(new Map([["out", new Uint8Array([9])]])));
        controller.abort();
      }),
  };

  await expect(run([concat("a", "a", [], patient)], { signal: controller.signal })).rejects.toThrow(AbortedError);

  const outputs = await run([concat("a", "a")]);
  expect(text(outputs.get({ step: "a", output: "out" }))).toBe("a");
});

test("steps that wait for each other are named as a cycle", async () => {
  await expect(run([concat("a", "a", ["b"]), concat("b", "b", ["a"])])).rejects.toThrow(/a -> b -> a/);
});

test("a read from a step that is not there is named", async () => {
  await expect(run([concat("a", "a", ["ghost"])])).rejects.toThrow("plan: a reads from ghost, which is not a step");
});

/** Resolves for all callers once `count` of them wait. */
function rendezvous(count: number): () => Promise<void> {
  const waiting: (() => void)[] = [];
  return () =>
    new Promise((resume) => {
      waiting.push(resume);
      if (waiting.length === count) for (const go of waiting) go();
    });
}
