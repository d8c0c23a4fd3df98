import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { tensor, writeNpy } from "@aiekit/core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { runInProcess } from "./run-cli.test-support.ts";
import { fixture } from "./sim.test-support.ts";

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "aiekit-trace-"));
});
afterAll(() => rm(folder, { recursive: true }));
const trace = (...argv: readonly string[]) => runInProcess(["trace", ...argv], { cwd: folder });

/** Its core unit: packets of type core, id 1 from (0,2); slots INSTR_EVENT_0, INSTR_EVENT_1, LOCK_STALL. */
const design = fixture("trace-core-events.mlir");
// By hand: header of column 1, row 2 and id 1 (three ones), start at timer 100, slot 0 after 9 idle cycles, slot 2 in
// the next cycle and 30 more, slot 1 in the one behind; pads.
const packet = [0x0022_0001, 0xf000_0000, 100, 0x0920_de1e, 0xd81e_10fe, 0xfefe_fefe, 0, 0];

test("trace: a packet written by hand is read by the design's names from binary, text and .npy alike", async () => {
  const words = [0x0022_0001, 0xf000_0000, 100, 0x0920_d81e, 0x10fe_fefe, 0xfefe_fefe, 0, 0];
  const binary = new Uint8Array(Uint32Array.from([...words, 0, 0, 0]).buffer);
  await writeFile(join(folder, "t.bin"), binary);
  await writeFile(join(folder, "t.txt"), words.map((word) => word.toString(16).padStart(8, "0")).join("\n"));
  await writeFile(join(folder, "t.npy"), writeNpy(tensor("i32", [8], Int32Array.from(words))));

  const outcomes = [];
  for (const name of ["t.bin", "t.txt", "t.npy"]) {
    outcomes.push(await trace(name, "--design", design, "--json", "--out", `${name}.json`));
  }

  for (const { code, stderr, stdout } of outcomes) {
    expect([code, stderr]).toEqual([0, ""]);
    const { units, columnShift, problems } = JSON.parse(stdout);
    expect([columnShift, problems]).toEqual([1, []]);
    expect(units[0].events).toEqual([
      { name: "INSTR_EVENT_0", times: 1, cycles: 1, first: 110, last: 110 },
      { name: "INSTR_EVENT_1", times: 1, cycles: 1, first: 142, last: 142 },
      { name: "LOCK_STALL", times: 1, cycles: 31, first: 111, last: 111 },
    ]);
    expect(units[0].kernel).toEqual({ calls: 1, least: 32, median: 32, most: 32 });
  }
  const file = JSON.parse(await readFile(join(folder, "t.bin.json"), "utf8"));
  const stall = file.traceEvents.find(({ name }: { name: string }) => name === "LOCK_STALL");
  expect(stall).toMatchObject({ ph: "X", cat: "stall", args: { cycles: 31 } });
});

test("trace: damage is told at its word with exit code 1, and the rest is printed", async () => {
  await writeFile(join(folder, "bad.bin"), new Uint8Array(Uint32Array.from(packet).buffer));

  const { code, stdout, stderr } = await trace("bad.bin", "--design", design);

  expect(code).toBe(1);
  expect(stderr).toMatch(/^warning: bad\.bin: word 3: core \(0,2\): a frame of 4 bytes \(0xde\) begins at byte 2/);
  expect(stdout).toContain("1 place could not be read");
  expect(stdout).toMatch(/core of \(0,2\) +INSTR_EVENT_0 +1 +1 +110 +110/);
});

test("trace: a design without a trace, and a file that is no packets, are refused with what to do", async () => {
  await writeFile(join(folder, "zero.bin"), new Uint8Array(64));

  const none = await trace("zero.bin", "--design", fixture("core-scf-if.mlir"));
  const zeros = await trace("zero.bin", "--design", design);

  expect([none.code, zeros.code]).toEqual([2, 3]);
  expect(none.stderr).toContain("sets no trace unit");
  expect(zeros.stderr).toContain("expected packets of 8 words, got 16 words of 0");
});
