import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { parseModule, printModule, walk } from "@aiekit/mlir";
import { expect, test } from "vitest";
import { withElfNames } from "./elf-names.ts";

// Printed by the real aie-opt; where they come from: mlir/fixtures/conformance/README.md.
const fixtures = join(import.meta.dirname, "../../../../mlir/fixtures/conformance");
const physical = (name: string): Promise<string> => readFile(join(fixtures, `${name}.physical.mlir`), "utf8");

test("a core's body makes room for the name of its ELF, other attributes stay, and the result parses", async () => {
  const text = withElfNames(await physical("link-with-on-core-deprecated"), [{ col: 0, row: 2 }]);

  expect(text).toContain(
    'aie.core(%tile_0_2) {\n      aie.end\n    } {link_with = "scale.o", elf_file = "main_core_0_2.elf"}',
  );
  expect(text).not.toContain("@scale_i32(%in");
  expect(printModule(parseModule(text, "physical.mlir"))).toContain("aie.switchbox(%tile_0_2)");
});

test("sixteen cores get sixteen names, and everything outside the cores stays as it was", async () => {
  const cores = [0, 1, 2, 3].flatMap((col) => [2, 3, 4, 5].map((row) => ({ col, row })));
  const before = await physical("matmul-16-cores-i16-npu1");

  const text = withElfNames(before, cores);

  const names = new Set<string>();
  walk(parseModule(text, "physical.mlir"), (op) => {
    if (op.name === "aie.core") names.add(op.text("elf_file") ?? "");
  });
  expect([...names].sort()).toEqual(cores.map(({ col, row }) => `main_core_${col}_${row}.elf`).sort());
  const linesOutside = (module: string): readonly string[] =>
    module.split("\n").filter((line) => /^ {4}(%|aie|mem)/.test(line) && !line.includes("aie.core"));
  expect(linesOutside(text)).toEqual(linesOutside(before));
});

test("braces in strings and comments do not end a core", () => {
  const text = `%t = aie.tile(1, 3)
%c = aie.core(%t) {
  // } not here {
  foo.op {a = "}} \\" }"}
  aie.end
} {stack_size = 2048 : i32}
aie.after
`;

  expect(withElfNames(text, [{ col: 1, row: 3 }])).toBe(`%t = aie.tile(1, 3)
%c = aie.core(%t) {
      aie.end
    } {stack_size = 2048 : i32, elf_file = "main_core_1_3.elf"}
aie.after
`);
});

test("a core that names an ELF keeps it", async () => {
  const before = await physical("core-elf-file");

  expect(withElfNames(before, [{ col: 0, row: 2 }])).toBe(before);
});

test("a module that has lost a core, or has one more, is refused with both lists", async () => {
  const text = await physical("link-with-on-core-deprecated");

  expect(() =>
    withElfNames(text, [
      { col: 0, row: 2 },
      { col: 0, row: 3 },
    ]),
  ).toThrow("input_physical.mlir: expected cores (0,2) (0,3), got (0,2)");
  expect(() => withElfNames(text, [])).toThrow("expected cores none, got (0,2)");
  expect(() => withElfNames('%c = "aie.core"(%t) ({', [{ col: 0, row: 2 }])).toThrow("generic form");
});
