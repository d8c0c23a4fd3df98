import { expect, test } from "vitest";
import { conformanceDesign, type Form, routedDesigns, sequenceDesigns } from "./conformance.test-support.ts";
import { SimFault } from "./fault.ts";
import { insts } from "./lowered-design.test-support.ts";

/** Designs that the compiler takes and that are wrong; what each does stands in its text. */
const wrongDesigns = {
  // Its core writes 9 of an object's 32 elements, and the DMA sends all of them.
  "broadcast-from-core": "uninitialised-read",
  // The loop's trip count is read from buffer n, which has no initial value.
  "dynamic-lowering-unknown-bounds": "uninitialised-read",
  // Loads element 0 of buffer b, which has no initial value.
  "function-with-body-called": "uninitialised-read",
  // As lowered by mlir-aie, which moves b to where c is: a defect of that revision.
  "memtile-dma-both-parities": "memory-overlap",
  // A size of 300 in a field of 8 bits.
  "odd-bd-wrap-300-compute": "bd-field",
  // Two buffers with addresses in each other.
  "odd-buffer-address-overlap": "memory-overlap",
  // Acquires 3 objects of a fifo whose end has 2.
  "odd-acquire-more-than-depth-list": "acquire-beyond-depth",
  // A BD of 128 elements on a buffer of 64.
  "odd-bd-length-exceeds-buffer": "bd-overrun",
  // Sends 2048 elements by dimensions of 8 x 4 x 8: the outermost one goes on, 64 steps of 256 elements.
  "to-stream-rank3-bf16": "bd-overrun",
} as const;

/** Kinds of faults that a checked array finds, and one that is not checked does not; undefined where it runs to its end. */
async function outcome(name: string, form: Form, checked: boolean): Promise<string | undefined> {
  try {
    const { array, newArguments, run } = conformanceDesign(name, form, { checked });
    await run(...newArguments());
    await array.run({ insts: insts(), buffers: [] });
    return undefined;
  } catch (error) {
    return error instanceof SimFault ? error.fault.kind : String(error);
  }
}

test("no conformance design that runs gives an alarm when it is checked, but those that are wrong", async () => {
  const alarms: Record<string, string> = {};
  let accepted = 0;
  const names = new Set([...routedDesigns(), ...sequenceDesigns()]);
  for (const name of names) {
    for (const form of ["ours", "addresses"] as const) {
      if ((await outcome(name, form, false)) !== undefined) continue;
      accepted++;
      const found = await outcome(name, form, true);
      if (found !== undefined) alarms[name] = found;
    }
  }

  expect(alarms).toEqual(wrongDesigns);
  expect(accepted).toBeGreaterThan(200);
});
