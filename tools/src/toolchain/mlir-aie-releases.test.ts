import { expect, test } from "vitest";
import { lockedRange } from "./locked-range.ts";
import { detectMlirAie, mlirAieReleases, supportedMlirAie } from "./mlir-aie-releases.ts";
import { isWithin } from "./versions.ts";

const help = (...passes: string[]): string =>
  ["OVERVIEW: MLIR modular optimizer driver", ...passes.map((pass) => `      --${pass}   -   About ${pass}`)].join(
    "\n",
  );
const translateHelp = help("aie-device-name=<string>", "aie-generate-cdo");

// What each span's aie-opt lists, by when the passes came and went.
const listed = {
  "v1.1": ["aie-register-objectFifos", "aie-txn-to-ctrl-packet"],
  "v1.2": ["aie-register-objectFifos", "aie-vector-transfer-lowering", "aie-materialize-runtime-sequences"],
  "2026-03": [
    "aie-register-objectFifos",
    "aie-vector-transfer-lowering",
    "aie-materialize-runtime-sequences",
    "aie-trace-to-config",
  ],
  "v1.3": [
    "aie-register-objectFifos",
    "aie-vector-transfer-lowering",
    "aie-materialize-runtime-sequences",
    "aie-trace-to-config",
    "aie-assign-core-link-files",
    "aie-place-tiles",
  ],
  "v1.4": [
    "aie-vector-transfer-lowering",
    "aie-materialize-runtime-sequences",
    "aie-trace-to-config",
    "aie-assign-core-link-files",
    "aie-scf-to-control-flow",
    "aie-unroll-runtime-sequence-loops",
  ],
  "v1.4.2": [
    "aie-vector-transfer-lowering",
    "aie-materialize-runtime-sequences",
    "aie-trace-to-config",
    "aie-assign-core-link-files",
    "aie-scf-to-control-flow",
    "aie-unroll-runtime-sequence-loops",
    "aie-objectFifo-unroll",
  ],
} as const;

test.each(Object.entries(listed))("%s is told by the passes that its aie-opt lists", (id, passes) => {
  expect(detectMlirAie(help(...passes), translateHelp).release?.id).toBe(id);
});

test("every span of the table has a row above", () => {
  expect(mlirAieReleases.map(({ id }) => id).sort()).toEqual(Object.keys(listed).sort());
});

test("v1.4 is built with and said to be outside the range; v1.1 to v1.3 are not", () => {
  const warned = Object.entries(listed).filter(([, passes]) => {
    const found = detectMlirAie(help(...passes), translateHelp);
    return found.release !== undefined && found.warning !== undefined;
  });

  expect(warned.map(([id]) => id)).toEqual(["v1.4", "v1.4.2"]);
});

test("the range of toolchain.lock.json holds the releases that are built with without a warning, and no other", () => {
  const range = lockedRange("mlir_aie");
  const [from, last] = [...supportedMlirAie.matchAll(/v(\d+\.\d+)/g)].map(([, version]) => `${version}.0`);

  expect(range?.from).toBe(from);
  expect(isWithin(last ?? "", range!)).toBe(true);
  // Spans with a version in their name; the one between two releases has none.
  for (const { id, supported } of mlirAieReleases) {
    const version = /^v(\d+\.\d+(?:\.\d+)?)$/.exec(id)?.[1];
    if (version !== undefined) expect(isWithin(version, range!), id).toBe(supported);
  }
});

test("tools without --aie-device-name are older than v1.1, and an aie-opt without any marker is none that is known", () => {
  expect(detectMlirAie(help(...listed["v1.1"]), help("aie-generate-cdo"))).toEqual({
    release: undefined,
    reason: expect.stringContaining("older than mlir-aie v1.1"),
  });
  expect(detectMlirAie(help("canonicalize"), translateHelp)).toEqual({
    release: undefined,
    reason: expect.stringContaining("supported: mlir-aie v1.1 to v1.3"),
  });
});

test("a marker counts where it is listed, not where another pass's text mentions it", () => {
  const text = `${help(...listed["v1.1"])}\n  --other  -   runs after --aie-objectFifo-unroll`;

  expect(detectMlirAie(text, translateHelp).release?.id).toBe("v1.1");
});
