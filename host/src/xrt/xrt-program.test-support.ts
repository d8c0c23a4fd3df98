import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { loopbackInsts, loopbackXclbin } from "../loopback.test-support.ts";
import { xrtAddonPath } from "./xrt-bench.test-support.ts";

/** How a program ended. A crash of it leaves a signal. */
export interface ProgramEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** What every program begins with: `open`, `context`, `bo`, `run` on the loop-back design, and `report` of an error. */
const prelude = (folder: string) => `
import { readFileSync } from "node:fs";
import { openDevice } from ${JSON.stringify(fileURLToPath(new URL("../../dist/index.js", import.meta.url)))};
const open = () => openDevice("xrt", { xrtAddon: ${JSON.stringify(xrtAddonPath)} });
const xclbin = ${JSON.stringify(join(folder, "loopback.xclbin"))};
const insts = new Uint8Array(readFileSync(${JSON.stringify(join(folder, "insts.bin"))}));
const make = async (device) => {
  const context = await device.createContext(await device.registerXclbin(xclbin));
  const kernel = context.kernel("MLIR_AIE");
  const bo = (i, bytes) => device.allocBo(bytes, { flags: i === 1 ? "cacheable" : "hostOnly", group: kernel.groupId(i) });
  const instr = await bo(1, insts.length);
  instr.write(insts);
  instr.sync("toDevice");
  const [input, output] = [await bo(3, 256), await bo(4, 256)];
  new Int32Array(input.map()).fill(7);
  input.sync("toDevice");
  output.sync("toDevice");
  const start = () => kernel.run(3, instr, insts.length / 4, input, output);
  const result = () => { output.sync("fromDevice"); return new Int32Array(output.map())[63]; };
  return { context, kernel, instr, input, output, start, result };
};
const report = (error) => console.log("error", JSON.stringify({ name: error.name, code: error.code, kind: error.kind, errno: error.errno, message: error.message, hint: error.hint }));
`;

/** Starts a program (an ES module's text) in a process of its own, on the same emulated machine. */
export function startProgram(text: string): { readonly child: ChildProcess; readonly end: Promise<ProgramEnd> } {
  const folder = mkdtempSync(join(tmpdir(), "aiekit-xrt-program-"));
  writeFileSync(join(folder, "loopback.xclbin"), loopbackXclbin());
  writeFileSync(join(folder, "insts.bin"), loopbackInsts({ send: 1, fetch: 1 }));
  const file = join(folder, "program.mjs");
  writeFileSync(file, prelude(folder) + text);
  const child = spawn(process.execPath, ["--expose-gc", file], { stdio: ["ignore", "pipe", "pipe"] });
  let [stdout, stderr] = ["", ""];
  child.stdout.on("data", (chunk) => {
    stdout += chunk;
  });
  child.stderr.on("data", (chunk) => {
    stderr += chunk;
  });
  const end = new Promise<ProgramEnd>((resolve) => {
    child.on("close", (code, signal) => resolve({ code, signal, stdout, stderr }));
  });
  return { child, end };
}

export function runProgram(text: string): Promise<ProgramEnd> {
  return startProgram(text).end;
}
