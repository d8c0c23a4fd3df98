import { registry } from "@aiekit/mlir";
import { expect, test } from "vitest";
import { runInProcess } from "../run-cli.test-support.ts";
import { describeParam } from "./kernels.ts";

test("kernels: every kernel of the registry with its parameters, as text and as JSON", async () => {
  const text = await runInProcess(["kernels"]);
  const json = await runInProcess(["kernels", "--json"]);

  for (const { name, params } of registry) {
    expect(text.stdout).toMatch(new RegExp(`^${name}  `, "m"));
    for (const param of params) expect(text.stdout).toContain(`--param ${param.name}=${param.default}`);
  }
  expect(JSON.parse(json.stdout)).toMatchObject(registry.map(({ name, about }) => ({ name, about })));
});

test("a parameter shows its choices, or its limits, or neither", () => {
  const spec = { name: "n", default: 1, about: "how many" };

  expect(describeParam({ ...spec, choices: [1, 3] })).toBe("(1, 3) how many");
  expect(describeParam({ ...spec, min: 16, max: 256 })).toBe("(from 16 to 256) how many");
  expect(describeParam({ ...spec, max: 9 })).toBe("(to 9) how many");
  expect(describeParam(spec)).toBe("how many");
});

test("doctor --target npu1 is exit code 4 where the hardware tools are not found, sim does not need them", async () => {
  const noTools = { environment: { color: false, ci: true, clang: undefined, variables: { PATH: "/nonexistent" } } };
  const forNpu = await runInProcess(["doctor", "--target", "npu1", "--json"], noTools);
  const forSim = await runInProcess(["doctor", "--json"], noTools);

  const status = (stdout: string, name: string) =>
    JSON.parse(stdout).checks.find((check: { name: string }) => check.name === name).status;
  expect(forNpu.code).toBe(4);
  expect([status(forNpu.stdout, "aie-opt"), status(forSim.stdout, "aie-opt")]).toEqual(["fail", "absent"]);
  expect(status(forSim.stdout, "simulator target")).toBe("ok");
}, 30_000);

test("build --dry-run lists steps that end with the package, and builds nothing", async () => {
  const { code, stdout } = await runInProcess(["build", "fft", "--dry-run", "--json"]);

  const plan = JSON.parse(stdout);
  expect(code).toBe(0);
  expect(plan.steps.at(-1).name).toBe("pack");
  expect(plan.steps.map((step: { name: string }) => step.name)).toContain("compile fft.o");
}, 30_000);

test("build --packager tools plans bootgen and xclbinutil, and says where it looked for them", async () => {
  const variables = { PATH: "/nonexistent", AIEKIT_TOOLCHAIN: "/nonexistent" };
  const environment = { color: false, ci: true, clang: undefined, variables };
  const plan = async (...more: string[]) => {
    const argv = ["build", "mel", "--target", "npu1", "--dry-run", "--json", ...more];
    const { steps } = JSON.parse((await runInProcess(argv, { environment })).stdout);
    const commands = steps.map(({ name, command }: { name: string; command: string }) => [name, command]);
    return Object.fromEntries(commands) as Record<string, string>;
  };

  expect((await plan()).pdi).toMatch(/^step pdi main_aie_cdo_elfs\.bin /);
  const { pdi, pack } = await plan("--packager", "tools");
  expect(pdi).toBe("step bif -o main_design.bif; bootgen -arch versal -image main_design.bif -o main.pdi -w");
  expect(pack).toMatch(/^step xclbinutil-json main\.pdi npu1_1col 5; xclbinutil --add-replace-section /);
});
