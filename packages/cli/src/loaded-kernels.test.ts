import type { LoadedKernel } from "@aiekit/host";
import { expect, test } from "vitest";
import { LoadedKernels } from "./loaded-kernels.ts";

function loads(most: number) {
  const events: string[] = [];
  const kernels = new LoadedKernels(most, async ({ k }) => {
    events.push(`load ${k}`);
    return { close: async () => void events.push(`close ${k}`) } as LoadedKernel;
  });
  return { events, kernels };
}

test("a build is loaded once, whatever the order of its parameters", async () => {
  const { events, kernels } = loads(2);

  const first = await kernels.get({ k: 1, m: 2 });

  expect(await kernels.get({ m: 2, k: 1 })).toBe(first);
  expect(events).toEqual(["load 1"]);
});

test("of three with two places, the one that was not asked for longest is closed, and loaded again when needed", async () => {
  const { events, kernels } = loads(2);

  for (const k of [1, 2, 1, 3, 1, 2]) await kernels.get({ k });

  expect(events).toEqual(["load 1", "load 2", "load 3", "close 2", "load 2", "close 3"]);
});
