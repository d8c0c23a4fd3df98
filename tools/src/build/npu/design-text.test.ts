import { DesignError } from "@aiekit/core";
import { findKernel, parseModule, walk } from "@aiekit/mlir";
import { expect, test } from "vitest";
import { everyCore } from "../core-programs.ts";
import { designTextFor } from "./design-text.ts";
import { loweringOf } from "./pass-pipelines.ts";

const mel = findKernel("mel").design({ device: "npu1_1col", params: { tiles: 1 } });
const textFor = (release: Parameters<typeof loweringOf>[0]): string =>
  designTextFor(mel.module, everyCore(mel.module), loweringOf(release));

test.each(["v1.1", "v1.2", "2026-03"] as const)("for %s the core names its object", (release) => {
  expect(textFor(release)).toMatch(
    /\} \{.*link_with = "mel\.o".*stack_size = 8192|\} \{.*stack_size = 8192.*link_with = "mel\.o"/,
  );
});

test.each(["v1.3", "v1.4", "v1.4.2"] as const)("for %s the function alone names it", (release) => {
  expect(textFor(release).match(/link_with/g)).toHaveLength(1);
  expect(textFor(release)).toContain(
    '@mel_frame_i16(memref<400xi16>, memref<80xi16>) attributes {link_with = "mel.o"}',
  );
});

test("v1.1 has its sequences in the other dialect, and the text is read back all the same", () => {
  const text = textFor("v1.1");

  expect(text.match(/\baiex\.runtime_sequence @/g)).toHaveLength(3);
  expect(text).not.toContain("aie.runtime_sequence");
  const names: string[] = [];
  walk(parseModule(text, "design.mlir"), (op) => {
    if (op.name === "aie.runtime_sequence") names.push(op.text("sym_name") ?? "");
  });
  expect(names).toEqual(["frames_16", "frames_128", "frames_1024"]);
});

test("a core that takes two objects is refused for releases that link one a core", () => {
  const module = parseModule(
    `module { aie.device(npu1_1col) {
      %t = aie.tile(0, 2)
      func.func private @a() attributes {link_with = "a.o"}
      func.func private @b() attributes {link_with = "b.o"}
      %c = aie.core(%t) { func.call @a() : () -> () func.call @b() : () -> () aie.end }
    } }`,
    "two.mlir",
  );
  const cores = everyCore(module);

  expect(() => designTextFor(module, cores, loweringOf("2026-03"))).toThrow(DesignError);
  expect(() => designTextFor(module, cores, loweringOf("2026-03"))).toThrow(
    "core (0,2): expected one object, got a.o, b.o",
  );
  expect(designTextFor(module, cores, loweringOf("v1.3"))).toContain('link_with = "b.o"');
});
