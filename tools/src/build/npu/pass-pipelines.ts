import type { Generation } from "@aiekit/mlir";
import type { MlirAieReleaseId } from "../../toolchain/mlir-aie-releases.ts";

/** Symbol of a device that has no name in the text, and so of every device that designs here make. */
export const deviceSymbol = "main";

export interface CorePlace {
  readonly col: number;
  readonly row: number;
}

/** What of a build depends on the span of mlir-aie's history. */
export interface Lowering {
  /**
   * What is done with `aie.trace` before `addresses`: nothing, since `addresses` does it; a pipeline of its own, given the
   * passes that aie-opt lists; undefined where the span has no such operation.
   */
  readonly traces: "in addresses" | ((passes: ReadonlySet<string>) => string) | undefined;
  /** design.mlir -> input_with_addresses.mlir: objectFifos, locks, BDs, buffer addresses. */
  readonly addresses: (generation: Generation) => string;
  /** input_with_addresses.mlir -> input_physical.mlir. */
  readonly route: string;
  /** One core's body as LLVM dialect; the other cores are dropped. */
  readonly core: (core: CorePlace, generation: Generation) => string;
  /** Which of the two modules `core` starts from. */
  readonly coreFrom: "addresses" | "physical";
  /** Runtime sequences as register writes. */
  readonly sequences: string;
  /** `link_with` is read from the core and not from the functions that it calls. */
  readonly linkOnCore: boolean;
  /** What a runtime sequence is called. */
  readonly sequenceOp: "aie.runtime_sequence" | "aiex.runtime_sequence";
  /** Options of Peano's opt between its input and output. */
  readonly optPasses: readonly string[];
  /** clang is told which linker to take. */
  readonly namesLinker: boolean;
}

export function loweringOf(release: MlirAieReleaseId): Lowering {
  return spans[release]();
}

/** Names of the passes of a pipeline, without options: `aie-lower-multicast`. */
export function passNames(pipeline: string): readonly string[] {
  return [...pipeline.replace(/\{[^}]*\}/g, "").matchAll(/[\w.-]+/g)]
    .map((match) => match[0])
    .filter((name) => name !== "builtin.module" && name !== "aie.device");
}

/** Source: mlir-aie, aiecc of each span; `2026-03` also as run. */
const spans: Readonly<Record<MlirAieReleaseId, () => Lowering>> = {
  "v1.1": () => ({
    traces: undefined,
    addresses: (generation) => addressesUntilMarch2026({ generation, allocate: allocateWithScheme }),
    route: routePasses,
    core: (core) =>
      coreHead(
        core,
        "convert-aievec-to-llvm",
        "canonicalize,cse,convert-ub-to-llvm,convert-vector-to-llvm,expand-strided-metadata,lower-affine,convert-math-to-llvm,convert-index-to-llvm,arith-expand,convert-arith-to-llvm,finalize-memref-to-llvm,convert-func-to-llvm{use-bare-ptr-memref-call-conv=true},convert-cf-to-llvm,canonicalize,cse",
      ),
    coreFrom: "addresses",
    sequences: moduleOf(deviceOf(sequencePasses)),
    linkOnCore: true,
    sequenceOp: "aiex.runtime_sequence",
    optPasses: ["--passes=default<O2>,strip", "-S"],
    namesLinker: false,
  }),
  "v1.2": () => ({
    traces: undefined,
    addresses: (generation) =>
      addressesUntilMarch2026({
        generation,
        allocate: allocateWithScheme,
        last: ["aie-vector-transfer-lowering{max-transfer-rank=1}"],
      }),
    route: routePasses,
    core: (core, generation) => coreHead(core, aievecToLlvm(generation), `${coreMiddle},canonicalize,cse`),
    coreFrom: "addresses",
    sequences: moduleOf("aie-materialize-runtime-sequences", deviceOf(sequencePasses)),
    linkOnCore: true,
    sequenceOp: "aie.runtime_sequence",
    optPasses: ["--passes=default<O2>,strip", "-S"],
    namesLinker: false,
  }),
  "2026-03": () => ({
    traces: "in addresses",
    addresses: (generation) =>
      addressesUntilMarch2026({
        generation,
        first: ["aie-trace-to-config", "aie-trace-pack-reg-writes", "aie-inline-trace-config"],
        allocate: "aie-assign-buffer-addresses",
        last: ["aie-vector-transfer-lowering{max-transfer-rank=1}"],
      }),
    route: routePasses,
    core: (core, generation) =>
      coreHead(
        core,
        aievecToLlvm(generation),
        `${coreMiddle},convert-vector-to-llvm,convert-ub-to-llvm,canonicalize,cse`,
      ),
    coreFrom: "addresses",
    sequences: moduleOf("aie-materialize-runtime-sequences", deviceOf(sequencePasses)),
    linkOnCore: true,
    sequenceOp: "aie.runtime_sequence",
    optPasses: ["--passes=default<O1>,strip", "-S"],
    namesLinker: false,
  }),
  "v1.3": () => ({
    traces: tracePasses,
    addresses: (generation) =>
      addressesUntilMarch2026({
        generation,
        allocate: allocateWithScheme,
        last: ["aie-assign-core-link-files", "aie-vector-transfer-lowering"],
      }),
    route: routePasses,
    core: (core, generation) =>
      coreHead(
        core,
        aievecToLlvm(generation),
        `${coreMiddle},convert-vector-to-llvm,convert-ub-to-llvm,canonicalize,cse`,
      ),
    coreFrom: "addresses",
    sequences: moduleOf(
      "aie-materialize-runtime-sequences",
      deviceOf([...sequencePasses.slice(0, 3), "canonicalize", ...sequencePasses.slice(3)]),
    ),
    linkOnCore: false,
    sequenceOp: "aie.runtime_sequence",
    optPasses: ["--passes=default<O1>", "-inline-threshold=10", "-S"],
    namesLinker: true,
  }),
  "v1.4": () => ({
    ...sinceV14(),
    addresses: (generation) =>
      addressesSinceV14(generation, [
        "aie-assign-lock-ids",
        "aie-objectFifo-stateful-transform{dynamic-objFifos=true packet-sw-objFifos=false}",
      ]),
  }),
  "v1.4.2": () => ({
    ...sinceV14(),
    addresses: (generation) =>
      addressesSinceV14(generation, [
        "aie-objectFifo-stateful-transform{packet-sw-objFifos=false}",
        "aie-objectFifo-unroll{default-dynamic=true}",
        "aie-assign-lock-ids",
      ]),
  }),
};

const routePasses = "builtin.module(aie.device(aie-create-pathfinder-flows))";
const allocateWithScheme = "aie-assign-buffer-addresses{alloc-scheme=}";
const sequencePasses = [
  "aie-materialize-bd-chains",
  "aie-substitute-shim-dma-allocations",
  "aie-assign-runtime-sequence-bd-ids",
  "aie-dma-tasks-to-npu",
  "aie-dma-to-npu",
  "aie-lower-set-lock",
] as const;
const coreMiddle =
  "canonicalize,cse,expand-strided-metadata,lower-affine,arith-expand,finalize-memref-to-llvm,convert-func-to-llvm{use-bare-ptr-memref-call-conv=true},convert-to-llvm{dynamic=true}";

interface AddressPasses {
  readonly generation: Generation;
  /** Passes of the device before and after those that all spans have. */
  readonly first?: readonly string[];
  readonly allocate: string;
  readonly last?: readonly string[];
}

function addressesUntilMarch2026({ generation, first = [], allocate, last = [] }: AddressPasses): string {
  const device = [
    ...first,
    "aie-assign-lock-ids",
    "aie-register-objectFifos",
    "aie-objectFifo-stateful-transform{dynamic-objFifos=false packet-sw-objFifos=false}",
    "aie-assign-bd-ids",
    "aie-lower-cascade-flows",
    "aie-lower-broadcast-packet",
    "aie-lower-multicast",
    "aie-assign-tile-controller-ids",
    "aie-generate-column-control-overlay{route-shim-to-tile-ctrl=false}",
    allocate,
    ...last,
  ];
  return moduleOf(
    `convert-vector-to-aievec{aie-target=${generation} target-backend=llvmir}`,
    "lower-affine",
    "aie-canonicalize-device",
    deviceOf(device),
    "convert-scf-to-cf",
  );
}

/** The overlay has become a pass of the module, between two rounds of passes of the device. */
function addressesSinceV14(generation: Generation, objectFifos: readonly string[]): string {
  return moduleOf(
    `convert-vector-to-aievec{aie-target=${generation}}`,
    "lower-affine",
    "aie-canonicalize-device",
    "aie-lower-scratchpad-parameters",
    deviceOf([
      ...objectFifos,
      "aie-assign-bd-ids",
      "aie-lower-cascade-flows",
      "aie-lower-broadcast-packet",
      "aie-lower-multicast",
      "aie-assign-tile-controller-ids",
    ]),
    "aie-generate-column-control-overlay{route-shim-to-tile-ctrl=false}",
    deviceOf([allocateWithScheme, "aie-assign-core-link-files", "aie-vector-transfer-lowering"]),
    "aie-scf-to-control-flow",
  );
}

function sinceV14(): Omit<Lowering, "addresses"> {
  return {
    ...spans["v1.3"](),
    coreFrom: "physical",
    sequences: moduleOf(
      "aie-materialize-runtime-sequences",
      deviceOf([
        "aie-materialize-bd-chains",
        "aie-substitute-shim-dma-allocations",
        "aie-unroll-runtime-sequence-loops",
        "canonicalize",
        "aie-decompose-large-dma-bd",
        "aie-lower-dynamic-bd-pool",
        "canonicalize",
        "aie-assign-runtime-sequence-bd-ids",
        "aie-dma-tasks-to-npu",
        "aie-lower-dma-channel-reset",
        "aie-dma-to-npu",
        "aie-lower-set-lock",
        "aie-lower-core-reset",
      ]),
    ),
  };
}

/** `aie-insert-trace-flows` came three days after v1.3.1. */
function tracePasses(passes: ReadonlySet<string>): string {
  const insert = passes.has("aie-insert-trace-flows") ? ["aie-insert-trace-flows"] : [];
  return moduleOf(deviceOf([...insert, "aie-trace-to-config", "aie-trace-pack-reg-writes", "aie-inline-trace-config"]));
}

function coreHead({ col, row }: CorePlace, aievec: string, rest: string): string {
  return moduleOf(
    deviceOf(["aie-localize-locks", "aie-normalize-address-spaces", "aie-transform-bfp-types"]),
    `aie-standard-lowering{device=${deviceSymbol} tilecol=${col} tilerow=${row}}`,
    "aiex-standard-lowering",
    aievec,
    rest,
  );
}

function aievecToLlvm(generation: Generation): string {
  return `convert-aievec-to-llvm{aie-target=${generation}}`;
}

function deviceOf(passes: readonly string[]): string {
  return `aie.device(${passes.join(",")})`;
}

function moduleOf(...passes: readonly string[]): string {
  return `builtin.module(${passes.join(",")})`;
}
