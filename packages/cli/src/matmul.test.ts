import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readNpy, tensor, writeNpy } from "@aiekit/core";
import { expect, test } from "vitest";
import { compileLimitMs } from "./compile-limit.test-support.ts";
import { runInProcess } from "./run-cli.test-support.ts";

/** Two builds. */
const buildsMs = 2 * compileLimitMs;

test(
  "matmul passes the first cases of its suite on the simulated array, and a rounding by floor turns both red",
  async () => {
    const own = await runInProcess(["validate", "matmul", "--clips", "2", "--json"]);
    const floor = await runInProcess(["validate", "matmul", "--clips", "2", "--param", "rounding=floor", "--json"]);

    expect(own.code).toBe(0);
    expect(floor.code).toBe(1);
    const cases: readonly { pass: boolean }[] = JSON.parse(floor.stdout).cases;
    expect(cases.map((c) => c.pass)).toEqual([false, false]);
  },
  buildsMs,
);

test(
  "matmul of two int16 files gives int64: sums beyond 32 bits arrive whole, other operands are refused with the nearest choice",
  async () => {
    const folder = await mkdtemp(join(tmpdir(), "aiekit-matmul-"));
    const file = (name: string) => join(folder, `${name}.npy`);
    try {
      // Row 0 is the least of the range, row 1 counts.
      const a = tensor(
        "i16",
        [2, 70],
        Int16Array.from({ length: 140 }, (_, i) => (i < 70 ? -32_768 : i - 70)),
      );
      const b = tensor(
        "i16",
        [70, 3],
        Int16Array.from({ length: 210 }, (_, i) => [-32_768, 32_767, 1][i % 3]!),
      );
      await writeFile(file("a"), writeNpy(a));
      await writeFile(file("b"), writeNpy(b));
      await writeFile(file("u8"), writeNpy(tensor("u8", [70, 3], new Uint8Array(210))));
      const run = (right: string) =>
        runInProcess(["run", "matmul", "--in", `a=${file("a")}`, "--in", `b=${file(right)}`, "--out", file("c")]);

      const done = await run("b");
      const refused = await run("u8");

      expect(done.code, done.stderr).toBe(0);
      const c = readNpy(await readFile(file("c")));
      expect([c.dtype, c.shape]).toEqual(["i64", [2, 3]]);
      const product = (row: number, column: number) =>
        Array.from({ length: 70 }, (_, x) => BigInt(a.data[row * 70 + x]!) * BigInt(b.data[x * 3 + column]!));
      const expected = [0, 1].flatMap((row) => [0, 1, 2].map((column) => product(row, column).reduce((x, y) => x + y)));
      expect([...c.data]).toEqual(expected);
      expect(expected[0]).toBe(70n * 2n ** 30n);
      expect(refused.code).not.toBe(0);
      expect(refused.stderr).toContain("nearest choice: i16 x i16, which holds all values of u8");
    } finally {
      await rm(folder, { recursive: true });
    }
  },
  buildsMs,
);
