import { cp, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { findProject } from "../build/project.ts";
import { newKernel } from "./new-kernel.ts";
import { withLine } from "./registrations.ts";

const here = findProject().root;
const edited = [
  "mlir/src/registry.ts",
  "validate/src/index.ts",
  "packages/cli/src/kernel-suites.ts",
  "kernels/README.md",
];
let root: string;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "aiekit-new-"));
  for (const path of edited) await cp(join(here, path), join(root, path), { recursive: true });
  await cp(join(here, "biome.json"), join(root, "biome.json"));
  await symlink(join(here, "node_modules"), join(root, "node_modules"));
});
afterEach(() => rm(root, { recursive: true }));

const read = (path: string) => readFile(join(root, path), "utf8");

test("seven files are made and one line goes to each of registry, suites, exports and table, imports sorted", async () => {
  const made = await newKernel("relu", { projectRoot: root });

  expect(made.created).toHaveLength(7);
  expect(made.edited.toSorted()).toEqual(edited.toSorted());
  expect(await read("kernels/relu/relu.cc")).toContain('extern "C" void relu_bf16(');
  expect(await read("mlir/src/registry.ts")).toMatch(
    /import \{ reluKernel \} from "\.\/designs\/relu\.ts";[\s\S]*\n {2}reluKernel,\n\];/,
  );
  expect(await read("packages/cli/src/kernel-suites.ts")).toMatch(/\n {2}relu: arraySuite\("reluSuite"\),\n\};/);
  expect(await read("kernels/README.md")).toContain("| `relu` | `relu_bf16` |");
  for (const path of made.created) expect(await read(path)).not.toMatch(/__[A-Z]+__/);
});

test.each(["Relu", "two words", "a", "int", "../x", "", "a_b"])(
  "the name %j is refused and nothing is written",
  async (name) => {
    await expect(newKernel(name, { projectRoot: root })).rejects.toThrow(
      /expected a name of 2 to 31 lower-case letters/,
    );

    expect(await read("mlir/src/registry.ts")).toBe(await readFile(join(here, "mlir/src/registry.ts"), "utf8"));
  },
);

test("a kernel that is there already is not overwritten", async () => {
  await newKernel("relu", { projectRoot: root });
  await writeFile(join(root, "kernels/relu/relu.cc"), "mine");

  await expect(newKernel("relu", { projectRoot: root })).rejects.toThrow(/kernels\/relu\/relu\.cc exists already/);

  expect(await read("kernels/relu/relu.cc")).toBe("mine");
});

test("where the place for a line is not found, the error says which line to add by hand", () => {
  const insertion = { path: "registry.ts", after: "export const registry", before: "];", line: "  reluKernel," };

  expect(() => withLine("export const kernels = [\n];\n", insertion)).toThrow(
    expect.objectContaining({ hint: "add this line by hand:   reluKernel," }),
  );
});
