import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, linkSync, mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { loopbackInsts, loopbackXclbin } from "../loopback.test-support.ts";
import { generation, xrtAddonPath } from "./xrt-bench.test-support.ts";

/** How a program ended. A crash of it leaves a signal. */
export interface ProgramEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** What every program begins with: faults, `open`, what `make` gives of the loop-back design, and `report` of an error. */
const prelude = (folder: string) => `
import { readFileSync } from "node:fs";
import * as faults from ${JSON.stringify(fileURLToPath(new URL("../../dist/emulation/fault-table.js", import.meta.url)))};
const setFault = (place, fault) => faults.setFault(process.env.AIEKIT_EMULATED_NPU, place, fault);
const faultLeft = (place) => faults.faultLeft(process.env.AIEKIT_EMULATED_NPU, place);
/** Waits until a fault of a number of calls has hit them all: what it hangs is in the driver, or on the array, then. */
const taken = async (place) => { while (faultLeft(place).times > 0) await new Promise((resolve) => setTimeout(resolve, 2)); };
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
  await instr.sync("toDevice");
  const [input, output] = [await bo(3, 256), await bo(4, 256)];
  new Int32Array(input.map()).fill(7);
  await input.sync("toDevice");
  await output.sync("toDevice");
  const start = () => kernel.run(3, instr, insts.length / 4, input, output);
  const result = async () => { await output.sync("fromDevice"); return new Int32Array(output.map())[63]; };
  return { context, kernel, instr, input, output, start, result };
};
const report = (error) => console.log("error", JSON.stringify({ name: error.name, code: error.code, kind: error.kind, errno: error.errno, message: error.message, hint: error.hint }));
`;

export interface ProgramOptions {
  /** XRT as it is without settings: syncs flush the caches and do not call the driver. */
  readonly defaults?: boolean;
}

/** Starts a program (an ES module's text) in a process of its own, on the same emulated machine. */
export function startProgram(
  text: string,
  { defaults = false }: ProgramOptions = {},
): { readonly child: ChildProcess; readonly end: Promise<ProgramEnd> } {
  const folder = mkdtempSync(join(tmpdir(), "aiekit-xrt-program-"));
  writeFileSync(join(folder, "loopback.xclbin"), loopbackXclbin({ device: `${generation}_1col` }));
  writeFileSync(join(folder, "insts.bin"), loopbackInsts({ send: 1, fetch: 1 }));
  const file = join(folder, "program.mjs");
  writeFileSync(file, prelude(folder) + text);
  const { AIEKIT_NPU_SYNC: _, ...env } = process.env;
  const child = spawn(defaults ? nodeWithoutSettings() : process.execPath, ["--expose-gc", file], {
    stdio: ["ignore", "pipe", "pipe"],
    env: defaults ? env : process.env,
  });
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

/** One that has not ended after 120 s, because its event loop hangs, is killed. */
export async function runProgram(text: string, options: ProgramOptions = {}): Promise<ProgramEnd> {
  const { child, end } = startProgram(text, options);
  const timer = setTimeout(() => child.kill("SIGKILL"), 120_000);
  try {
    return await end;
  } finally {
    clearTimeout(timer);
  }
}

/** XRT reads its settings, xrt.ini, beside the program. */
function nodeWithoutSettings(): string {
  const folder = join(dirname(dirname(process.execPath)), "bin-without-settings");
  const node = join(folder, "node");
  mkdirSync(folder, { recursive: true });
  if (!existsSync(node)) linkSync(process.execPath, node);
  return node;
}
