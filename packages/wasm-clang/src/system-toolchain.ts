import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { AbortedError, ToolMissingError } from "@aiekit/core";
import type { Toolchain, ToolJob, ToolName, ToolRun } from "./toolchain.ts";

/**
 * A clang of the system with the wasm32 target, and the wasm-ld, llvm-nm and llvm-symbolizer that belong to it. Each job runs in
 * a temporary folder.
 * @throws ToolMissingError when `clang` cannot be run, or has no wasm32 target, or no wasm-ld.
 */
export async function systemToolchain(clang: string): Promise<Toolchain> {
  const ask = async (args: readonly string[]): Promise<string> => {
    const run = await execute({ program: clang, args, cwd: tmpdir() });
    if (run.exitCode === 0) return run.log.trim();
    throw new ToolMissingError(`system clang: ${clang} ${args.join(" ")}: expected exit code 0, got ${run.exitCode}`, {
      hint: "name a clang that runs, or leave the option out to use the compiler of the npm package",
    });
  };
  const version = (await ask(["--version"])).split("\n")[0] ?? clang;
  if (!/\bwasm32\b/.test(await ask(["--print-targets"]))) {
    throw new ToolMissingError(`system clang: ${clang}: expected the target wasm32, got none`, {
      hint: "clang --print-targets lists what a clang was built for",
    });
  }
  const programs: Record<ToolName, string> = {
    "clang++": clang,
    "wasm-ld": await ask(["--print-prog-name=wasm-ld"]),
    nm: await ask(["--print-prog-name=llvm-nm"]),
    symbolizer: await ask(["--print-prog-name=llvm-symbolizer"]),
  };
  const linker = await execute({ program: programs["wasm-ld"], args: ["--version"], cwd: tmpdir() });
  if (linker.exitCode !== 0) {
    throw new ToolMissingError(`system clang: ${clang}: expected wasm-ld beside it, got none`, {
      hint: "install lld of the same version",
    });
  }
  return {
    version: `${version}; ${linker.log.trim()}`,
    programName: (tool) => programs[tool],
    run: (job) => runInFolder(programs[job.tool], job),
    close: () => {},
  };
}

async function runInFolder(program: string, job: ToolJob): Promise<ToolRun> {
  const folder = await mkdtemp(join(tmpdir(), "aiekit-clang-"));
  try {
    for (const [path, content] of job.files) {
      await mkdir(dirname(join(folder, path)), { recursive: true });
      await writeFile(join(folder, path), content);
    }
    // The driver decides by --driver-mode whether `clang` compiles C++.
    const args = job.tool === "clang++" ? ["--driver-mode=g++", ...job.args] : job.args;
    const run = await execute({ program, args, cwd: folder, signal: job.signal });
    if (job.signal?.aborted) throw new AbortedError();
    if (run.exitCode !== 0) return run;
    const files = new Map<string, Uint8Array>();
    for (const path of job.want) files.set(path, new Uint8Array(await readFile(join(folder, path))));
    return { ...run, files };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

interface Execution {
  readonly program: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly signal?: AbortSignal | undefined;
}

function execute({ program, args, cwd, signal }: Execution): Promise<ToolRun> {
  return new Promise((resolve) => {
    const options = { cwd, maxBuffer: 64 << 20, ...(signal ? { signal } : {}) };
    execFile(program, args, options, (error, stdout, stderr) => {
      const log = `${stdout}${stderr}`;
      if (!error) return resolve({ exitCode: 0, log, files: new Map() });
      // `code` is the exit status, or a word such as ENOENT where the program did not start.
      const started = typeof error.code === "number" || error.signal;
      resolve({
        exitCode: typeof error.code === "number" ? error.code : 127,
        signal: error.signal ?? undefined,
        log: started ? log : `${log}${error.message}`,
        files: new Map(),
      });
    });
  });
}
