// The build of mel for the simulator, made where it is not: what host programs on the emulated NPU run.
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "./xrt-stack.mjs";

/** Paths and sizes of the smallest sequence; `sizes` are bytes of instructions, input and output. */
export function melBuild() {
  const { status, stderr } = spawnSync(process.execPath, ["packages/cli/bin/aiekit.js", "build", "mel"], {
    cwd: root,
    encoding: "utf8",
  });
  if (status !== 0) throw new Error(`aiekit build mel: ${stderr}`);
  const folder = join(root, "xclbin/sim/mel");
  const manifest = JSON.parse(readFileSync(join(folder, "manifest.json"), "utf8"));
  const { insts, args } = manifest.sequences[0];
  const bytes = new Uint8Array(readFileSync(join(folder, insts.path)));
  return {
    xclbin: join(folder, manifest.xclbin.path),
    kernel: manifest.xclbinKernel,
    instsPath: join(folder, insts.path),
    insts: bytes,
    sizes: [bytes.length, args[0].bytes, args[1].bytes],
  };
}
