import { readdirSync, readFileSync } from "node:fs";
import { basename } from "node:path";
import { expect, test } from "vitest";
import { fixture, optionalData } from "../optional-data.test-support.ts";
import { encodeSimImage } from "../sim-image.ts";
import { type Damage, damages, oldCall } from "./damaged-files.test-support.ts";
import { goodOps, goodXclbin, streamOf, withMetadata, xclbinOfPdi } from "./good-xclbin.test-support.ts";
import { type LintInput, lintXclbin } from "./lint.ts";
import { type LintCode, lintRules } from "./rules.ts";
import { checkStream } from "./stream-checks.ts";

const good: LintInput = { name: "good.xclbin", bytes: goodXclbin };
const codesOf = (input: LintInput) => lintXclbin(input).map(({ code }) => code);

test("our own xclbin has no finding on either device, and none with its instruction stream", () => {
  for (const device of [undefined, "npu1", "npu2"] as const) expect(codesOf({ ...good, device })).toEqual([]);
  expect(codesOf({ ...good, device: "npu1", stream: { name: "insts.bin", bytes: streamOf(goodOps) } })).toEqual([]);
});

test("an xclbin for the simulator has no finding unless an NPU is named", () => {
  const bytes = xclbinOfPdi(encodeSimImage({ loweredMlir: "module {}", device: "npu1_1col", cores: [], modules: [] }));

  expect(codesOf({ name: "sim.xclbin", bytes })).toEqual([]);
  expect(codesOf({ name: "sim.xclbin", bytes, device: "npu1" })).toEqual(["pdi-for-simulator"]);
});

test("real files of other projects have no finding but the call without opcode of 2023 and early 2024", ({ skip }) => {
  const xclbins = optionalData("xclbin");
  const streams = optionalData("insts");
  skip(xclbins.skipReason !== undefined, xclbins.skipReason);
  for (const path of xclbins.files) {
    const name = basename(path);
    const streamPath = streams.files.find((file) => basename(file).slice(0, 6) === name.slice(0, 6));
    const stream =
      streamPath === undefined ? undefined : { name: "insts", bytes: new Uint8Array(readFileSync(streamPath)) };

    const codes = codesOf({ name, bytes: new Uint8Array(readFileSync(path)), stream });

    expect(codes, name).toEqual(/_202[34]_/.test(name) ? ["no-opcode"] : []);
  }
});

test.each(Object.entries(damages) as [LintCode, Damage][])(
  "%s is found, with cause and cure, and nothing else but what follows from it",
  (code, { says, also = [], ...input }) => {
    const findings = lintXclbin({ ...good, ...input });

    const found = findings.filter((finding) => finding.code === code);
    expect(found.map(({ cause }) => cause).join("\n")).toContain(says);
    expect(found[0]).toMatchObject({ ...lintRules[code] });
    expect(new Set(findings.map((finding) => finding.code))).toEqual(new Set([code, ...also]));
  },
);

// This one writes registers by hand: it starts BDs that it never writes, and waits for a channel that it never starts.
const byHand = "sequence-writes-masks-syncs.insts.bin";

test.each(readdirSync(new URL("../../fixtures/insts", import.meta.url)))(
  "aie-translate's stream %s has true findings only",
  (file) => {
    const codes = checkStream(fixture(`insts/${file}`), file, { xclbin: undefined, device: undefined }).map(
      ({ code }) => code,
    );

    const expected = file === byHand ? ["stream-bd-unwritten", "stream-no-token"] : [];
    expect([...new Set(codes)]).toEqual(expected);
  },
);

test("a TXN stream on an xclbin of the older call is of the wrong kind as well", () => {
  expect(
    codesOf({ name: "old.xclbin", bytes: oldCall(), stream: { name: "insts.bin", bytes: streamOf(goodOps) } }),
  ).toContain("stream-kind");
});

test("a file whose metadata are no XML has one finding for it, and none for kernels that cannot be seen", () => {
  const bytes = withMetadata((text) => text.replace("</kernel>", ""));

  expect(lintXclbin({ name: "x.xclbin", bytes }).map(({ code, where }) => [code, where])).toEqual([
    ["section-damaged", "section EMBEDDED_METADATA"],
  ]);
});
