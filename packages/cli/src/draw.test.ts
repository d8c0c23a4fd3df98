import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { runInProcess } from "./run-cli.test-support.ts";
import { fixture } from "./sim.test-support.ts";

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "aiekit-draw-"));
});
afterAll(() => rm(folder, { recursive: true }));
const draw = (...argv: readonly string[]) => runInProcess(["draw", ...argv], { cwd: folder });

test("draw: a file, lowered or not, becomes an SVG with the same tiles and links", async () => {
  const [source, lowered] = ["core-scf-if.mlir", "core-scf-if.addresses.mlir"].map(fixture);

  const first = await draw(source!, "--out", "a.svg", "--json");
  const second = await draw(lowered!, "--lowered", "--out", "b.svg", "--json");

  expect([first.code, second.code]).toEqual([0, 0]);
  const [a, b] = [JSON.parse(first.stdout), JSON.parse(second.stdout)];
  expect(b.links).toEqual(a.links);
  expect(b.tiles).toEqual(a.tiles);
  expect(await readFile(join(folder, "a.svg"), "utf8")).toContain("<svg xmlns=");
});

const noPng = await import("@resvg/resvg-js").then(
  () => undefined,
  () => "the optional package @resvg/resvg-js is not installed for this machine",
);
if (noPng !== undefined) console.warn(`draw as PNG: skipped, ${noPng}`);

test.skipIf(noPng !== undefined)(
  "draw: a kernel with parameters becomes a PNG of twice the SVG's pixels",
  async () => {
    const { code, stdout } = await draw("mel", "--param", "tiles=3", "--out", "mel.png", "--json");

    const { width, height, tiles } = JSON.parse(stdout);
    const png = await readFile(join(folder, "mel.png"));
    expect(code).toBe(0);
    expect(tiles.filter(({ kernels }: { kernels: string[] }) => kernels.length > 0).length).toBe(3);
    expect(png.subarray(1, 4).toString()).toBe("PNG");
    expect(Math.abs(png.readUInt32BE(16) - 2 * width)).toBeLessThanOrEqual(2);
    expect(Math.abs(png.readUInt32BE(20) - 2 * height)).toBeLessThanOrEqual(2);
  },
  30_000,
);

test("draw: another ending, and parameters for a file, are refused before anything is written", async () => {
  const ending = await draw("mel", "--out", "mel.jpg");
  const params = await draw(fixture("core-scf-if.mlir"), "--param", "tiles=3", "--out", "c.svg");

  expect(ending.stderr).toContain("--out mel.jpg: expected a file that ends in .svg or .png");
  expect(params.stderr).toContain("--npu and --param are for kernels");
  expect([ending.code, params.code]).toEqual([2, 2]);
});
