import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";

const root = fileURLToPath(new URL("../../..", import.meta.url));
const aiekit = join(root, "packages/cli/bin/aiekit.js");
const samples = join(root, "pipeline/demo-model/samples");
const run = promisify(execFile);

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "aiekit-xrt-transcribe-"));
});
afterAll(() => rm(folder, { recursive: true }));

test("a whole Whisper over XRT writes what was said, with the simulator's tokens and probabilities to the last bit", async () => {
  const [simulated, overXrt] = [await transcribe("sim"), await transcribe("xrt")];

  expect(overXrt.text).toBe("please switch on the bedroom television");
  expect(overXrt.explained).toMatch(/encoder +xrt, emulated +1 window/);
  expect(overXrt.explained).toMatch(/decoder +xrt, emulated +\d+ tokens/);
  expect(overXrt.tokens).toEqual(simulated.tokens);
}, 600_000);

async function transcribe(device: "sim" | "xrt") {
  const dump = join(folder, `${device}.json`);
  const argv = ["transcribe", join(samples, "television.wav"), "--device", device, "--explain", "--dump-tokens", dump];
  const { stdout, stderr } = await run(process.execPath, [aiekit, ...argv], { cwd: root });
  return {
    text: stdout.trim().split("\n")[0],
    explained: stdout + stderr,
    tokens: JSON.parse(await readFile(dump, "utf8")) as unknown,
  };
}
