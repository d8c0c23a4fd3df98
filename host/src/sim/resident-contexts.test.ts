import { expect, test } from "vitest";
import { ResidentContexts } from "./resident-contexts.ts";
import { SimContext } from "./sim-context.ts";

const newContext = () =>
  new SimContext({
    uuid: "u",
    kernels: [],
    owns: () => true,
    beforeRun: () => false,
    configure: () => Promise.reject(new Error("not run here")),
    onClose: () => {},
  });

test("contexts of all columns take each other's place; the first, and one that runs again, take nobody's", () => {
  const [a, b] = [newContext(), newContext()];
  const resident = new ResidentContexts(4);

  const used = [a, a, b, b, a].map((context) => resident.use(context, 4));

  expect(used).toEqual([false, false, true, false, true]);
});

test("contexts stay side by side while there are columns; then those leave that ran longest ago", () => {
  const [a, b, c] = [newContext(), newContext(), newContext()];
  const resident = new ResidentContexts(4);

  const steps: [SimContext, number][] = [
    [a, 2],
    [b, 2],
    [a, 2],
    [c, 1],
    [a, 2],
    [b, 2],
  ];

  expect(steps.map(([context, width]) => resident.use(context, width))).toEqual([
    ...[false, false, false],
    // b, which ran before a, makes room for c, and then c for b.
    ...[true, false, true],
  ]);
});

test("a context that was closed holds no columns", () => {
  const [a, b] = [newContext(), newContext()];
  const resident = new ResidentContexts(4);

  resident.use(a, 4);
  resident.leave(a);

  expect(resident.use(b, 4)).toBe(false);
});
