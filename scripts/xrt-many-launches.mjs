// 100,000 launches over the real XRT and the emulated driver, on contexts and BOs that are made anew every 1,000: neither
// memory nor descriptors may grow. Started by `node scripts/test-xrt.mjs --slow`. Prints what it measured.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { openDevice } from "../host/dist/index.js";
import { melBuild } from "./xrt-mel-build.mjs";
import { root } from "./xrt-stack.mjs";

const launches = 100_000;
const perContext = 1000;
// Caches of node, XRT and the C library fill first.
const warmUp = 20_000;
const mostGrowthBytes = 8 << 20;

const mel = melBuild();
const { setFault } = await import(join(root, "host/dist/emulation/fault-table.js"));
// Every command ends at once as COMPLETED: what is looked at is the way there and back, not the simulator.
setFault(process.env.AIEKIT_EMULATED_NPU, "execution", { kind: "fail", errno: 4 });
const device = await openDevice("xrt", { xrtAddon: process.env.AIEKIT_XRT_ADDON });
const uuid = await device.registerXclbin(mel.xclbin);

let before;
for (let done = 0; done < launches; ) {
  const context = await device.createContext(uuid);
  const kernel = context.kernel(mel.kernel);
  const bos = [];
  for (const [i, index] of [1, 3, 4].entries()) {
    const flags = i === 0 ? "cacheable" : "hostOnly";
    bos.push(await device.allocBo(mel.sizes[i], { flags, group: kernel.groupId(index) }));
  }
  bos[0].write(mel.insts);
  await bos[0].sync("toDevice");
  for (let i = 0; i < perContext; i++, done++) {
    await kernel.run(3, bos[0], mel.insts.length / 4, bos[1], bos[2]).finish();
  }
  await context.close();
  for (const bo of bos) bo.close();
  if (done === warmUp) before = usage();
}
const after = usage();
await device.close();
const grown = {
  bytes: after.bytes - before.bytes,
  descriptors: after.descriptors - before.descriptors,
  threads: after.threads - before.threads,
};
console.log(
  `${launches} launches: from launch ${warmUp} on memory grew by ${grown.bytes} bytes, descriptors by ${grown.descriptors}, threads by ${grown.threads}`,
);
if (grown.bytes > mostGrowthBytes || grown.descriptors > 0 || grown.threads > 0) {
  console.log(`FAILED: expected at most ${mostGrowthBytes} bytes, no descriptor and no thread`);
  process.exitCode = 1;
}

function usage() {
  globalThis.gc?.();
  const status = readFileSync("/proc/self/status", "utf8");
  const number = (name) => Number(new RegExp(`^${name}:\\s+(\\d+)`, "m").exec(status)[1]);
  return {
    bytes: number("VmRSS") * 1024,
    descriptors: readdirSync("/proc/self/fd").length,
    threads: number("Threads"),
  };
}
