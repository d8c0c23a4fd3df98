import { existsSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { seedings } from "./seeded-faults.test-support.ts";

const repository = new URL("../../../../", import.meta.url);

/** A kind of mistake that is seeded here into random graphs, or a test elsewhere by file and the beginning of its title. */
type Case = keyof typeof seedings | readonly [file: string, title: string];

/** What has to be caught, and where it is shown that it is. */
const clauses: Readonly<Record<string, readonly Case[]>> = {
  "out of bounds between neighbouring buffers": [
    "an element beyond the object",
    "a kernel that writes one word behind its output",
    "a kernel whose result has what lies behind its input",
    "a BD longer than its buffer",
  ],
  "stack into a buffer, the default being 1,024 bytes": [
    "a kernel whose frame is larger than the stack",
    ["packages/sim/src/resource-use.test.ts", "a buffer that was given an address in the stack"],
    ["mlir/src/lowering/design-warnings.test.ts", "a core with kernels and no stack_size is told that it has 1024 B"],
  ],
  "read of never-written memory": [
    "the last element is never written",
    "an accumulator that is never cleared",
    "a kernel that leaves the last word",
    "a kernel that gives a local it never set",
  ],
  "use after release": ["a store behind the release", "a load behind the release"],
  "acquire of more than depth": ["an acquire of more objects than there are"],
  "lock over- and underflow": ["a lock that is set beyond what it counts", "objects given back twice"],
  "BD length or stride beyond its register": [
    ["mlir/src/verifier/register-fields.test.ts", "$title: the largest value fits"],
    ["packages/sim/src/checked-array.test.ts", "a fifo's pattern that its BDs cannot hold"],
    ["packages/cli/src/sim-check.test.ts", "--check refuses a size that a BD's register cannot hold"],
  ],
  "misaligned address": ["a vector access that is not aligned", "a host offset of half a word"],
  "token that never comes": ["a wait for a token that nobody gives", "an input that is never sent"],
  "host buffer too small": ["a host buffer that is too small", "a host buffer that is not given"],
  "result buffer never written": [
    ["packages/cli/src/sim-refusals.test.ts", "an output that the sequence does not await and that is never written"],
    ["packages/cli/src/sim-refusals.test.ts", "an output of which half is written"],
    ["packages/cli/src/sim-refusals.test.ts", "an output that comes in time and that nothing awaits"],
    ["host/src/load-kernel.test.ts", "an output that the design never writes is an error"],
  ],
  "wrong kernel argument group": [
    ["host/src/device-conformance.test-support.ts", "a BO of the group of a scalar"],
    ["host/src/kernel-args.test.ts", "a BO of another argument's group"],
    ["host/src/xclbin-kernels.test.ts", "an argument without a connection"],
    ["host/src/load-kernel.test.ts", "a sequence with more arguments than the xclbin's kernel takes"],
  ],
  "limits known before anything runs: data memory, BDs, locks, channels": [
    "a design that has more data than its tile",
    ["packages/sim/src/resource-use.test.ts", "each tile's memory, BDs, locks and channels are counted"],
    ["packages/cli/src/design-does-not-fit.test.ts", "two buffers of 80,000 bytes do not fit a tile"],
    ["packages/cli/src/design-does-not-fit.test.ts", "20 buffers take more BDs than the 16 of a tile"],
  ],
  "limits known before anything runs: program memory, stream ports, contexts": [
    ["packages/cli/src/design-use.test.ts", "--use counts a core's program against 16 KiB"],
    ["packages/cli/src/design-use.test.ts", "--use says which columns hold nothing"],
    ["packages/sim/src/switch-use.test.ts", "ports of each switch and of the shim mux are counted"],
    ["packages/sim/src/switch-use.test.ts", "packets take arbiters, msels and rules"],
  ],
  "late or wrong limits": [
    ["mlir/src/verifier/register-fields.test.ts", "$title: the largest value fits"],
    "five tasks in a queue of four",
    ["packages/cli/src/design-use.test.ts", "--use counts a core's program against 16 KiB"],
  ],
  "silent zeros": [
    "a BD that is started and was never written",
    ["packages/cli/src/sim-refusals.test.ts", "an output that the sequence does not await and that is never written"],
    ["host/src/constant-output.test.ts", "an output of one value everywhere is nam"],
  ],
  "unexplained hangs": [
    "an input that is never given back",
    "an input that is never sent",
    ["packages/sim/src/random/deadlock-check.test-support.ts", "seeded deadlock"],
    ["packages/sim/src/endless.test.ts", "a core that loops for ever without a lock ends in a deadlock"],
  ],
  "rounding bias": [
    ["packages/cli/src/row-kernels.test.ts", "gelu with a rounding by floor fails its suite"],
    ["packages/cli/src/sim-check.test.ts", "--check: a kernel that rounds as it finds the core is told"],
  ],
  "dropped routes": [
    "a flow that was dropped",
    ["packages/sim/src/deadlock.test.ts", "a channel to which no flow leads is named"],
    ["packages/cli/src/design-use.test.ts", "streams that no switch carries"],
  ],
  "BDs written or used while they run": ["a BD that is written while it runs"],
};

test.each(Object.entries(clauses))("%s: every case that shows it is there", (_, cases) => {
  expect(cases.length).toBeGreaterThan(0);
  for (const one of cases) {
    if (typeof one === "string") {
      expect(Object.keys(seedings)).toContain(one);
      continue;
    }
    const [file, title] = one;
    const path = new URL(file as string, repository);
    expect(existsSync(path), file).toBe(true);
    expect(readFileSync(path, "utf8").replaceAll("\\'", "'"), `${file}: ${title}`).toContain(title);
  }
});

test("every kind of seeded mistake stands for one of the clauses", () => {
  const named = Object.values(clauses).flat();

  expect(Object.keys(seedings).filter((name) => !named.includes(name))).toEqual([]);
});
