import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { compareDesign } from "./compare-design.ts";
import type { ConformanceDesign, Stage, ToolAnswer } from "./design.ts";
import { readConformanceDesign, readConformanceIndex } from "./read-folder.ts";
import { type ConformanceReport, conformanceReport } from "./report.ts";

const folder = { path: "mlir/fixtures/conformance", cwd: join(import.meta.dirname, "../../..") };
const read = (name: string) => readConformanceDesign(folder, name);

/** The design with one thing of the tools' answers changed; the test fails where the change would change nothing. */
function edited(text: string | undefined, from: string | RegExp, to: string): string {
  const result = (text ?? "").replace(from, to);
  expect(result).not.toBe(text);
  return result;
}

function differenceOf(design: ConformanceDesign, stage: Stage) {
  const verdict = compareDesign(design).stages.get(stage);
  return verdict?.outcome === "differs" ? verdict.difference : verdict;
}

/** Replaces the tools' answer of a stage and takes back those after it. */
function withAnswer(design: ConformanceDesign, stage: Stage, answer: Partial<ToolAnswer>): ConformanceDesign {
  const ok: ToolAnswer = { ok: true, error: "", diagnostics: [], ended: "by itself" };
  const before = [...design.answers].slice(0, [...design.answers.keys()].indexOf(stage));
  return { ...design, answers: new Map([...before, [stage, { ...ok, ...answer }]]) };
}

let report: ConformanceReport;

beforeAll(async () => {
  const names = await readConformanceIndex(folder);
  const designs = await Promise.all(names.map(read));
  report = conformanceReport(designs.map((design) => compareDesign(design)));
}, 120_000);

test("on the 328 designs nothing differs from the real tools but the known exceptions", () => {
  expect(report.designs).toBe(328);
  expect(report.differences).toEqual([]);
});

test("every known exception still differs; one that does not is to be removed from known-exceptions.ts", () => {
  expect(report.outdatedExceptions).toEqual([]);
});

test("every stage of every answer is compared: 328, 214, 179 and 101 designs, none left out", () => {
  expect(report.stages.map(({ designs, notCompared }) => [designs, notCompared])).toEqual([
    [328, 0],
    [214, 0],
    [179, 0],
    [101, 0],
  ]);
});

test("a design that agrees has a verdict for each stage that the tools ran", async () => {
  const { stages } = compareDesign(await read("memcpy-nd-rank4-i32"));

  expect([...stages]).toEqual(
    (["verify", "addresses", "route", "insts"] as const).map((stage) => [stage, { outcome: "agrees" }]),
  );
});

// Edits of what the real compiler wrote for memcpy-nd-rank4-i32, and the thing that is then said to differ.
test.each<[string, string | RegExp, string, { what: string; expected: string; got: string }]>([
  [
    "a lock's initial value",
    /(init = )2( : i32, sym_name = "in_cons_prod_lock_0")/,
    "$13$2",
    { what: "lock @in_cons_prod_lock_0: init", expected: "3", got: "2" },
  ],
  [
    "a BD's length",
    "(%in_cons_buff_1 : memref<64xi32>, 0, 64) {bd_id = 1",
    "(%in_cons_buff_1 : memref<64xi32>, 0, 32) {bd_id = 1",
    { what: "BD 1 of aie.memtile_dma (0,1) S2MM 0: length", expected: "32", got: "64" },
  ],
  [
    "the lock a BD waits for",
    "AcquireGreaterEqual, 1)\n      aie.dma_bd(%in_cons_buff_0 : memref<64xi32>, 0, 64) {bd_id = 2",
    "AcquireGreaterEqual, 2)\n      aie.dma_bd(%in_cons_buff_0 : memref<64xi32>, 0, 64) {bd_id = 2",
    {
      what: "BD 0 of aie.memtile_dma (0,1) MM2S 0: locks before",
      expected: "AcquireGreaterEqual @in_cons_cons_lock_0 by 2",
      got: "AcquireGreaterEqual @in_cons_cons_lock_0 by 1",
    },
  ],
  [
    "a buffer's address",
    "address = 65536",
    "address = 256",
    { what: "buffer @in_cons_buff_1: address", expected: "256", got: "65536" },
  ],
  [
    "the source of a flow",
    "(%shim_noc_tile_0_0, DMA : 0, %mem_tile_0_1",
    "(%shim_noc_tile_0_0, DMA : 1, %mem_tile_0_1",
    { what: "flow into (0,1) DMA 0: source", expected: "(0,0) DMA 1", got: "(0,0) DMA 0" },
  ],
  [
    "a lock that is not there",
    /.*sym_name = "out_cons_cons_lock_0".*\n/,
    "",
    { what: "lock @out_cons_cons_lock_0", expected: "none", got: "tile (0,0), id 3, init 0" },
  ],
])("%s that is not the compiler's is named in the design's names", async (_, from, to, difference) => {
  const design = await read("memcpy-nd-rank4-i32");

  expect(differenceOf({ ...design, lowered: edited(design.lowered, from, to) }, "addresses")).toEqual(difference);
});

test("another word of the stream is named with its operation, register and meaning", async () => {
  const design = await read("memcpy-nd-rank4-i32");
  const [stream] = design.streams;
  const bytes = new Uint8Array(stream?.bytes ?? []);
  // Header of 4 words, head of the first blockwrite of 4, then the BD's words: the first is its length.
  new DataView(bytes.buffer).setUint32(8 * 4, 511, true);

  const changed = { ...design, streams: design.streams.map((of) => ({ ...of, bytes })) };

  const difference = differenceOf(changed, "insts");
  expect(difference).toMatchObject({
    what: "sequence @sequence: word 8, op 0 (blockwrite), data word 0: tile (0,0) BD 0, length",
    expected: expect.stringMatching(/^0x000001ff \(tile \(0,0\) BD 0 = 0x000001ff /),
    got: expect.stringMatching(/^0x00000200 \(tile \(0,0\) BD 0 = 0x00000200 /),
  });
});

test("a stream that ends early differs at its end", async () => {
  const design = await read("memcpy-nd-rank4-i32");
  const streams = design.streams.map((of) => ({ ...of, bytes: of.bytes.subarray(0, of.bytes.length - 4) }));

  expect(differenceOf({ ...design, streams }, "insts")).toMatchObject({ expected: "the end of the stream" });
});

test("a verdict that is turned round differs, both ways", async () => {
  const accepted = withAnswer(await read("memcpy-nd-rank4-i32"), "verify", {
    ok: false,
    error: "a.mlir:1:1: error: no",
  });
  const refused = withAnswer(await read("reject-lock-id-16"), "verify", { ok: true });

  expect(differenceOf(accepted, "verify")).toEqual({
    what: "verdict",
    expected: "refused: a.mlir:1:1: error: no",
    got: "accepted",
  });
  expect(differenceOf(refused, "verify")).toMatchObject({
    expected: "accepted",
    got: expect.stringContaining("lock assigned invalid id (maximum is 15)"),
  });
});

test("a refusal for another cause differs", async () => {
  const error = "reject-lock-id-16.mlir:5:10: error: 'aie.lock' op is upside down";
  const design = withAnswer(await read("reject-lock-id-16"), "verify", { ok: false, error });

  expect(differenceOf(design, "verify")).toMatchObject({ what: "cause of the refusal", expected: `refused: ${error}` });
});

test("an odd design without a warning differs", async () => {
  const design = { ...(await read("depth-1-scalar")), name: "odd-but-fine" };

  expect(differenceOf(design, "verify")).toMatchObject({ what: "warning", got: "none" });
});

test("where the tool crashed at verify, accepting is a difference and a clean error is none", async () => {
  const crash = { ok: false, error: "", ended: "crashed" } as const;

  expect(differenceOf(withAnswer(await read("depth-1-scalar"), "verify", crash), "verify")).toMatchObject({
    what: "verdict",
    got: "accepted",
  });
  expect(
    compareDesign(withAnswer(await read("reject-lock-id-16"), "verify", crash)).stages.get("verify"),
  ).toMatchObject({
    outcome: "agrees",
    remark: expect.stringContaining("the tool crashed"),
  });
});

test("a lowered form that cannot be read differs", async () => {
  const design = { ...(await read("depth-1-scalar")), lowered: "module {" };

  expect(differenceOf(design, "addresses")).toMatchObject({ what: "depth-1-scalar.addresses.mlir" });
});

test("a missing exception is a difference, with what the tool and what ours says", async () => {
  const design = await read("repeat-count-compute");

  expect(compareDesign(design, []).stages.get("addresses")).toEqual({
    outcome: "differs",
    difference: {
      what: "core (0,2): step 8",
      expected: "memref.load @in_cons_buff_1",
      got: "AcquireGreaterEqual @out_prod_lock_0 by 3",
    },
  });
});
