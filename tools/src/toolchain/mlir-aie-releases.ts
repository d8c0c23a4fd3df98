/** A span of mlir-aie's history with one set of pass pipelines. */
export type MlirAieReleaseId = "v1.1" | "v1.2" | "2026-03" | "v1.3" | "v1.4" | "v1.4.2";

export interface MlirAieRelease {
  readonly id: MlirAieReleaseId;
  /** For people. */
  readonly name: string;
  /** Passes in `aie-opt --help` that this span has and the ones before it lack. */
  readonly markers: readonly string[];
  /** Builds with it are supported; later spans have pipelines that were read in sources and never run. */
  readonly supported: boolean;
  /** How the pipelines of this span are known. */
  readonly evidence: "tools were run" | "read in sources";
}

/**
 * Newest first. Dates: `aie-objectFifo-unroll` 2026-08-13, `aie-unroll-runtime-sequence-loops` 2026-07-07,
 * `aie-scf-to-control-flow` 2026-06-30, `aie-assign-core-link-files` 2026-03 (after the 5th), `aie-trace-to-config`
 * 2026-03-04, `aie-materialize-runtime-sequences` 2026-01-08, `aie-vector-transfer-lowering` 2025-11.
 * Source: history of mlir-aie, lib/Dialect/AIE/Transforms and lib/Dialect/AIEX/Transforms.
 */
export const mlirAieReleases: readonly MlirAieRelease[] = [
  {
    id: "v1.4.2",
    name: "mlir-aie v1.4.2 or later",
    markers: ["aie-objectFifo-unroll"],
    supported: false,
    evidence: "read in sources",
  },
  {
    id: "v1.4",
    name: "mlir-aie v1.4.0 or v1.4.1",
    markers: ["aie-scf-to-control-flow", "aie-unroll-runtime-sequence-loops"],
    supported: false,
    evidence: "read in sources",
  },
  {
    id: "v1.3",
    name: "mlir-aie v1.3",
    markers: ["aie-assign-core-link-files"],
    supported: true,
    evidence: "read in sources",
  },
  {
    id: "2026-03",
    name: "mlir-aie of March 2026, between v1.2 and v1.3",
    markers: ["aie-trace-to-config"],
    supported: true,
    evidence: "tools were run",
  },
  {
    id: "v1.2",
    name: "mlir-aie v1.2",
    markers: ["aie-vector-transfer-lowering", "aie-materialize-runtime-sequences"],
    supported: true,
    evidence: "read in sources",
  },
  {
    id: "v1.1",
    name: "mlir-aie v1.1",
    markers: ["aie-register-objectFifos"],
    supported: true,
    evidence: "read in sources",
  },
];

export const supportedMlirAie = "mlir-aie v1.1 to v1.3";

/** What an aie-opt says of itself: the span it belongs to, or why it belongs to none. */
type MlirAieDetection =
  | { readonly release: MlirAieRelease; readonly passes: ReadonlySet<string>; readonly warning?: string }
  | { readonly release: undefined; readonly reason: string };

/**
 * Finds the span from the texts of `aie-opt --help` and `aie-translate --help`; the latter may be missing.
 * `aie-translate --aie-device-name` exists since 2025-09-30: without it the tools are older than v1.1, and name their
 * files in another way.
 */
export function detectMlirAie(optHelp: string, translateHelp?: string): MlirAieDetection {
  const passes = listedOptions(optHelp);
  const release = mlirAieReleases.find(({ markers }) => markers.every((marker) => passes.has(marker)));
  if (release === undefined) {
    const reason = `lists none of the passes that tell a release of mlir-aie; supported: ${supportedMlirAie}`;
    return { release: undefined, reason };
  }
  if (translateHelp !== undefined && !listedOptions(translateHelp).has("aie-device-name")) {
    return {
      release: undefined,
      reason: `older than mlir-aie v1.1 (no --aie-device-name); supported: ${supportedMlirAie}`,
    };
  }
  if (release.supported) return { release, passes };
  const warning = `${release.name} is outside the supported range, ${supportedMlirAie}: its pipelines are as read in its sources`;
  return { release, passes, warning };
}

/** Names of options and passes that a help text lists, one at the start of each line: `  --aie-lower-multicast  - Lower ...`. */
function listedOptions(help: string): ReadonlySet<string> {
  return new Set([...help.matchAll(/^\s*--?([A-Za-z][\w-]*)/gm)].map((match) => match[1] ?? ""));
}
