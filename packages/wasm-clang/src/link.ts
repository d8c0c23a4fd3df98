import { BudgetError } from "@aiekit/core";
import type { ToolJob } from "./toolchain.ts";
import { exportedConstant } from "./wasm-sections.ts";

export interface LinkJob {
  readonly objects: readonly { readonly name: string; readonly bytes: Uint8Array }[];
  /** C names of the kernel functions that the core calls. */
  readonly exports: readonly string[];
  /** Stack: [0, stackBytes), growing down. */
  readonly stackBytes: number;
  /** First byte for the objects' statics: after stack and buffers. */
  readonly dataBase: number;
  /** 1, or more where the core has windows on its neighbours' memories. Default 1. */
  readonly memoryPages?: number;
  /** For messages: `core (0,2)`. */
  readonly name?: string;
  readonly signal?: AbortSignal;
}

export interface Linked {
  readonly module: Uint8Array;
  /** Bytes of statics: from `dataBase` to the end of .bss. */
  readonly dataBytes: number;
}

/** A tile's data memory: 64 KiB on AIE2 and AIE2P, one page of WebAssembly. */
export const tileMemoryBytes = 65_536;

const moduleFile = "core.wasm";

/** wasm-ld's job for one core. `pages` overrides the memory size, to link what does not fit and say by how much. */
export function linkToolJob(job: LinkJob, pages = job.memoryPages ?? 1): ToolJob {
  const bytes = String(pages * tileMemoryBytes);
  return {
    tool: "wasm-ld",
    args: [
      "--no-entry",
      "--import-memory",
      `--initial-memory=${bytes}`,
      `--max-memory=${bytes}`,
      "--stack-first",
      "-z",
      `stack-size=${job.stackBytes}`,
      `--global-base=${job.dataBase}`,
      "--export=__stack_pointer",
      "--export=__data_end",
      // aie_api's counters are read through it; objects that do not count have none.
      "--export-if-defined=aiekit_ops",
      "--export-if-defined=aiekit_shuffles",
      "--export-if-defined=aiekit_counted",
      ...job.exports.map((name) => `--export=${name}`),
      ...job.objects.map((object) => object.name),
      "-o",
      moduleFile,
    ],
    files: new Map(job.objects.map((object) => [object.name, object.bytes])),
    want: [moduleFile],
    signal: job.signal,
  };
}

/** The module and the extent of its statics, from what wasm-ld wrote. */
export function readLinked(files: ReadonlyMap<string, Uint8Array>, job: LinkJob): Linked {
  const module = files.get(moduleFile) as Uint8Array;
  return { module, dataBytes: Math.max(0, exportedConstant(module, "__data_end") - job.dataBase) };
}

/** True where wasm-ld refused because the data ends beyond the memory. */
export const isTooLarge = (log: string): boolean => /(initial|maximum) memory too small/.test(log);

/** llvm-nm's job: address, size, kind and name of every symbol with a size. */
export function symbolSizesJob(job: LinkJob): ToolJob {
  const names = job.objects.map((object) => object.name);
  return { tool: "nm", args: ["-S", "--demangle", ...names], files: linkToolJob(job).files, want: [] };
}

/** What an over-full tile needs, has, and what takes it. `symbolSizes` is what llvm-nm printed. */
export function dataBudgetError(job: LinkJob, dataBytes: number, symbolSizes: string): BudgetError {
  return new BudgetError(
    `link ${job.name ?? "core"}: statics of ${job.objects.map((o) => o.name).join(", ")} need ${dataBytes} B of data memory ` +
      `from byte ${job.dataBase}, where stack and buffers end: expected at most ${tileMemoryBytes - job.dataBase} B ` +
      `(tile: ${tileMemoryBytes} B); largest: ${largestData(symbolSizes, 5).join(", ")}`,
    { hint: "make the kernel's tables smaller, or lower the objectFifo depth or the stack size in the design" },
  );
}

/** Data symbols are of kind D, B or R (lower case: local to the object). */
function largestData(symbolSizes: string, count: number): string[] {
  return [...symbolSizes.matchAll(/^[0-9a-f]+ ([0-9a-f]+) [DBRdbr] (.+)$/gm)]
    .map(([, size = "0", name = ""]) => ({ name, sizeBytes: Number.parseInt(size, 16) }))
    .sort((a, b) => b.sizeBytes - a.sizeBytes)
    .slice(0, count)
    .map(({ name, sizeBytes }) => `${name} ${sizeBytes} B`);
}
