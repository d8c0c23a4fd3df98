import { expect, test } from "vitest";
import { leastNeeded } from "./least-needed.ts";

const kernel = (name: string, oncePerWindow = false) => ({ name, oncePerWindow });
const open = [kernel("gemv"), kernel("attention"), kernel("conv1d", true), kernel("layernorm", true)];

test("a kernel that runs once a window goes before one that every token needs, though it was used later", () => {
  expect(leastNeeded(open, new Set())).toBe("conv1d");
});

test("of those that will be needed soon none goes while there is another", () => {
  expect(leastNeeded(open, new Set(["conv1d"]))).toBe("layernorm");
  expect(leastNeeded(open, new Set(["conv1d", "layernorm"]))).toBe("gemv");
  expect(leastNeeded(open, new Set(["conv1d", "layernorm", "gemv"]))).toBe("attention");
});

test("where all will be needed, the one asked for longest ago goes", () => {
  expect(leastNeeded(open, new Set(open.map(({ name }) => name)))).toBe("gemv");
});

test("six contexts, nine kernels, window after window: four are loaded anew in each, and none while tokens are made", () => {
  const once = new Set(["logmel", "transpose", "conv1d", "layernorm"]);
  const window = ["logmel", "transpose", "conv1d", ...["layernorm", "matmul", "attention", "layernorm", "matmul"]];
  const token = ["norm", "gemv", "attention", "norm", "gemv", "norm", "head"];
  let held: string[] = [];
  const loads = (kernels: readonly string[]): number => {
    let count = 0;
    for (const [at, name] of kernels.entries()) {
      if (!held.includes(name)) {
        count++;
        const order = held.map((one) => kernel(one, once.has(one)));
        if (held.length === 6) held = held.filter((one) => one !== leastNeeded(order, new Set(kernels.slice(at))));
      }
      held = [...held.filter((one) => one !== name), name];
    }
    return count;
  };

  loads([...window, "matmul"]);
  loads(token);
  expect(loads(token)).toBe(0);
  const second = loads([...window, "matmul"]) + loads(token);

  expect(second).toBe(4);
  expect(loads(token)).toBe(0);
});
