import { FormatError } from "@aiekit/core";

/** A line that goes before the first line that is exactly `before`, searched after the line that begins with `after`. */
interface LineInsertion {
  /** From the project's root. */
  readonly path: string;
  readonly after: string;
  readonly before: string;
  readonly line: string;
}

/** The lines that make a kernel known: registry, suite, tables. */
export function registeredIn(name: string): readonly LineInsertion[] {
  const registry = "mlir/src/registry.ts";
  const suites = "packages/cli/src/kernel-suites.ts";
  return [
    { path: registry, after: "import ", before: "", line: `import { ${name}Kernel } from "./designs/${name}.ts";` },
    { path: registry, after: "export const registry", before: "];", line: `  ${name}Kernel,` },
    {
      path: "validate/src/index.ts",
      after: "export {",
      before: "",
      line: `export { ${name}Criteria, ${name}Suite } from "./suites/${name}-suite.ts";`,
    },
    {
      path: suites,
      after: "const suites",
      before: "};",
      line: `  ${name}: arraySuite("${name}Suite"),`,
    },
    {
      path: "kernels/README.md",
      after: "| kernel |",
      before: "",
      line: `| \`${name}\` | \`${name}_bf16\` | bf16[1024] | bf16[1024] | 0 | \`${name}/${name}_ref.h\` |`,
    },
  ];
}

/** @throws FormatError when the place is not there. The end of the text counts as an empty line. */
export function withLine(text: string, { path, after, before, line }: LineInsertion): string {
  const lines = text.split("\n");
  const start = lines.findIndex((candidate) => candidate.startsWith(after));
  const place = start < 0 ? -1 : lines.findIndex((candidate, i) => i > start && candidate === before);
  if (place < 0) {
    throw new FormatError(`${path}: expected a line ${JSON.stringify(before)} after one that begins with "${after}"`, {
      hint: `add this line by hand: ${line}`,
    });
  }
  return [...lines.slice(0, place), line, ...lines.slice(place)].join("\n");
}
