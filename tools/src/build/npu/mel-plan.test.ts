import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type KernelProject, newKernelProject } from "../kernel-project.test-support.ts";
import { planKernel } from "../plan-kernel.ts";
import { type FakeTools, newFakeTools } from "./fake-tools.test-support.ts";

let project: KernelProject;
beforeAll(async () => {
  project = await newKernelProject();
});
afterAll(() => project.remove());

/** Commands of the plan by step; folders of tools and project left out. */
async function commandsOf(tools: FakeTools, target: "npu1" | "npu2"): Promise<Readonly<Record<string, string>>> {
  const plan = await planKernel({ kernel: "mel", target }, { projectRoot: project.root, env: tools.env });
  return Object.fromEntries(
    plan.steps.map(({ name, command }) => [
      name,
      command
        .replaceAll(`${tools.root}/mlir_aie/bin/`, "")
        .replaceAll(`${tools.root}/llvm-aie/bin/`, "$PEANO/")
        .replaceAll(`${tools.root}/mlir_aie`, "$MLIR_AIE"),
    ]),
  );
}

/**
 * The chain as it was run with mlir-aie of March 2026 (its own driver's order), and Peano's part as that driver has it;
 * `aie2`, `AIE` stand for the generation. design.mlir is the input, main the device.
 */
const recipe = (arch: "aie2" | "aie2p"): readonly (readonly [string, string])[] => [
  ["target", "aie-translate --aie-generate-target-arch --aie-device-name=main design.mlir > target.txt"],
  [
    "addresses",
    `aie-opt '--pass-pipeline=builtin.module(convert-vector-to-aievec{aie-target=${arch} target-backend=llvmir},lower-affine,aie-canonicalize-device,aie.device(aie-trace-to-config,aie-trace-pack-reg-writes,aie-inline-trace-config,aie-assign-lock-ids,aie-register-objectFifos,aie-objectFifo-stateful-transform{dynamic-objFifos=false packet-sw-objFifos=false},aie-assign-bd-ids,aie-lower-cascade-flows,aie-lower-broadcast-packet,aie-lower-multicast,aie-assign-tile-controller-ids,aie-generate-column-control-overlay{route-shim-to-tile-ctrl=false},aie-assign-buffer-addresses,aie-vector-transfer-lowering{max-transfer-rank=1}),convert-scf-to-cf)' design.mlir -o input_with_addresses.mlir`,
  ],
  [
    "route",
    "aie-opt '--pass-pipeline=builtin.module(aie.device(aie-create-pathfinder-flows))' input_with_addresses.mlir -o input_physical.mlir",
  ],
  [
    "linker script of core (0,2)",
    "aie-translate --aie-generate-ldscript --aie-device-name=main --tilecol=0 --tilerow=2 input_with_addresses.mlir -o main_core_0_2.ld.script",
  ],
  [
    "lower core (0,2)",
    `aie-opt '--pass-pipeline=builtin.module(aie.device(aie-localize-locks,aie-normalize-address-spaces,aie-transform-bfp-types),aie-standard-lowering{device=main tilecol=0 tilerow=2},aiex-standard-lowering,convert-aievec-to-llvm{aie-target=${arch}},canonicalize,cse,expand-strided-metadata,lower-affine,arith-expand,finalize-memref-to-llvm,convert-func-to-llvm{use-bare-ptr-memref-call-conv=true},convert-to-llvm{dynamic=true},convert-vector-to-llvm,convert-ub-to-llvm,canonicalize,cse)' input_with_addresses.mlir -o main_core_0_2.opt.mlir`,
  ],
  ["LLVM IR of core (0,2)", "aie-translate --mlir-to-llvmir main_core_0_2.opt.mlir -o main_core_0_2.ll"],
  ["downgrade IR of core (0,2)", "step downgrade-ir main_core_0_2.ll -o main_core_0_2.peanohack.ll"],
  [
    "optimize core (0,2)",
    "$PEANO/opt '--passes=default<O1>,strip' -S main_core_0_2.peanohack.ll -o main_core_0_2.opt.ll",
  ],
  [
    "compile core (0,2)",
    `$PEANO/llc main_core_0_2.opt.ll -O2 --march=${arch} --function-sections --filetype=obj -o main_core_0_2.o`,
  ],
  [
    "link core (0,2)",
    `$PEANO/clang -O2 --target=${arch}-none-unknown-elf main_core_0_2.o -Wl,--gc-sections -Wl,--orphan-handling=error -Wl,-T,main_core_0_2.ld.script -o main_core_0_2.elf`,
  ],
  [
    "compile mel.o",
    `$PEANO/clang++ kernels/mel/mel.cc -c -o mel.o -I$MLIR_AIE/include -Ikernels -std=c++20 -O2 -DNDEBUG -D__AIE_API_AIE_ADF_HPP__ -Wno-parentheses -Wno-attributes -Wno-macro-redefined -Wno-empty-body --target=${arch}-none-unknown-elf`,
  ],
  ["elf names", "step elf-names input_physical.mlir 0,2 -o input_physical_with_elfs.mlir"],
  [
    "list cores",
    "aie-translate --aie-generate-corelist --aie-device-name=main input_physical_with_elfs.mlir > cores.txt",
  ],
  [
    "lower sequences",
    "aie-opt '--pass-pipeline=builtin.module(aie-materialize-runtime-sequences,aie.device(aie-materialize-bd-chains,aie-substitute-shim-dma-allocations,aie-assign-runtime-sequence-bd-ids,aie-dma-tasks-to-npu,aie-dma-to-npu,aie-lower-set-lock))' input_physical_with_elfs.mlir -o npu_insts.mlir",
  ],
  ...[16, 128, 1024].map(
    (frames) =>
      [
        `translate insts frames_${frames}`,
        `aie-translate --aie-npu-to-binary --aie-device-name=main --aie-sequence-name=frames_${frames} npu_insts.mlir -o insts_frames_${frames}.bin`,
      ] as const,
  ),
  ["cdo", "aie-translate --aie-generate-cdo --aie-device-name=main --work-dir-path=. input_physical_with_elfs.mlir"],
  ["pdi", "step pdi main_aie_cdo_elfs.bin main_aie_cdo_init.bin main_aie_cdo_enable.bin -o main.pdi"],
];

test.each([
  ["npu1", "aie2", "npu1_1col"],
  ["npu2", "aie2p", "npu2_1col"],
] as const)("the plan of mel for %s is, step by step, the chain that was run, for %s", async (target, arch, device) => {
  const tools = await newFakeTools({ target });
  try {
    const commands = await commandsOf(tools, target);

    for (const [step, command] of recipe(arch)) expect(commands[step], step).toBe(command);
    expect(commands.pack).toBe(`step xclbin main.pdi ${device} 5 -o final.xclbin`);
    // What is not in the recipe is our own check beside it.
    const own = Object.keys(commands).filter(
      (name) => name !== "pack" && !recipe(arch).some(([step]) => step === name),
    );
    expect(own).toEqual([
      "verify",
      "lower",
      ...[16, 128, 1024].map((frames) => `insts frames_${frames}`),
      ...[16, 128, 1024].map((frames) => `compare insts frames_${frames}`),
      "lint",
    ]);
  } finally {
    await tools.remove();
  }
});

test("with v1.3, clang is told the linker, opt inlines less, and the core is lowered as that release does", async () => {
  const tools = await newFakeTools({ release: "v1.3" });
  try {
    const commands = await commandsOf(tools, "npu1");

    expect(commands["optimize core (0,2)"]).toBe(
      "$PEANO/opt '--passes=default<O1>' -inline-threshold=10 -S main_core_0_2.peanohack.ll -o main_core_0_2.opt.ll",
    );
    expect(commands["link core (0,2)"]).toContain(" -fuse-ld=$PEANO/ld.lld main_core_0_2.o ");
    expect(commands.addresses).toContain("aie-assign-core-link-files");
  } finally {
    await tools.remove();
  }
});

test("with v1.4, cores are lowered from the routed module", async () => {
  const tools = await newFakeTools({ release: "v1.4" });
  try {
    expect((await commandsOf(tools, "npu1"))["lower core (0,2)"]).toMatch(
      / input_physical\.mlir -o main_core_0_2\.opt\.mlir$/,
    );
  } finally {
    await tools.remove();
  }
});

test("an aie-opt that lacks a pass of its release's pipeline is called unfit before anything runs", async () => {
  const tools = await newFakeTools({ release: "v1.3" });
  try {
    const help = await readFile(join(tools.root, "answers/aie-opt.help"), "utf8");
    await tools.answer("aie-opt.help", help.replace(/^.*--aie-lower-set-lock .*\n?/m, ""));
    const plan = await planKernel({ kernel: "mel", target: "npu1" }, { projectRoot: project.root, env: tools.env });

    expect(plan.script).toContain("looks like mlir-aie v1.3 and has no pass aie-lower-set-lock: a revision");
    expect(plan.steps.find(({ name }) => name === "addresses")?.fate).toBe("lacks");
  } finally {
    await tools.remove();
  }
});
