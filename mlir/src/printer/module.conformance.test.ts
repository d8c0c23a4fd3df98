import { existsSync } from "node:fs";
import { expect, test } from "vitest";
import { conformanceDesigns, conformanceStage, conformanceText } from "../lowering/conformance.test-support.ts";
import { parseModule } from "../parser/module.ts";
import { printGenericModule } from "./generic.ts";
import { printModule } from "./module.ts";

const designs = conformanceDesigns().filter(({ name }) => conformanceStage(name, "verify").ok);
/** The tool ends its output with an empty line. */
const asTool = (text: string): string => `${text}\n`;
const hasFile = (file: string): boolean => existsSync(new URL(`../../fixtures/conformance/${file}`, import.meta.url));

test("214 of the 328 designs pass the tool's verifier and have a printed form", () => {
  expect(conformanceDesigns()).toHaveLength(328);
  expect(designs).toHaveLength(214);
});

test.each(designs)("$name: parsed and printed, the input is what aie-opt prints", ({ name }) => {
  const module = parseModule(conformanceText(`${name}.mlir`), `${name}.mlir`, { spelling: "2026" });

  expect(asTool(printModule(module))).toBe(conformanceText(`${name}.printed.mlir`));
  expect(asTool(printGenericModule(module))).toBe(conformanceText(`${name}.generic.mlir`));
});

test.each(designs)("$name: its generic form prints as the custom form, and as itself", ({ name }) => {
  const generic = conformanceText(`${name}.generic.mlir`);

  const module = parseModule(generic, `${name}.generic.mlir`, { spelling: "2026" });

  expect(asTool(printModule(module))).toBe(conformanceText(`${name}.printed.mlir`));
  expect(asTool(printGenericModule(module))).toBe(generic);
});

const lowered = ["printed", "addresses", "physical", "npu"].map((form) => ({
  form,
  files: designs.map(({ name }) => `${name}.${form}.mlir`).filter(hasFile),
}));

test.each(lowered)("$form: every file of the tool prints as it was read", ({ form, files }) => {
  expect(files).toHaveLength({ printed: 214, addresses: 179, physical: 175, npu: 84 }[form] ?? -1);
  for (const file of files) {
    const text = conformanceText(file);

    expect(asTool(printModule(parseModule(text, file, { spelling: "2026" }))), file).toBe(text);
  }
});
