import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { runInProcess } from "../run-cli.test-support.ts";

const fixtures = join(import.meta.dirname, "../../../../mlir/fixtures/conformance");
const designs = ["depth-1-scalar", "odd-lock-init-64", "reject-lock-id-16", "repeat-count-compute"];
let cwd: string;

beforeAll(async () => {
  cwd = await mkdtemp(join(tmpdir(), "aiekit-conformance-"));
  await cp(fixtures, join(cwd, "right"), {
    recursive: true,
    filter: (path) => path === fixtures || designs.some((name) => path.startsWith(join(fixtures, `${name}.`))),
  });
  await writeFile(join(cwd, "right", "index.json"), JSON.stringify({ designs: designs.map((name) => ({ name })) }));
  await cp(join(cwd, "right"), join(cwd, "wrong"), { recursive: true });
  const lowered = join(cwd, "wrong", "depth-1-scalar.addresses.mlir");
  const text = await readFile(lowered, "utf8");
  await writeFile(
    lowered,
    text.replace(/init = 1 : i32, sym_name = "a_cons_prod_lock_0"/, (init) => init.replace("1", "2")),
  );
  await writeFile(join(cwd, "broken.json"), "{");
}, 120_000);

afterAll(() => rm(cwd, { recursive: true }));

const conformance = (...argv: string[]) => runInProcess(["conformance", ...argv], { cwd });

test("a folder that agrees is exit code 0, with stages counted and known exceptions listed", async () => {
  const { code, stdout } = await conformance("right");

  expect(stdout).toMatch(/^verify +4 +4 +0 +0 +0$/m);
  expect(stdout).toMatch(/^addresses +3 +2 +1 +0 +0$/m);
  expect(stdout).toContain("known exceptions: 1\n  repeat-count-compute, addresses: core (0,2): step 8");
  expect(stdout).toContain(
    "right: 4 designs, 3 agree at every stage, 1 known exceptions, 1 remarks (--verbose lists them)",
  );
  expect(code).toBe(0);
});

test("a wrong initial value of a lock is exit code 1 and named with the lock", async () => {
  const { code, stdout } = await conformance("wrong");

  expect(stdout).toContain(
    "differences: 1\n  depth-1-scalar, addresses: lock @a_cons_prod_lock_0: init\n      expected 2\n      got      1\n",
  );
  expect(code).toBe(1);
});

test("--only leaves out the design that differs; an unknown one is a usage error with those alike", async () => {
  const one = await conformance("wrong", "--only", "odd-lock-init-64", "--verbose");
  const unknown = await conformance("wrong", "--only", "depth-1");

  expect(one).toMatchObject({ code: 0, stderr: "" });
  expect(one.stdout).toContain("odd-lock-init-64, verify: odd-lock-init-64.mlir:5:10: warning: ");
  expect(unknown).toMatchObject({ code: 2, stdout: "" });
  expect(unknown.stderr).toContain('wrong: there is no design "depth-1"\nhint: there are depth-1-scalar');
});

test("--json is one JSON value with the same differences and exit code", async () => {
  const { code, stdout } = await conformance("wrong", "--json");

  expect(JSON.parse(stdout)).toMatchObject({
    folder: "wrong",
    designs: 4,
    differences: [{ design: "depth-1-scalar", stage: "addresses", expected: "2", got: "1" }],
    exceptions: [{ design: "repeat-count-compute", reason: "tool" }],
  });
  expect(code).toBe(1);
});

test.each([
  ["none", "error: none: there is no such folder"],
  ["broken.json", "error: broken.json: expected a folder, got a file"],
  [".", "error: index.json: there is no such file"],
])("%s is no conformance folder: exit code 3", async (folder, message) => {
  const outcome = await conformance(folder);

  expect(outcome).toMatchObject({ code: 3, stdout: "" });
  expect(outcome.stderr).toContain(message);
});

test("a stopped command is exit code 130", async () => {
  const stopped = await runInProcess(["conformance", "right"], { cwd, signal: AbortSignal.abort() });

  expect(stopped).toMatchObject({ code: 130, stdout: "" });
});
