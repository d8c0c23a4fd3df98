import { afterAll, beforeAll, expect, test } from "vitest";
import { fixture, oneCoreDesign, type SimFolder, sendAndAwait, simFolder } from "./sim.test-support.ts";

let folder: SimFolder;
beforeAll(async () => {
  folder = await simFolder();
});
afterAll(() => folder.remove());

// In quarters of 64 words a memtile hands objects of 256 words to the cores of rows 2 to 5, which add 3.
const design = "distribute-join-4-cores.mlir";
const input = Int32Array.from({ length: 2048 }, (_, i) => i);
const right = input.map((x) => x + 3);

async function compare(expected: Int32Array<ArrayBuffer>, ...more: readonly string[]) {
  await folder.writeArray("a.npy", "i32", input);
  await folder.writeArray("right.npy", "i32", expected);
  return folder.sim(fixture(design), "--in", "a.npy", "--out", "b.npy", "--expect", "right.npy", ...more);
}

test("an output that is as expected is no difference, with exit code 0", async () => {
  const { code, stdout } = await compare(right, "--json");

  expect([code, JSON.parse(stdout).differences]).toEqual([0, []]);
});

test("an output that is compared need not be written, and equal ones are told", async () => {
  await folder.writeArray("a.npy", "i32", input);
  await folder.writeArray("right.npy", "i32", right);
  await folder.writeArray("wrong.npy", "i32", right.with(7, 0));

  const equal = await folder.sim(fixture(design), "--in", "a.npy", "--expect", "right.npy");
  const wrong = await folder.sim(fixture(design), "--in", "a.npy", "--expect", "B=wrong.npy");

  expect([equal.code, wrong.code]).toEqual([0, 1]);
  expect(equal.stdout).toContain("%B equals right.npy, bit for bit\n");
  expect(equal.stdout).not.toContain("->");
  expect(wrong.stdout).toContain("%B differs from wrong.npy in 1 of 2048 elements, first in 7: expected 0, got 10\n");
  expect(wrong.stdout).not.toContain("equals");
});

test("a command with its missing files has what is compared too", async () => {
  await folder.writeArray("right.npy", "i32", right);

  const { code, stderr } = await folder.sim(fixture(design), "--expect", "right.npy");

  expect(code).toBe(2);
  expect(stderr).toContain("no file for input %A: i32[2048]\n");
  expect(stderr).toMatch(/^hint: aiekit sim \S+ --in zeros --expect B=right\.npy$/m);
});

test.each([0, 63, 700, 2047])(
  "element %i is followed through the memtile to the core and the buffer it came from",
  async (element) => {
    const { code, stdout } = await compare(right.with(element, -1), "--json");

    const [object, inObject] = [Math.floor(element / 256), element % 256];
    const [quarter, inQuarter] = [Math.floor(inObject / 64), inObject % 64];
    const [difference, ...others] = JSON.parse(stdout).differences;
    expect([code, others]).toEqual([1, []]);
    expect(difference).toMatchObject({
      argument: "B",
      element,
      expected: "-1",
      got: String(element + 3),
      differing: 1,
    });
    const { steps, core } = difference.origin;
    const step = (direction: string, row: number, buffer: string | undefined, position: number) =>
      expect.objectContaining({
        direction,
        tile: { col: 0, row },
        ...(buffer && { buffer }),
        position,
        padding: false,
      });
    expect(steps).toEqual([
      step("S2MM", 0, undefined, 4 * element),
      step("MM2S", 1, `out_buff_${object % 2}`, inObject),
      step("S2MM", 1, `out_buff_${object % 2}`, inObject),
      step("MM2S", 2 + quarter, `out${quarter}_buff_${object % 2}`, inQuarter),
    ]);
    expect(core).toEqual({ col: 0, row: 2 + quarter });
  },
);

test("the text says element, values and each step", async () => {
  const work = `scf.for %i = %c0 to %c16 step %c1 {
          %x = memref.load %ei[%i] : memref<16xi32>
          memref.store %x, %eo[%i] : memref<16xi32>
        }`;
  await folder.write("copy.mlir", oneCoreDesign({ work, sequence: sendAndAwait }));
  await folder.writeArray("a.npy", "i32", new Int32Array(32).fill(5));
  await folder.writeArray("right.npy", "i32", new Int32Array(32).fill(5).with(17, 6));

  const { code, stdout } = await folder.sim("copy.mlir", "--in", "a.npy", "--out", "b.npy", "--expect", "right.npy");

  expect(code).toBe(1);
  expect(stdout).toContain("%b differs from right.npy in 1 of 32 elements, first in 17: expected 6, got 5\n");
  expect(stdout).toMatch(/written by S2MM 0 of \(0,0\), BD 1: byte 68 of host memory/);
  expect(stdout).toMatch(/sent by MM2S 0 of \(0,2\), BD \d: element 1 of out_buff_1, until cycle \d+ \(modelled\)/);
  expect(stdout).toContain("  written by core (0,2)\n");
});

test("a word that no core touched is followed back to the byte of host memory that was sent", async () => {
  const words = Int32Array.from({ length: 4096 }, (_, i) => i);
  await folder.writeArray("a.npy", "i32", words);
  await folder.writeArray("right.npy", "i32", words.with(3000, -1));

  const files = ["--in", "a.npy", "--out", "b.npy", "--expect", "right.npy"];
  const { stdout } = await folder.sim(fixture("passthrough-memtile-i32.mlir"), ...files, "--runs", "2", "--json");

  const [{ origin }] = JSON.parse(stdout).differences;
  expect(origin.steps.length).toBe(4);
  expect(origin.steps.at(-1)).toMatchObject({ direction: "MM2S", tile: { col: 0, row: 0 }, position: 12000 });
  expect(origin.core).toBeUndefined();
});

test("an expected file of another size or type, or for no output, is refused", async () => {
  const short = await compare(new Int32Array(4));
  await folder.writeArray("float.npy", "f32", Float32Array.from(right));
  const float = await folder.sim(fixture(design), "--in", "a.npy", "--out", "b.npy", "--expect", "float.npy");
  await folder.writeArray("right.npy", "i32", right);
  const stray = await folder.sim(fixture(design), "--in", "a.npy", "--out", "b.npy", "--expect", "x=right.npy");

  expect([short.code, float.code, stray.code]).toEqual([3, 3, 2]);
  expect(float.stderr).toContain("got f32[2048]");
  expect(short.stderr).toContain("--expect right.npy: expected ");
  expect(stray.stderr).toContain("--expect right.npy: the sequence has no such output");
});
