import { DesignError } from "@aiekit/core";
import { encodeTxn } from "@aiekit/xclbin";
import { expect, test } from "vitest";
import { compareInstsStep } from "./insts-steps.ts";
import { comparisonRef } from "./outputs.ts";

const stream = (value: number): Uint8Array =>
  encodeTxn({
    major: 0,
    minor: 1,
    deviceGeneration: 3,
    rows: 6,
    cols: 1,
    memtileRows: 1,
    ops: [{ op: "write32", address: 0x1d204, value }],
  });
const compare = async (used: "own" | "tools", own: Uint8Array, tools: Uint8Array): Promise<string> => {
  const made = await compareInstsStep("frames_16", used, "1").run({
    reads: [own, tools],
    signal: new AbortController().signal,
  });
  return new TextDecoder().decode(made.get(comparisonRef("frames_16").output));
};

test("streams that differ are a warning with the first word where the tool's is used", async () => {
  expect(await compare("tools", stream(1), stream(2))).toMatch(
    /^sequence @frames_16: word 8, op 0 \(write32\).*: aie-translate has 0x0*2 .*, this program 0x0*1 /,
  );
  expect(await compare("tools", stream(1), stream(1))).toBe("");
});

test("and an error where ours is used, since the CDO is the tool's", async () => {
  await expect(compare("own", stream(1), stream(2))).rejects.toThrow(DesignError);
  expect(await compare("own", stream(1), stream(1))).toBe("");
});
