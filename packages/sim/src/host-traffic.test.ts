import { decodeTxn, hostTraffic } from "@aiekit/xclbin";
import { expect, test } from "vitest";
import { conformanceDesign } from "./conformance.test-support.ts";
import { deliveries } from "./conformance-arithmetic.test-support.ts";

/** Instruction streams that mlir-aie made: what is counted in them is what the simulated shim channels move. */
test.each(Object.keys(deliveries))(
  "%s: bytes counted in the stream are the words of the shim channels",
  async (name) => {
    const { insts, newArguments, run } = conformanceDesign(name);
    const counted = hostTraffic(decodeTxn(insts));

    const { tiles } = await run(...newArguments());

    const moved = (direction: string) =>
      tiles
        .filter(({ tile }) => tile.row === 0)
        .flatMap(({ channels }) => channels.filter((channel) => channel.direction === direction))
        .reduce((sum, { words }) => sum + 4 * words, 0);
    const sum = (of: "bytesToArray" | "bytesFromArray") => counted.reduce((total, one) => total + one[of], 0);
    expect(sum("bytesFromArray")).toBe(moved("S2MM"));
    // What a run sends ahead and nobody took is still in the shim's stream when the run ends.
    expect(sum("bytesToArray")).toBeGreaterThanOrEqual(moved("MM2S"));
    expect(moved("MM2S") + moved("S2MM")).toBeGreaterThan(0);
  },
);
