import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import type { Operation } from "../ir/operation.ts";
import { lowerDesign } from "../lowering/lower-design.ts";
import { lowerSequence } from "../lowering/sequence/lower-sequence.ts";
import { parseModule } from "../parser/module.ts";
import { printModule } from "../printer/module.ts";
import { verify } from "../verifier/verify.ts";
import { type ExampleName, examples } from "./examples.ts";

const names = Object.keys(examples) as ExampleName[];
const page = readFileSync(new URL("../../../docs/designs.md", import.meta.url), "utf8");
const source = (name: string): string => readFileSync(new URL(`./${name}.ts`, import.meta.url), "utf8");

test.each(names)("%s has no errors and no warnings, reads back from its text, and lowers on npu1 and npu2", (name) => {
  for (const device of ["npu1_1col", "npu2_1col"]) {
    const design = examples[name](device);
    const text = printModule(design);

    const read = parseModule(text, `${name}.mlir`);
    const lowered = lowerDesign(read);

    expect(verify(design)).toEqual([]);
    expect(printModule(read)).toBe(text);
    expect(lowered.warnings).toEqual([]);
    for (const sequence of sequencesOf(design)) {
      expect(lowerSequence(lowered.module, sequence).regions[0]?.entry.ops.map((op) => op.name)).toContain(
        "aiex.npu.sync",
      );
    }
  }
});

test("offsets of a link are 64-bit integers, which the text writes without a type", () => {
  const text = printModule(examples["split-and-join"]("npu1_1col"));

  expect(text).toContain("aie.objectfifo.link [@in] -> [@in_2, @in_3]([] [0, 64])");
  expect(text).toContain("aie.objectfifo.link [@out_2, @out_3] -> [@out]([0, 64] [])");
});

test("neighbours share the objects of @between: one flow in, one out, and none between the cores", () => {
  const text = printModule(lowerDesign(examples.neighbours("npu1_1col")).module);

  expect(text.match(/aie\.flow\(/g)).toHaveLength(2);
});

test("a broadcast is one transfer and two flows from one channel", () => {
  const text = printModule(lowerDesign(examples.broadcast("npu1_1col")).module);

  const fromHost = text.match(/aie\.flow\(%shim_noc_tile_0_0, DMA : 0, /g);
  expect(fromHost).toHaveLength(2);
});

test.each(names)("docs/designs.md shows %s: what stands in its code block stands in the file", (name) => {
  const section = page.split(`(../mlir/src/examples/${name}.ts)`)[1] ?? "";

  const block = /^[^#]*?```ts\n([\s\S]*?)```/.exec(section)?.[1] ?? "";

  expect(block.split("\n").length).toBeGreaterThan(3);
  expect(source(name)).toContain(block);
});

test.each(names)("%s has fewer than 60 lines", (name) => {
  expect(source(name).split("\n").length).toBeLessThan(60);
});

function sequencesOf(design: Operation): string[] {
  const device = design.regions[0]?.entry.ops[0];
  const ops = device?.regions[0]?.entry.ops ?? [];
  return ops.flatMap((op) => (op.name === "aie.runtime_sequence" ? [op.text("sym_name") ?? ""] : []));
}
