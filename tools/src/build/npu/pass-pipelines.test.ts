import { expect, test } from "vitest";
import { loweringOf, passNames } from "./pass-pipelines.ts";

// The pipelines of aiecc, release by release, as its sources have them; those of March 2026 as they were run.

const core = { col: 1, row: 3 };
const untilMarch = (vector: string, device: string): string =>
  `builtin.module(convert-vector-to-aievec{aie-target=${vector} target-backend=llvmir},lower-affine,aie-canonicalize-device,aie.device(${device}),convert-scf-to-cf)`;
const common =
  "aie-assign-lock-ids,aie-register-objectFifos,aie-objectFifo-stateful-transform{dynamic-objFifos=false packet-sw-objFifos=false},aie-assign-bd-ids,aie-lower-cascade-flows,aie-lower-broadcast-packet,aie-lower-multicast,aie-assign-tile-controller-ids,aie-generate-column-control-overlay{route-shim-to-tile-ctrl=false}";

test.each([
  ["v1.1", untilMarch("aie2", `${common},aie-assign-buffer-addresses{alloc-scheme=}`)],
  [
    "v1.2",
    untilMarch(
      "aie2",
      `${common},aie-assign-buffer-addresses{alloc-scheme=},aie-vector-transfer-lowering{max-transfer-rank=1}`,
    ),
  ],
  [
    "2026-03",
    untilMarch(
      "aie2",
      `aie-trace-to-config,aie-trace-pack-reg-writes,aie-inline-trace-config,${common},aie-assign-buffer-addresses,aie-vector-transfer-lowering{max-transfer-rank=1}`,
    ),
  ],
  [
    "v1.3",
    untilMarch(
      "aie2",
      `${common},aie-assign-buffer-addresses{alloc-scheme=},aie-assign-core-link-files,aie-vector-transfer-lowering`,
    ),
  ],
  [
    "v1.4",
    "builtin.module(convert-vector-to-aievec{aie-target=aie2},lower-affine,aie-canonicalize-device,aie-lower-scratchpad-parameters,aie.device(aie-assign-lock-ids,aie-objectFifo-stateful-transform{dynamic-objFifos=true packet-sw-objFifos=false},aie-assign-bd-ids,aie-lower-cascade-flows,aie-lower-broadcast-packet,aie-lower-multicast,aie-assign-tile-controller-ids),aie-generate-column-control-overlay{route-shim-to-tile-ctrl=false},aie.device(aie-assign-buffer-addresses{alloc-scheme=},aie-assign-core-link-files,aie-vector-transfer-lowering),aie-scf-to-control-flow)",
  ],
  [
    "v1.4.2",
    "builtin.module(convert-vector-to-aievec{aie-target=aie2},lower-affine,aie-canonicalize-device,aie-lower-scratchpad-parameters,aie.device(aie-objectFifo-stateful-transform{packet-sw-objFifos=false},aie-objectFifo-unroll{default-dynamic=true},aie-assign-lock-ids,aie-assign-bd-ids,aie-lower-cascade-flows,aie-lower-broadcast-packet,aie-lower-multicast,aie-assign-tile-controller-ids),aie-generate-column-control-overlay{route-shim-to-tile-ctrl=false},aie.device(aie-assign-buffer-addresses{alloc-scheme=},aie-assign-core-link-files,aie-vector-transfer-lowering),aie-scf-to-control-flow)",
  ],
] as const)("%s: objectFifos, locks, BDs and addresses", (release, pipeline) => {
  expect(loweringOf(release).addresses("aie2")).toBe(pipeline);
  expect(loweringOf(release).addresses("aie2p")).toBe(pipeline.replace("aie-target=aie2", "aie-target=aie2p"));
});

const coreStart =
  "builtin.module(aie.device(aie-localize-locks,aie-normalize-address-spaces,aie-transform-bfp-types),aie-standard-lowering{device=main tilecol=1 tilerow=3},aiex-standard-lowering";
const coreMiddle =
  "canonicalize,cse,expand-strided-metadata,lower-affine,arith-expand,finalize-memref-to-llvm,convert-func-to-llvm{use-bare-ptr-memref-call-conv=true},convert-to-llvm{dynamic=true}";
const coreEnd = "convert-vector-to-llvm,convert-ub-to-llvm,canonicalize,cse)";

test.each([
  [
    "v1.1",
    `${coreStart},convert-aievec-to-llvm,canonicalize,cse,convert-ub-to-llvm,convert-vector-to-llvm,expand-strided-metadata,lower-affine,convert-math-to-llvm,convert-index-to-llvm,arith-expand,convert-arith-to-llvm,finalize-memref-to-llvm,convert-func-to-llvm{use-bare-ptr-memref-call-conv=true},convert-cf-to-llvm,canonicalize,cse)`,
  ],
  ["v1.2", `${coreStart},convert-aievec-to-llvm{aie-target=aie2p},${coreMiddle},canonicalize,cse)`],
  ["2026-03", `${coreStart},convert-aievec-to-llvm{aie-target=aie2p},${coreMiddle},${coreEnd}`],
  ["v1.3", `${coreStart},convert-aievec-to-llvm{aie-target=aie2p},${coreMiddle},${coreEnd}`],
  ["v1.4", `${coreStart},convert-aievec-to-llvm{aie-target=aie2p},${coreMiddle},${coreEnd}`],
] as const)("%s: one core's body", (release, pipeline) => {
  expect(loweringOf(release).core(core, "aie2p")).toBe(pipeline);
});

const chains = "aie-materialize-bd-chains,aie-substitute-shim-dma-allocations";
test.each([
  [
    "v1.1",
    `builtin.module(aie.device(${chains},aie-assign-runtime-sequence-bd-ids,aie-dma-tasks-to-npu,aie-dma-to-npu,aie-lower-set-lock))`,
  ],
  [
    "v1.2",
    `builtin.module(aie-materialize-runtime-sequences,aie.device(${chains},aie-assign-runtime-sequence-bd-ids,aie-dma-tasks-to-npu,aie-dma-to-npu,aie-lower-set-lock))`,
  ],
  [
    "2026-03",
    `builtin.module(aie-materialize-runtime-sequences,aie.device(${chains},aie-assign-runtime-sequence-bd-ids,aie-dma-tasks-to-npu,aie-dma-to-npu,aie-lower-set-lock))`,
  ],
  [
    "v1.3",
    `builtin.module(aie-materialize-runtime-sequences,aie.device(${chains},aie-assign-runtime-sequence-bd-ids,canonicalize,aie-dma-tasks-to-npu,aie-dma-to-npu,aie-lower-set-lock))`,
  ],
  [
    "v1.4",
    `builtin.module(aie-materialize-runtime-sequences,aie.device(${chains},aie-unroll-runtime-sequence-loops,canonicalize,aie-decompose-large-dma-bd,aie-lower-dynamic-bd-pool,canonicalize,aie-assign-runtime-sequence-bd-ids,aie-dma-tasks-to-npu,aie-lower-dma-channel-reset,aie-dma-to-npu,aie-lower-set-lock,aie-lower-core-reset))`,
  ],
] as const)("%s: runtime sequences", (release, pipeline) => {
  expect(loweringOf(release).sequences).toBe(pipeline);
});

test("an object is named on the core until March 2026, on its function from v1.3 on", () => {
  expect(
    ["v1.1", "v1.2", "2026-03", "v1.3", "v1.4", "v1.4.2"].map((id) => loweringOf(id as "v1.1").linkOnCore),
  ).toEqual([true, true, true, false, false, false]);
});

test("names of passes are those of a pipeline without nesting and options", () => {
  expect(passNames("builtin.module(lower-affine,aie.device(aie-assign-bd-ids,a{x=1 y=2}),b)")).toEqual([
    "lower-affine",
    "aie-assign-bd-ids",
    "a",
    "b",
  ]);
});
