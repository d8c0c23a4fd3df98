// What the addon costs: submit and wait through it, beside the same program in C++, in one run on one machine.
//
//   node scripts/bench-xrt-overhead.mjs [--check]
//
// Over the real XRT and the emulated driver, which ends every command at once, so that nothing but the way there and back is
// measured: no figure here says anything of an NPU. --check fails above 15 % or 30 us more than C++, whichever is larger, and
// where a launch of a runlist is not cheaper than one alone.
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openDevice } from "../host/dist/index.js";
import { melBuild } from "./xrt-mel-build.mjs";
import { buildStack, root, runOnEmulatedMachine, whyNoStack } from "./xrt-stack.mjs";

const launches = 3000;
const rounds = 5;
const listLength = 24;
const check = process.argv.includes("--check");

if (process.argv.includes("--inside")) await measure();
else {
  const reason = whyNoStack() ?? buildStack();
  if (reason !== undefined) {
    console.log(`cannot be measured here: ${reason}`);
    process.exit(1);
  }
  const args = ["scripts/bench-xrt-overhead.mjs", "--inside", ...(check ? ["--check"] : [])];
  process.exitCode = await runOnEmulatedMachine("node", args);
}

async function measure() {
  const mel = melBuild();
  const { setFault } = await import(join(root, "host/dist/emulation/fault-table.js"));
  setFault(process.env.AIEKIT_EMULATED_NPU, "execution", { kind: "fail", errno: 4 });
  const folder = mkdtempSync(join(tmpdir(), "aiekit-bench-"));
  writeFileSync(join(folder, "in.bin"), new Uint8Array(mel.sizes[1]));
  const device = await openDevice("xrt", { xrtAddon: process.env.AIEKIT_XRT_ADDON });
  const context = await device.createContext(await device.registerXclbin(mel.xclbin));
  const kernel = context.kernel(mel.kernel);
  const bos = [];
  for (const [i, index] of [1, 3, 4].entries()) {
    const flags = i === 0 ? "cacheable" : "hostOnly";
    bos.push(await device.allocBo(mel.sizes[i], { flags, group: kernel.groupId(index) }));
  }
  bos[0].write(mel.insts);
  await bos[0].sync("toDevice");
  const createRun = () => kernel.createRun(3, bos[0], mel.insts.length / 4, bos[1], bos[2]);

  const rows = { "C++": [], addon: [], "C++, runlist": [], "addon, runlist": [] };
  // In turns, so that what else the machine does meets both.
  for (let round = 0; round < rounds; round++) {
    rows["C++"].push(cpp(mel, folder, launches, 1));
    rows.addon.push(await alone(createRun()));
    rows["C++, runlist"].push(cpp(mel, folder, launches / listLength, listLength));
    rows["addon, runlist"].push(await inLists(context, Array.from({ length: listLength }, createRun)));
  }
  await device.close();
  rmSync(folder, { recursive: true });
  print(Object.fromEntries(Object.entries(rows).map(([name, values]) => [name, median(values)])));
}

async function alone(run) {
  const microseconds = [];
  for (let i = 0; i < launches; i++) {
    const start = performance.now();
    await run.start().finish();
    microseconds.push((performance.now() - start) * 1000);
  }
  return median(microseconds);
}

async function inLists(context, runs) {
  const microseconds = [];
  const list = context.createRunlist();
  for (let i = 0; i < launches / listLength; i++) {
    const start = performance.now();
    for (const run of runs) list.add(run);
    list.execute();
    if ((await list.wait()) !== "COMPLETED") throw list.failed.error;
    list.reset();
    microseconds.push(((performance.now() - start) * 1000) / listLength);
  }
  return median(microseconds);
}

function cpp(mel, folder, count, list) {
  const args = [
    mel.xclbin,
    mel.kernel,
    mel.instsPath,
    mel.sizes[2],
    join(folder, "out.bin"),
    count,
    list,
    join(folder, "in.bin"),
  ];
  const env = { ...process.env, AIEKIT_NPU_SYNC: "" };
  return Number(execFileSync(join(root, "build/emulated-npu/run_kernel"), args.map(String), { encoding: "utf8", env }));
}

function median(values) {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];
}

function print(us) {
  console.log(
    `microseconds a launch, submit and wait, emulated driver that ends commands at once; medians of ${rounds} rounds of ${launches} launches`,
  );
  for (const [name, value] of Object.entries(us)) console.log(`${name.padEnd(16)}${value.toFixed(1).padStart(8)}`);
  const more = us.addon - us["C++"];
  const allowed = Math.max(0.15 * us["C++"], 30);
  console.log(`addon above C++: ${more.toFixed(1)} us (at most ${allowed.toFixed(1)})`);
  if (check && (more > allowed || us["addon, runlist"] >= us.addon)) process.exitCode = 1;
}
