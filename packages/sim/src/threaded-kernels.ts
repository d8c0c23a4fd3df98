import type { KernelFunction, KernelModule } from "./kernel-module.ts";
import { mostRegisters } from "./kernel-thread.ts";
import { kernelTiming } from "./kernel-timing.ts";
import { withLoopBudget } from "./loop-budget.ts";
import { registerIndex } from "./module-registers.ts";
import { threadedModule } from "./threaded-module.ts";
import { outlineModule } from "./wasm-module.ts";
import { type WasmModule, wasm } from "./webassembly.ts";

/** The linked kernels of a core, made ready for several threads. */
export interface ThreadedKernels {
  /** Writes the statics when it is instantiated; nothing runs in it. */
  readonly first: Uint8Array;
  /** Compiled; what every thread instantiates. */
  readonly module: WasmModule;
  readonly registers: readonly string[];
  /** Offset in the module as it was built of what is at an offset of `module`. */
  readonly offsetBefore: (offset: number) => number;
  readonly functions: readonly string[];
  /** Of `kernelTiming`, with `timingRegisters` for the steady ones. */
  readonly countsFixed: (kernel: string) => boolean;
  /** Which of `registers` the counts may depend on. */
  readonly timingRegisters: readonly number[];
}

/** Undefined for modules that cannot go from thread to thread. */
export function threadedKernels(bytes: Uint8Array): ThreadedKernels | undefined {
  const module = threadedModule(bytes);
  if (module === undefined) return undefined;
  const outline = outlineModule(module.further);
  const { counters, countsFixed, isSteady } = kernelTiming(bytes);
  // Asking for them after a call sets them back to zero: nothing that another thread needs.
  const registers = module.registers.filter((name) => !counters.has(registerIndex(name)));
  if (registers.length > mostRegisters) return undefined;
  const indices = registers.map(registerIndex);
  const budgeted = withLoopBudget(module.further);
  return {
    first: module.first,
    module: new wasm.Module(budgeted?.bytes ?? module.further),
    registers,
    offsetBefore: (offset) => (budgeted?.offsetBefore(offset) ?? offset) - module.shift,
    functions: [...outline.exportedFunctions.keys()],
    countsFixed,
    timingRegisters: indices.flatMap((index, i) => (isSteady(index) ? [i] : [])),
  };
}

/** What threads need of a module that was instantiated for them. */
export function threadedParts({ threaded, memory, find, takeOps, budget }: KernelModule) {
  const { kernels, registers } = threaded!;
  const { module, functions } = kernels;
  return {
    work: { module, memory, functions, registers: kernels.registers },
    own: { calls: functions.map((name) => find(name) as KernelFunction), takeOps, registers, budget },
  };
}
