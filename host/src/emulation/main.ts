// A program on an emulated machine: node host/dist/emulation/main.js [--npu npu1|npu2] -- COMMAND...
// The command runs with the machine's folder in AIEKIT_EMULATED_NPU; its exit code is this program's.
import { spawn } from "node:child_process";
import { startEmulatedMachine } from "./emulated-machine.ts";

const separator = process.argv.indexOf("--");
const [command, ...args] = process.argv.slice(separator + 1);
if (separator < 0 || command === undefined) {
  console.error("usage: main.js [--npu npu1|npu2] -- COMMAND [ARGUMENT...]");
  process.exit(2);
}
const generation = process.argv.slice(2, separator).includes("npu2") ? "npu2" : "npu1";
const verbose = process.env.AIEKIT_NPU_VERBOSE !== undefined;
const machine = await startEmulatedMachine({
  generation,
  ...(verbose && { onFault: (text: string) => console.error(`emulated NPU: ${text}`) }),
});
const child = spawn(command, args, {
  stdio: "inherit",
  env: { ...process.env, AIEKIT_EMULATED_NPU: machine.folder, LD_PRELOAD: process.env.AIEKIT_NPU_PRELOAD ?? "" },
});
for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => child.kill(signal));
child.on("error", (error) => {
  console.error(`${command}: ${error.message}`);
  process.exitCode = 1;
});
child.on("close", async (code, signal) => {
  await machine.close();
  process.exitCode = code ?? 128;
  if (signal !== null) console.error(`${command}: ended by ${signal}`);
});
