import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { ArrayReport } from "@aiekit/host";
import { deviceModel, parseModule } from "@aiekit/mlir";
import type { OwnDesign } from "@aiekit/tools";
import { expect, test } from "vitest";
import { printArrayRuns, recordArrayRuns } from "./array-runs-report.ts";

const fixtures = join(import.meta.dirname, "..", "..", "..", "mlir", "fixtures", "conformance");
const separate = readFileSync(join(fixtures, "link-with-on-core-deprecated.addresses.mlir"), "utf8");
/** All four buffers one behind the other in bank 0. */
const oneBank = [16384, 32768, 49152].reduce(
  (text, address, i) =>
    text.replace(
      `{address = ${address} : i32, mem_bank = ${i + 1}`,
      `{address = ${1280 + 256 * i} : i32, mem_bank = 0`,
    ),
  separate,
);

const report: ArrayReport = {
  ...{ cycles: 1000, instructions: 8, wordsMoved: 800, openTransfers: [], warnings: [] },
  tiles: [
    {
      tile: { col: 0, row: 2 },
      core: {
        ...{ busyCycles: 850, endedCycles: 150, lockCycles: 0, waits: [] },
        kernels: [{ name: "scale_i32", calls: 4, cycles: 800, lowerBound: false }],
      },
      channels: (["S2MM", "MM2S"] as const).map((direction) => ({
        ...{ direction, channel: 0, name: undefined, peers: [], words: 400, waits: [] },
        ...{ busyCycles: 400, startCycles: 0, lockCycles: 0, peerCycles: 0, idleCycles: 600 },
      })),
    },
  ],
};
const finished = (text: string) => ({
  design: {
    ...{ file: "d.mlir", device: deviceModel("npu1"), sequence: "s", cores: [], args: [] },
    lowered: parseModule(text, "d.mlir"),
  } as unknown as OwnDesign,
  runs: { outputs: [], reports: [report], warnings: [] },
  ...{ outputs: [], warnings: [], expected: [], differences: [], time: undefined },
});

test("bank conflicts are told beside the modelled cycles, for buffers in one bank and not in separate ones", () => {
  const text = printArrayRuns(finished(oneBank));

  // 800 cycles, half of them on one of the buffers each: it meets the two others, 50 of 1000 rows in each.
  expect(text).toMatch(
    /core \(0,2\): about 40 cycles of bank conflicts expected, not in the modelled cycles; .* share bank 0/,
  );
  expect(text).toContain("modelled, not measured: 1000 cycles");
  expect(printArrayRuns(finished(separate))).not.toContain("bank");
  expect(recordArrayRuns(finished(separate))).toMatchObject({ bankConflicts: [] });
});
